"""Both calls for one person, one after the other, as one writes them first. The connection is kept open."""

from __future__ import annotations

import requests
from django.conf import settings

session = requests.Session()
session.headers["Authorization"] = f"Bearer {settings.BRAZE_REST_KEY}"


def tell(external_id: str, phone: str) -> None:
    """Subscribe the number, then create the person. Raises requests.HTTPError where Braze refuses."""
    group = settings.BRAZE_SMS_SUBSCRIPTION_GROUP_ID
    _post("/subscription/status/set", _entry(group) | {"external_id": external_id, "phone": phone})
    person = {"external_id": external_id, "phone": phone, "language": "en", "country": "US"}
    _post("/users/track", {"attributes": [person | {"subscription_groups": [_entry(group)]}]})


def _entry(group: str) -> dict[str, object]:
    return {"subscription_group_id": group, "subscription_state": "subscribed"}


def _post(path: str, body: dict[str, object]) -> None:
    session.post(settings.BRAZE_REST_URL + path, json=body, timeout=10).raise_for_status()
