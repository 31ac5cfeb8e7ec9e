"""What came of calls, kept for the length of a turn and written down for all of its calls together.

Where that is much, it is written while the next calls are prepared, on a connection of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

from django.db import Error as DatabaseTrouble
from django.db import connection

from sms_consent import outbox
from sms_consent.braze.client import BATCH
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)

Write = Callable[[Mapping[Claim, Outcome]], None]
SEVERAL = -1  # the version of a rider that was loaded at two versions: whichever holds, it has changed meanwhile


@cache
def told(state: str) -> Write:
    """Return what writes down that calls carried `state`; the same each time, so that they are found to be alike."""
    return partial(outbox.settle_subscriptions, state)


@dataclass(eq=False)
class Settlements:
    """Answers that wait to be written down: one transaction a kind, however many calls of 50 it is about.

    If they are lost with the process, their rows come back with the lease, as those of unanswered calls do.
    """

    outcomes: dict[Write, dict[Claim, Outcome]] = field(default_factory=dict)
    accepted: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    again: dict[int, timedelta] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    riders: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)

    def add(self, write: Write, outcomes: Mapping[Claim, Outcome]) -> None:
        """Have these written down by `write`."""
        self.outcomes.setdefault(write, {}).update(outcomes)

    def add_people(
        self,
        outcomes: Mapping[Claim, Outcome],
        accepted: Mapping[int, Mapping[str, Any]],
        again: Mapping[int, timedelta] | None = None,
    ) -> None:
        """Have written down what came of people.

        By a profile's id, `accepted` is what Braze has of them now, and `again` after how long they are told again.
        """
        self.accepted.update(accepted)
        self.again.update(again or {})
        self.add(self._settle_people, outcomes)

    def add_riders(
        self, versions: Mapping[int, int], addresses: Iterable[str], accepted: Iterable[int], started: Iterable[int]
    ) -> None:
        """Have subscriptions of these addresses settled that travelled in an accepted call about people."""
        self.addresses.update(addresses)
        for pk, version in versions.items():
            self.versions[pk] = version if self.versions.get(pk, version) == version else SEVERAL
        self.riders.update(accepted)
        self.started.update(started)

    def write(self) -> None:
        """Write everything down, what travelled along first."""
        if self.versions:
            _try(self._settle_riders, self.versions)
        for write, outcomes in self.outcomes.items():
            _try(write, outcomes)

    @property
    def are_many(self) -> bool:
        """Whether there is so much to be written that a thread is worth it."""
        return sum(map(len, self.outcomes.values())) >= BATCH

    def _settle_people(self, outcomes: Mapping[Claim, Outcome]) -> None:
        outbox.settle_profiles(outcomes, self.accepted, self.again)

    def _settle_riders(self, versions: Mapping[int, int]) -> None:
        outbox.settle_riders(versions, self.addresses, accepted=self.riders, started=self.started)


class Scribe:
    """Writes settlements down one after the other, and while there are many in a thread of its own.

    To the database it is one more worker. SQLite has one writer, and what a transaction around has not committed
    another connection does not see: there everything is written at once.
    """

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def write(self, settlements: Settlements) -> None:
        """Have these written down when those before are. Raises what went wrong with those, which loses only those."""
        try:
            self.wait()
        finally:
            self._begin(settlements)

    def _begin(self, settlements: Settlements) -> None:
        is_here = not settlements.are_many or connection.vendor == "sqlite" or connection.in_atomic_block
        thread = None if is_here else self._connected()
        if thread is None:
            settlements.write()
        else:
            self._writing = thread.submit(copy_context().run, settlements.write)

    def _connected(self) -> ThreadPoolExecutor | None:
        """Return the thread, or None where the database has no connection left for it.

        If nothing were written then, Braze would be told the same with every lease.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe")
            self._connecting = self._thread.submit(lambda: connection.ensure_connection())  # the thread's, not ours
        return None if self._connecting.exception() else self._thread

    def wait(self) -> None:
        """Return when all is written."""
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def close(self) -> None:
        """Let what is being written end, and let go of the connection."""
        if self._thread:
            self._thread.submit(lambda: connection.close())  # the thread's own: each thread has one
            self._thread.shutdown()


def _try(write: Callable[[Any], None], what: Collection[Any]) -> None:
    try:
        write(what)
    except DatabaseTrouble:
        raise
    except Exception:
        logger.exception("What came of calls could not be written down; their rows come back with their lease")
