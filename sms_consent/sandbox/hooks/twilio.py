"""The brand's own number at Twilio: a text becomes a signed form, and the site's TwiML becomes texts.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree  # nosec B405

from sms_consent.sandbox import keywords
from sms_consent.sandbox.records import Group, Json

from .courier import Outgoing, Parcel, Response, Verdict
from .settings import Hooks

PATH = "/hooks/twilio/sms/"
RETRIES = 1
ACCOUNT = "AC" + "0" * 32
OPT_OUT_TYPES: Mapping[keywords.Meaning, str] = {"opt_in": "START", "opt_out": "STOP", "help": "HELP"}


class Twilio:
    """Carries texts. `reply` is called with the form and each text that the site answers."""

    kind = "Twilio"
    size = 1

    def __init__(self, reply: Callable[[Json, str], None]) -> None:
        self._reply = reply

    def compose(self, hooks: Hooks, items: list[Any]) -> Outgoing:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": sign(hooks.address(PATH), items[0], hooks.twilio_token),
        }
        return Outgoing(PATH, urlencode(items[0]).encode(), headers, items[0])

    def judge(self, parcel: Parcel, response: Response) -> Verdict:
        """Twilio tries once more where it could not connect; any other failure loses the text."""
        if response.status is None and parcel.attempts <= RETRIES:
            return "again"
        if not response.is_success:
            return "dropped"
        for text in replies(response):
            self._reply(parcel.items[0], text)
        return "done"


def form(phone: str, body: str, group: Group) -> dict[str, str]:
    """Return what Twilio posts for a text."""
    return {
        "AccountSid": ACCOUNT,
        "Body": body,
        "From": phone,
        "MessageSid": "SM" + secrets.token_hex(16),
        "NumMedia": "0",
        "To": group.number,
    }


def sign(url: str, fields: Mapping[str, str], token: str) -> str:
    """Return X-Twilio-Signature: over the address, then each field's name and value, by name."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def replies(response: Response) -> list[str]:
    """Return the texts of a TwiML answer; none where the answer is not TwiML."""
    if "xml" not in response.headers.get("content-type", ""):
        return []
    try:
        root = ElementTree.fromstring(response.body)  # noqa: S314 -- from the site on this machine  # nosec B314
    except ElementTree.ParseError:
        return []
    return ["".join(message.itertext()).strip() for message in root.iter("Message")]
