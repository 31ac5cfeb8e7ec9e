"""Addresses: how they are hashed, compared and locked; and the people known by a phone number only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection


@lru_cache(maxsize=4)
def _hashing_key(ledger_key: str) -> bytes:
    return hmac.new(ledger_key.encode(), b"optin-site address hash v1", hashlib.sha256).digest()


def subject(address: str) -> str:
    """Return the keyed hash by which the ledger knows an address: 64 hex digits.

    The key is derived from LEDGER_KEY and is never rotated: it is how an address is found again. Keyed,
    because a bare hash of a phone number is guessed in seconds (LED-7).
    """
    return hmac.new(_hashing_key(settings.LEDGER_KEY), address.encode(), hashlib.sha256).hexdigest()


def normalise(text: str) -> str:
    """Return an address as it is stored: E.164 as it is, anything else in lower case without blanks around it."""
    return text.strip().lower()


def mask(address: str) -> str:
    """Return an address that its owner recognises and nobody else learns (SEC-11)."""
    if "@" in address:
        name, _, domain = address.partition("@")
        return f"{name[:1]}…@{domain}"
    return f"{address[:2]}…{address[-2:]}" if address else ""


def lock(addresses: Iterable[str]) -> None:
    """Hold these addresses until the transaction ends: the first statement of every service.

    Two acts on one address then happen one after the other, and no two services can lock in opposite
    orders. PostgreSQL: one advisory lock per address, sorted. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        keys = sorted({_lock_key(address) for address in addresses if address})
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def _lock_key(address: str) -> int:
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:8], "big", signed=True)


# --- People known by a phone number only ------------------------------------------------------------------


def holder(phone: str) -> Any:
    """Return whoever has this number (E.164), the first of several, or None."""
    return get_user_model().objects.filter(phone=phone).order_by("pk").first()


def hold(phone: str, *, language: str) -> Any:
    """Make somebody who is known by this number only; saving them marks them for Braze. The number is locked."""
    person: Any = get_user_model()(phone=phone, language=language)
    person.set_unusable_password()
    person.save()
    return person


def write_again(person: Any) -> None:
    """Change nothing about a person, with the very statement that makes somebody (rule 10)."""
    model = type(person)
    twin = model(external_id=person.external_id, email=person.email, phone=person.phone, language=person.language)
    model.objects.bulk_create([twin], update_conflicts=True, unique_fields=["external_id"], update_fields=["language"])


def known_by_number_only(phones: Iterable[str]) -> Any:
    """Return a queryset of the people with these numbers who have no email address."""
    return get_user_model().objects.filter(phone__in=list(phones), email=None)
