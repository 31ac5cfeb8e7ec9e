"""Addresses: how they are hashed, compared and locked; and the people known by a phone number only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.db import connection


@lru_cache(maxsize=8)
def _key(ledger_key: str, purpose: str) -> bytes:
    return hmac.new(ledger_key.encode(), f"optin-site {purpose} v1".encode(), hashlib.sha256).digest()


def lasting_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, derived from LEDGER_KEY and as lasting as that."""
    return _key(settings.LEDGER_KEY, purpose)


def subject(address: str) -> str:
    """Return the keyed hash by which the ledger knows an address: 64 hex digits.

    The key is derived from LEDGER_KEY and is never rotated: it is how an address is found again. Keyed,
    because a bare hash of a phone number is guessed in seconds (LED-7).
    """
    return hmac.new(lasting_key("address hash"), address.encode(), hashlib.sha256).hexdigest()


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
