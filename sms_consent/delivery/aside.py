"""A thread beside the one that delivers, with a connection of its own: to the database it is one more worker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.db import connection


class Aside:
    """Does one thing after the other. Started when first asked for something.

    SQLite has one writer, what a transaction around has not committed another connection does not see, and a database
    may have no connection left: there is no aside then, and what is to be done is to be done at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: ThreadPoolExecutor | None = None
        self._connecting: Future[None] | None = None

    def is_there(self) -> bool:
        """Whether it can be asked for anything."""
        if connection.vendor == "sqlite" or connection.in_atomic_block:
            return False
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=self._name)
            self._connecting = self._thread.submit(lambda: connection.ensure_connection())  # the thread's, not ours
        return self._connecting is not None and self._connecting.exception() is None

    def do(self, what: Callable[..., Any], *args: Any) -> Future[Any]:
        """Have this done; `is_there` has said that it can be."""
        assert self._thread is not None  # noqa: S101
        return self._thread.submit(copy_context().run, what, *args)

    def close(self) -> None:
        """Let what is being done end, and let go of the connection."""
        if self._thread:
            self._thread.submit(lambda: connection.close())  # the thread's own: each thread has one
            self._thread.shutdown()
            self._thread = None
