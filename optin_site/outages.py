"""A database that is away, told from one that did not like something: a line in the log each time, and no traceback."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection


def is_one(error: Exception) -> bool:
    """Return whether this error is because the database is away. A deadlock is of the same type, and is not."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return connection.connection is None or not connection.is_usable()


def words(error: Exception) -> str:
    """Return what is said of it, in a line."""
    return " ".join(str(error).split())
