"""What whichever worker gets to it tidies up now and then: old requests, old links.

Apps add their chores when they are ready, so that the worker need not know who has something to tidy up. A chore does
a little at a time, and done twice at once it does no harm. One that returns True has more to do, and is done again in
the next round, however seldom its time comes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from optin_site import outages

logger = logging.getLogger(__name__)

Chore = Callable[[], bool | None]
_chores: dict[Chore, float] = {}


def add(chore: Chore, *, every: timedelta) -> None:
    """Have every worker do this so often."""
    _chores[chore] = every.total_seconds()


def chores() -> dict[str, timedelta]:
    """Return how often each chore is to be done, by its name."""
    return {_name(chore): timedelta(seconds=every) for chore, every in _chores.items()}


def do(name: str) -> bool | None:
    """Do one; return whether it has more to do. For an engine with a clock of its own."""
    (chore,) = (chore for chore in _chores if _name(chore) == name)
    return chore()


def _name(chore: Chore) -> str:
    return f"{chore.__module__}.{chore.__qualname__}"


class Upkeep:
    """One worker's: what it does when."""

    def __init__(self) -> None:
        self._due_at = dict.fromkeys(_chores, 0.0)

    def run(self) -> None:
        """Do what is due. A chore that fails is logged, and holds up neither the others nor a delivery.

        Raises OperationalError or InterfaceError while the database is away: nothing else would go better then.
        """
        for chore, due_at in self._due_at.items():
            if time.monotonic() < due_at:
                continue
            self._due_at[chore] = time.monotonic() + _chores[chore]
            try:
                if chore():
                    self._due_at[chore] = 0.0
            except Exception as error:
                if outages.is_one(error):
                    self._due_at[chore] = 0.0
                    raise
                logger.exception("The chore %s failed; it is tried again", _name(chore))
