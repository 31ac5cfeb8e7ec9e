"""What came of calls, kept for the length of a turn and written down for all of its calls together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from django.db import Error as DatabaseTrouble

from sms_consent import outbox
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
    sent: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    looked: list[Claim] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)
    riders: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)

    def add(self, write: Write, outcomes: Mapping[Claim, Outcome]) -> None:
        """Have these written down by `write`."""
        self.outcomes.setdefault(write, {}).update(outcomes)

    def add_people(self, outcomes: Mapping[Claim, Outcome], sent: Mapping[int, Mapping[str, Any]]) -> None:
        """Have written down what came of people; `sent` is by a profile's id."""
        self.sent.update(sent)
        self.add(self._settle_people, outcomes)

    def add_riders(self, versions: Mapping[int, int], accepted: Iterable[int], started: Iterable[int]) -> None:
        """Have subscriptions settled that travelled in an accepted call about people."""
        for pk, version in versions.items():
            self.versions[pk] = version if self.versions.get(pk, version) == version else SEVERAL
        self.riders.update(accepted)
        self.started.update(started)

    def write(self) -> None:
        """Write everything down, what was looked at and what travelled along first."""
        try:
            if self.looked:
                _try(outbox.note_looked, self.looked)
            if self.versions:
                _try(self._settle_riders, self.versions)
            for write, outcomes in self.outcomes.items():
                _try(write, outcomes)
        finally:
            self._forget()

    def _forget(self) -> None:
        for kept in (self.outcomes, self.sent, self.looked, self.versions, self.riders, self.started):
            kept.clear()

    def _settle_people(self, outcomes: Mapping[Claim, Outcome]) -> None:
        outbox.settle_profiles(outcomes, self.sent)

    def _settle_riders(self, versions: Mapping[int, int]) -> None:
        outbox.settle_riders(versions, accepted=self.riders, started=self.started)


def _try(write: Callable[[Any], None], what: Collection[Any]) -> None:
    try:
        write(what)
    except DatabaseTrouble:
        raise
    except Exception:
        logger.exception("What came of calls could not be written down; their rows come back with their lease")
