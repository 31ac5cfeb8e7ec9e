"""The link with which one leaves, for every email and text that Braze sends.

It names a person once their mailbox is proven. Before that anybody may have typed the email address, so that what is
texted names the number alone: or else who signs a stranger up could unsubscribe them for ever after (rule 11).

It is signed, so that none is kept or looked up. Its key comes from LEDGER_KEY: a link in an old mail outlives every
SECRET_KEY (EM-12), and no new key makes Braze hear of everybody again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from sms_consent import people

TOKEN = re.compile(r"[\w-]{20,2000}", re.ASCII)
SIGNATURE_BYTES = 16
PERSON, NUMBER = b"p", b"n"


@dataclass(frozen=True)
class Named:
    """Whom a link names: a person by external_id or, where that is empty, a phone number by its keyed hash."""

    external_id: str = ""
    subject: str = ""


def of_person(external_id: str) -> str:
    """Return a person's link, absolute: it is about whatever addresses they have when it is used."""
    return _url(PERSON + external_id.encode())


def of_number(phone: str) -> str:
    """Return the link of a number (E.164), absolute: it is about that number, whoever has it when it is used."""
    return _url(NUMBER + bytes.fromhex(people.subject(phone)))


def _url(content: bytes) -> str:
    token = base64.urlsafe_b64encode(content + _signature(content)).rstrip(b"=").decode()
    return settings.SITE_URL + reverse("unsubscribe", args=[token])


def read(token: str) -> Named | None:
    """Return whom a link names; None if we never made it."""
    content = _content(token)
    kind, name = content[:1], content[1:]
    if kind == PERSON:
        return Named(external_id=name.decode())
    return Named(subject=name.hex()) if kind == NUMBER else None


def _content(token: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if TOKEN.fullmatch(token) else b""
    except binascii.Error:
        return b""
    content, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    return content if hmac.compare_digest(signature, _signature(content)) else b""


def _signature(content: bytes) -> bytes:
    return hmac.new(people.lasting_key("unsubscribe link"), content, hashlib.sha256).digest()[:SIGNATURE_BYTES]
