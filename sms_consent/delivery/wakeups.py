"""Waiting for something to be due: LISTEN on PostgreSQL, a short poll on SQLite, a poll all the same on both."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.db import connection

from sms_consent.outbox import NOTIFY_CHANNEL

logger = logging.getLogger(__name__)

POLL = {"postgresql": 1.0, "sqlite": 0.2}  # seconds


class Wakeups:
    """Wakes one loop. PostgreSQL: a connection of its own, since Django's goes deaf when it reconnects."""

    def __init__(self) -> None:
        self._listening: Any = None

    def wait(self, stop: threading.Event) -> None:
        """Return when something may be due, after at most one poll's time, or when told to stop."""
        if connection.vendor != "postgresql":
            stop.wait(POLL["sqlite"])
            return
        try:
            self._listen(POLL["postgresql"])
        except Exception as error:  # noqa: BLE001 - psycopg is an extra, its errors cannot be named here
            self._deaf(error, stop)

    def _listen(self, seconds: float) -> None:
        if self._listening is None:
            self._listening = _connect()
        for _ in self._listening.notifies(timeout=seconds, stop_after=1):
            return

    def _deaf(self, error: Exception, stop: threading.Event) -> None:
        logger.warning("Not listening to the database (%s); polling until it is back", type(error).__name__)
        self.close()
        stop.wait(POLL["postgresql"])

    def close(self) -> None:
        """Let go of the connection."""
        if self._listening is not None:
            self._listening.close()
        self._listening = None


def _connect() -> Any:
    import psycopg

    params = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        params.pop(name, None)
    listening = psycopg.connect(**params, autocommit=True)
    listening.execute(f"LISTEN {NOTIFY_CHANNEL}")
    return listening
