"""Statements that need no answer travel with the next that does: on PostgreSQL each way there and back is felt.

`WITH one AS (INSERT …), two AS (INSERT …) SELECT …` is one statement there. Its parts do not see what the others write,
so only what is sent or asked here travels so, and only where somebody has said that it may (`travelling`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

Statement = tuple[str, Sequence[Any]]

_waiting: ContextVar[dict[str, Statement] | None] = ContextVar("waiting", default=None)  # by the table that it writes


@contextmanager
def travelling() -> Iterator[None]:
    """Have what is sent herein wait for the next that is asked.

    Nobody else waits, nor needs to know: a receiver of a signal finds written what was sent before it was called.
    """
    token = _waiting.set({} if connection.vendor == "postgresql" else None)
    try:
        with connection.execute_wrapper(_after_what_waits):
            yield
            _run_what_waits()
    finally:
        _waiting.reset(token)


def _after_what_waits(execute: Callable[..., Any], *statement: Any) -> Any:
    _run_what_waits()
    return execute(*statement)


def _run_what_waits() -> None:
    if waiting := _waiting.get():
        _, last = waiting.popitem()
        _run(last, answers=False)


def send(table: str, sql: str, params: Sequence[Any]) -> None:
    """Run a statement that writes to a table (quoted) and returns nothing, now or with the next one."""
    waiting = _waiting.get()
    if waiting is None:
        _run((sql, params), answers=False)
    else:
        _make_way(sql)
        waiting[table] = sql, params


def ask(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement, and whatever waits, and return its rows."""
    _make_way(sql)
    return _run((sql, params), answers=True)


def _make_way(sql: str) -> None:
    """Have what waits run before what names its table: that is to find it, or may write the same row again."""
    if any(table in sql for table in _waiting.get() or ()):
        _run_what_waits()


def _run(statement: Statement, *, answers: bool) -> list[tuple[Any, ...]]:
    # To be told rather than to look: psycopg describes each column of an answer to whoever asks whether there is one.
    waiting = _waiting.get() or {}
    sql, params = _together([*waiting.values(), statement])
    waiting.clear()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if answers else []


def _together(statements: Sequence[Statement]) -> Statement:
    *others, (sql, _) = statements
    first = ", ".join(f"sent{number} AS ({other})" for number, (other, _) in enumerate(others))
    return f"WITH {first} {sql}" if first else sql, [value for _, params in statements for value in params]
