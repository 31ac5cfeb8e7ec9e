"""Braze's Currents export over HTTP: batches of events (braze.md §9.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sms_consent import people
from sms_consent.models import InboundMessage
from sms_consent.reports import Report
from sms_consent.texts import BRAZE, Text

Kind = InboundMessage.Kind
KINDS = {
    "users.behaviors.subscriptiongroup.StateChange": Kind.GROUP_STATE,
    "users.behaviors.subscription.GlobalStateChange": Kind.EMAIL_STATE,
    "users.messages.email.MarkAsSpam": Kind.SPAM,
    "users.messages.sms.Rejection": Kind.REJECTION,
}
INBOUND_TEXT = "users.messages.sms.InboundReceive"
BODY = "message_body"  # kept as it came: it is evidence (KW-14)
LATEST = 10**11  # a time from here on is in milliseconds


def parse(batch: Any) -> Iterator[Text | Report]:
    """Return what a batch says that concerns us.

    Unknown events and fields are passed over, for Braze drops for ever what is refused twice. Where an event keeps
    a field is not confirmed anywhere: it is looked for in `properties`, in `user` and beside them.
    """
    events = batch.get("events") if isinstance(batch, dict) else None
    for event in events if isinstance(events, list) else []:
        if isinstance(event, dict) and (found := _event(event)):
            yield found


def _event(event: Mapping[str, Any]) -> Text | Report | None:
    fields = _flat(event)
    name = fields.get("event_type", "")
    if name == INBOUND_TEXT:
        return _text(fields)
    kind = KINDS.get(name)
    return _report(kind, fields) if kind else None


def _flat(event: Mapping[str, Any]) -> dict[str, str]:
    """Return all fields of an event as text, the more particular place first."""
    flat: dict[str, str] = {}
    for part in (event.get("properties"), event.get("user"), event):
        for name, value in part.items() if isinstance(part, dict) else ():
            if isinstance(value, str | int | float) and str(value).strip():
                flat.setdefault(str(name), str(value) if name == BODY else str(value).strip())
    return flat


def _text(fields: Mapping[str, str]) -> Text | None:
    phone = people.digits(fields.get("user_phone_number", ""))
    if not phone:
        return None
    return Text(
        provider=BRAZE,
        provider_id=fields.get("id"),
        phone=phone,
        number=people.digits(fields.get("inbound_phone_number", "")),
        group_id=fields.get("subscription_group_id", ""),
        body=fields.get(BODY, ""),
        at=_time(fields.get("time", "")),
        is_asked=fields.get("action", "").lower() == "none",
    )


def _report(kind: str, fields: Mapping[str, str]) -> Report:
    named = fields.get("channel_identifier", "")
    is_email = "@" in named
    phone = fields.get("to_phone_number") or fields.get("phone_number") or ""
    return Report(
        kind=kind,
        phone=people.digits(named if named and not is_email else phone),
        email=people.normalise(named if is_email else fields.get("email_address", "")),
        provider_id=fields.get("id"),
        group_id=fields.get("subscription_group_id", ""),
        status=fields.get("subscription_status", "").lower(),
        cause=fields.get("state_change_source", ""),
        code=fields.get("provider_error_code", ""),
        number=people.digits(fields.get("from_phone_number", "")),
        at=_time(fields.get("time", "")),
    )


def _time(text: str) -> datetime | None:
    """Return a Unix time; None where it is none."""
    try:
        value = float(text)
        return datetime.fromtimestamp(value / 1000 if value >= LATEST else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
