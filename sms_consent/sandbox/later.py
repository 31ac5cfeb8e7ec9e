"""Accepted now, applied later: Braze answers 201 before it does anything, and in no fixed order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Order = Literal["arrival", "reverse", "random"]


@dataclass(eq=False, slots=True)
class Pending:
    """What a call will do. Without `timer` only `apply_all` lets it happen."""

    apply: Callable[[], None]
    timer: threading.Timer | None = None


class Later:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[Pending] = []

    @property
    def pending(self) -> list[Pending]:
        with self._lock:
            return list(self._pending)

    def add(self, apply: Callable[[], None], *, seconds: float | None) -> None:
        """Apply something in so many seconds, or, with None, when `apply_all` says so."""
        item = Pending(apply)
        if seconds is not None:
            item.timer = threading.Timer(seconds, self._apply, [item])
            item.timer.daemon = True
        with self._lock:
            self._pending.append(item)
        if item.timer is not None:
            item.timer.start()

    def apply_all(self, order: Order = "arrival") -> int:
        """Apply all that is pending now. Return how many there were."""
        items = self.pending
        if order == "reverse":
            items.reverse()
        elif order == "random":
            random.shuffle(items)
        return sum(self._apply(item) for item in items)

    def drop(self) -> None:
        """Forget all that is pending."""
        for item in self.pending:
            self._claim(item)

    def _apply(self, item: Pending) -> bool:
        if not self._claim(item):
            return False
        item.apply()
        return True

    def _claim(self, item: Pending) -> bool:
        """Return whether it is ours to apply: a timer and `apply_all` may meet."""
        with self._lock:
            if item not in self._pending:
                return False
            self._pending.remove(item)
        if item.timer is not None:
            item.timer.cancel()
        return True
