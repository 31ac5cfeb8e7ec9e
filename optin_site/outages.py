"""A database that is away, told from one that did not like something: a line in the log each time, and no traceback."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection

SHUT_DOWN = "57P"  # the class of PostgreSQL's codes for a server that ends connections; one that breaks off has none


def is_one(error: Exception) -> bool:
    """Return whether this error is because the database is away. A deadlock is of the same type, and is not.

    The connection that it took away may be another thread's.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "sqlstate", "")
    is_cut = code is None or code.startswith(SHUT_DOWN)
    return is_cut or connection.connection is None or not connection.is_usable()


def words(error: Exception) -> str:
    """Return what is said of it, in a line."""
    return " ".join(str(error).split())
