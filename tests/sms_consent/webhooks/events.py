"""Events as Braze's Currents sends them, and the hooks to send them to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE

TOKEN = "the-hook-token"
CURRENTS, EVENTS, TWILIO = "/hooks/braze/currents/", "/hooks/braze/events/", "/hooks/twilio/sms/"
Event = dict[str, Any]


def now(seconds: float = 0) -> float:
    """Return a Unix time so many seconds from now, in whole seconds as Braze tells it."""
    return int(timezone.now().timestamp() + seconds)


def event(name: str, at: float | None = None, **properties: Any) -> Event:
    moment = now() if at is None else at
    user = {"user_id": "braze-id", "external_user_id": "whoever"}
    return {"event_type": name, "id": str(uuid.uuid4()), "time": moment, "user": user, "properties": properties}


def text(body: str, phone: str = ALICES_PHONE, at: float | None = None, **more: Any) -> Event:
    properties = {
        "user_phone_number": phone,
        "inbound_phone_number": settings.SMS_NUMBER,
        "subscription_group_id": SMS,
        "message_body": body,
    }
    return event("users.messages.sms.InboundReceive", at, **(properties | more))


def changed(
    status: str, source: str, phone: str = ALICES_PHONE, at: float | None = None, group: str = SMS, **more: Any
) -> Event:
    properties = {
        "subscription_group_id": group,
        "subscription_status": status,
        "channel": "sms",
        "phone_number": phone,
        "state_change_source": source,
    }
    return event("users.behaviors.subscriptiongroup.StateChange", at, **(properties | more))


def email_changed(status: str, source: str, email: str = ALICE, at: float | None = None) -> Event:
    properties = {"subscription_group_id": EMAIL, "subscription_status": status, "channel": "email"}
    properties |= {"email_address": email, "state_change_source": source}
    return event("users.behaviors.subscriptiongroup.StateChange", at, **properties)


def send(events: Sequence[Event], *, token: str = TOKEN, path: str = CURRENTS) -> Any:
    """Post a batch as Braze does."""
    headers = {"Authorization": f"Bearer {token}", "Braze-Currents-Version": "1"}
    body = {"events": list(events)} if path == CURRENTS else events[0]
    return Client().post(path, body, content_type="application/json", headers=headers)


def campaign(name: str, phone: str = ALICES_PHONE, message: str = "", **more: str) -> Any:
    """Post what a webhook campaign posts."""
    body = {"event": name, "subscription_group_id": SMS, "external_id": "", "phone": phone, "email": ""}
    return send([body | {"message": message} | more], path=EVENTS)


def when(moment: datetime) -> float:
    return moment.timestamp()
