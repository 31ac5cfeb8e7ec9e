"""Webhook campaigns, for customers without Currents. Their body is ours: `docs/braze.md` has it to paste."""

from __future__ import annotations

from typing import Any

from optin_site.storable import storable
from sms_consent import people
from sms_consent.models import InboundMessage
from sms_consent.reports import Report
from sms_consent.texts import BRAZE, Text

STATES = ("subscribed", "unsubscribed")


def parse(body: Any) -> Text | Report | None:
    """Return what a campaign says; None for what is not its body.

    {"event": "inbound" | "subscribed" | "unsubscribed", "subscription_group_id", "external_id", "phone", "email",
    "message", "source"}; empty strings stand for what Braze does not know, in a text's `phone` too. It has no time and
    no id of its own.
    """
    if not isinstance(body, dict):
        return None
    said = {name: storable(str(value)) for name, value in body.items() if isinstance(value, str | int)}
    fields = {name: value.strip() for name, value in said.items()}
    event, phone = fields.get("event", ""), people.handset(fields.get("phone", ""))
    group = fields.get("subscription_group_id", "")
    if event == "inbound":
        named, body = fields.get("external_id", ""), said.get("message", "")
        return Text(BRAZE, phone, body, group_id=group, is_first_hand=False, external_id=named)
    if event in STATES:
        return Report(
            InboundMessage.Kind.GROUP_STATE,
            phone=phone,
            email=people.email_of(fields.get("email", "")),
            external_id=fields.get("external_id", ""),
            group_id=group,
            status=event,
            cause=fields.get("source", "")[:60],
        )
    return None
