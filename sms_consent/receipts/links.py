"""The link of a receipt: it names an address by its keyed hash."""

from __future__ import annotations

from django.urls import reverse

from sms_consent import people, signed_links

PURPOSE = "receipt link"


def path_of(address: str) -> str:
    """Return the path of the receipt's page; the JSON is beside it."""
    return reverse("receipt", args=[signed_links.make(PURPOSE, bytes.fromhex(people.subject(address)))])


def subject_of(token: str) -> str:
    """Return the keyed hash of the address that a link is about; empty if we never made it."""
    return signed_links.read(PURPOSE, token).hex()
