"""Webhook campaigns, for customers without Currents: a call per happening, its body written by us (braze.md §9.2)."""

from __future__ import annotations

import json
from typing import Any

from sms_consent.sandbox.events import GROUP_STATE, INBOUND_TEXT
from sms_consent.sandbox.records import Event, Json

from .courier import Outgoing, Parcel, Response, Verdict, bearer
from .settings import Hooks

PATH = "/hooks/braze/events/"
RETRIES = 5


class Campaigns:
    """Carries what campaigns were triggered with."""

    kind = "Webhook campaign"
    size = 1

    def compose(self, hooks: Hooks, items: list[Any]) -> Outgoing:
        return Outgoing(PATH, json.dumps(items[0]).encode(), bearer(hooks), items[0])

    def judge(self, parcel: Parcel, response: Response) -> Verdict:
        """Braze tries again after 408, 429, 5xx and silence, five times; anything else is final."""
        status = response.status
        if response.is_success:
            return "done"
        is_passing = status is None or status in (408, 429) or status >= 500
        return "again" if is_passing and parcel.attempts <= RETRIES else "dropped"


def triggered(event: Event, hooks: Hooks) -> Json | None:
    """Return what a campaign sends because of an event; None where none is triggered.

    A campaign goes to a profile: a text from a number that nobody holds triggers none.
    """
    properties = event.properties
    if event.event_type == INBOUND_TEXT and event.user:
        return _body(event, "inbound", phone=properties["user_phone_number"], message=properties["message_body"])
    if event.event_type == GROUP_STATE and properties["state_change_source"] in hooks.campaign_sources:
        return _body(event, properties["subscription_status"].lower(), phone=properties.get("phone_number", ""))
    return None


def _body(event: Event, name: str, *, phone: str, message: str = "") -> Json:
    """Return the body. What Braze does not know is an empty string; an anonymous profile has no external_id."""
    body = {
        "event": name,
        "subscription_group_id": event.properties["subscription_group_id"],
        "phone": phone,
        "email": event.email,
        "message": message,
    }
    if external_id := event.user.get("external_user_id"):
        body["external_id"] = external_id
    return body
