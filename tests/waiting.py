"""Waiting for what happens in another thread or process."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

Found = TypeVar("Found")
PATIENCE = 60.0  # seconds: on a busy machine everything takes long


def until(what: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """Return what `what` returns as soon as that is true; until then it may find nobody to talk to.

    Raises AssertionError when the time is over.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
            why = None
        except OSError as error:  # of requests as well
            why = error
        if time.monotonic() > end:
            raise AssertionError("it did not come to pass") from why
        time.sleep(0.05)


def until_open(port: int) -> None:
    """Wait until somebody listens on this port."""
    until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None)


def waiting() -> int:
    """Return how many connections to this PostgreSQL database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees what it saw the first time
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])
