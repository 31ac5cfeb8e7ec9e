"""Filling a PostgreSQL database with very many rows: what checks or finds single ones is put back afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

SESSION = "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET jit = off"
INDEXES = """
SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes
WHERE schemaname = current_schema() AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
# Unique first: what others point to must be there before it is pointed to.
CONSTRAINTS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype IN ('u', 'f') AND connamespace = current_schema()::regnamespace ORDER BY contype DESC
"""


def fill(cursor: Any, statements: Iterable[str], values: Mapping[str, Any]) -> None:
    """Run these, without indexes and foreign keys meanwhile, and say on stderr what each took. Triggers stay."""
    cursor.execute(SESSION)
    with _taken_away(cursor, INDEXES), _taken_away(cursor, CONSTRAINTS):
        for statement in statements:
            _timed(cursor, statement, values)
    _timed(cursor, "VACUUM ANALYZE")


@contextmanager
def _taken_away(cursor: Any, found: str) -> Iterator[None]:
    """Take away what is found, in the opposite order, and put it back."""
    cursor.execute(found)
    both = cursor.fetchall()
    for away, _ in reversed(both):
        cursor.execute(away)
    yield
    for _, back in both:
        _timed(cursor, back)


def _timed(cursor: Any, statement: str, values: Mapping[str, Any] | None = None) -> None:
    began = time.perf_counter()
    cursor.execute(statement, values)
    if (seconds := time.perf_counter() - began) > 1:
        sys.stderr.write(f"{seconds:6.1f} s  {' '.join(statement.split())[:100]}\n")
