"""The world's clock, its lock, and the counter that tells a page what is new."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pulse:
    """Shared by everything that holds state: one lock, one clock, one revision counter."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._ahead = 0.0
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        # Begins higher than any sandbox before this one ended, so that a page left open notices.
        self.revision = int(time.time() * 1000)
        # Something was deleted at this revision: who knows only an older one must read everything again.
        self.floor = self.revision

    def now(self) -> float:
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock, so that 24 hours or 30 days pass at once."""
        with self.lock:
            self._ahead += seconds
            self.beat()

    def restart(self) -> None:
        """Set the clock right again. Revisions go on, so that a page notices."""
        self._ahead = 0.0

    def beat(self) -> int:
        """Count a change and wake whoever waits for one. Return the new revision."""
        with self._changed:
            self.revision += 1
            self._changed.notify_all()
            return self.revision

    def forget(self) -> None:
        """Count a deletion."""
        with self.lock:
            self.floor = self.beat()

    def wait(self, timeout: float | None) -> None:
        """Wait for the next change. The caller holds the lock; others have it meanwhile."""
        self._changed.wait(timeout)

    def wait_until(self, predicate: Callable[[], object], timeout: float) -> bool:
        """Wait until the predicate holds, looking again at each change. Return whether it did."""
        with self._changed:
            return bool(self._changed.wait_for(predicate, timeout))
