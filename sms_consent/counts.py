"""Counting what stands in no table: calls to Braze, refusals at the hooks, how long deliveries took.

Kept in the database, so that whichever machine is asked for /metrics tells of all of them, and restarts lose nothing.
Each process adds up and writes now and then. One that is killed loses what it has not written: figures for a graph.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from django.db import Error, connection, transaction

from sms_consent.models import Count

logger = logging.getLogger(__name__)

CALLS, DELIVERED, DELAY, DELAY_SUM, REFUSALS = "calls", "delivered", "delay", "delay_sum", "refusals"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0)  # seconds
SECONDS_BETWEEN_WRITES = 1.0

_lock = threading.Lock()
_pending: Counter[tuple[str, str]] = Counter()
_written_at = float("-inf")


def add(name: str, *words: str, amount: float = 1) -> None:
    """Count. Nothing is written yet."""
    with _lock:
        _pending[name, " ".join(words)] += amount  # type: ignore[assignment]


def delivered(lane: str, seconds: Sequence[float]) -> None:
    """Count deliveries, by how long each took: in the smallest bucket that it fits in."""
    if not seconds:
        return
    add(DELIVERED, lane, amount=len(seconds))
    add(DELAY_SUM, lane, amount=sum(seconds))
    for bucket, how_many in Counter(bisect_left(BUCKETS, it) for it in seconds).items():
        add(DELAY, lane, str(BUCKETS[bucket]) if bucket < len(BUCKETS) else "+Inf", amount=how_many)


def write() -> None:
    """Write down what has been counted. Without a database it waits for the next time: nobody's work depends on it."""
    global _written_at
    with _lock:
        taken = dict(_pending)
        _pending.clear()
        _written_at = time.monotonic()
    try:
        _write(taken)
    except Error as error:
        logger.warning("Counts could not be written down: %s", type(error).__name__)
        with _lock:
            _pending.update(taken)


def write_sometimes() -> None:
    """Write at most once a second: who knocks at a closed door all the time must not make us write all the time."""
    if time.monotonic() - _written_at > SECONDS_BETWEEN_WRITES:
        write()


def _write(taken: dict[tuple[str, str], int]) -> None:
    if not taken:
        return
    table = Count._meta.db_table
    sql = (
        f"INSERT INTO {table} (name, label, value) VALUES (%s, %s, %s)"  # noqa: S608 - our own name
        f" ON CONFLICT (name, label) DO UPDATE SET value = {table}.value + excluded.value"
    )
    # In one order everywhere, or two workers would wait for each other.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, [(*key, amount) for key, amount in sorted(taken.items())])
