"""Braze's Currents export over HTTP: batches of events (braze.md §9.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from optin_site.storable import storable
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
EARLIEST_YEAR = 2000
LONGEST_ID = 255


def parse(batch: Any) -> Iterator[Text | Report]:
    """Return what a batch says that concerns us.

    Unknown events and fields are passed over, for Braze drops for ever what is refused twice. Where an event keeps
    a field is not confirmed anywhere: it is looked for in `properties`, in `user` and beside them. Addresses are
    optional there; a text or a report without one has an empty one.
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
    """Return all fields of an event as text, the more particular place first.

    What no column takes is left out: one odd event must not hold up its neighbours.
    """
    flat: dict[str, str] = {}
    for part in (event.get("properties"), event.get("user"), event):
        for name, value in part.items() if isinstance(part, dict) else ():
            if isinstance(value, str | int | float) and (text := storable(str(value))).strip():
                flat.setdefault(str(name), text if name == BODY else text.strip())
    return flat


def _text(fields: Mapping[str, str]) -> Text:
    return Text(
        provider=BRAZE,
        provider_id=_id(fields),
        phone=people.handset(fields.get("user_phone_number", "")),
        number=people.digits(fields.get("inbound_phone_number", ""))[:20],
        group_id=fields.get("subscription_group_id", ""),
        body=fields.get(BODY, ""),
        at=_time(fields.get("time", "")),
        is_asked=fields.get("action", "").lower() == "none",
        external_id=fields.get("external_user_id", ""),
    )


def _report(kind: str, fields: Mapping[str, str]) -> Report:
    named = fields.get("channel_identifier", "")
    is_email = "@" in named
    phone = fields.get("to_phone_number") or fields.get("phone_number") or ""
    return Report(
        kind=kind,
        phone=people.handset(named if named and not is_email else phone),
        email=people.email_of(named if is_email else fields.get("email_address", "")),
        external_id=fields.get("external_user_id", ""),
        provider_id=_id(fields),
        group_id=fields.get("subscription_group_id", ""),
        status=fields.get("subscription_status", "").lower()[:20],
        cause=fields.get("state_change_source", "")[:60],
        code=fields.get("provider_error_code", "")[:20],
        number=people.digits(fields.get("from_phone_number", ""))[:20],
        at=_time(fields.get("time", "")),
    )


def _id(fields: Mapping[str, str]) -> str | None:
    """Return an event's id as it is kept; a longer one by its hash, which tells it from others just as well."""
    given = fields.get("id")
    return given if given is None or len(given) <= LONGEST_ID else hashlib.sha256(given.encode()).hexdigest()


def _time(text: str) -> datetime | None:
    """Return a Unix time; None where it is none, or none of this century."""
    try:
        value = float(text)
        at = datetime.fromtimestamp(value / 1000 if value >= LATEST else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year >= EARLIEST_YEAR else None
