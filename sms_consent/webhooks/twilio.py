"""Twilio's webhook for inbound texts, for brands that own their number."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape  # it parses nothing  # nosec B406

from sms_consent import people
from sms_consent.texts import Text

TWILIO = "twilio"


# https://www.twilio.com/docs/usage/security#validating-requests
def signature(token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return what `X-Twilio-Signature` must say: HMAC-SHA1 over the URL and the sorted fields, base64."""
    pairs = (name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hmac.new(token.encode(), (url + "".join(pairs)).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def parse(fields: Mapping[str, str]) -> Text | None:
    """Return the text; None where it does not say who sent it or has no id."""
    phone, message_id = people.handset(fields.get("From", "")), fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not phone or not message_id:
        return None
    body, number = fields.get("Body", ""), people.digits(fields.get("To", ""))
    return Text(provider=TWILIO, provider_id=message_id, phone=phone, number=number, body=body)


# https://www.twilio.com/docs/messaging/twiml
def answer(words: str) -> str:
    """Return TwiML that answers with these words, or not at all where there are none."""
    message = f"<Message>{escape(words)}</Message>" if words else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
