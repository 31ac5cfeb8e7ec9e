"""How long a worker waits for somebody else who holds a row or an address, and may hang."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created

LONGEST = "10s"  # the site's own acts take milliseconds, a part of an import a second or more


def limit() -> None:
    """Have this process's connections to PostgreSQL wait no longer, from now on: opt-outs of others wait behind it.

    What was to be written down then comes back with its lease.
    """
    connection_created.connect(_limit, dispatch_uid="sms_consent.delivery.patience")


def _limit(connection: Any, **kwargs: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LONGEST])
