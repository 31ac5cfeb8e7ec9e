"""The links with which one leaves: one for every email that Braze sends, one for every text.

An email's names the person. A text's names the number alone: whoever reads that phone may be a stranger whose number
was mistyped, or somebody who signed a stranger up with it (rule 11).

They are signed with a key that lasts, so that none is kept or looked up, and no new key makes Braze hear of everybody
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse

from sms_consent import people, signed_links

PURPOSE = "unsubscribe link"
PERSON, NUMBER = b"p", b"n"
PLACE = "-" * 20


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
    return settings.SITE_URL + _path().format(signed_links.make(PURPOSE, content))


@cache
def _path() -> str:
    """Return the path with a place for the token. To look it up takes longer than to sign: a worker signs thousands."""
    return reverse("unsubscribe", args=[PLACE]).replace(PLACE, "{}")


def read(token: str) -> Named | None:
    """Return whom a link names; None if we never made it."""
    content = signed_links.read(PURPOSE, token)
    kind, name = content[:1], content[1:]
    if kind == PERSON:
        return Named(external_id=name.decode())
    return Named(subject=name.hex()) if kind == NUMBER else None
