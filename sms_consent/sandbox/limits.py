"""Braze's rate limits: fixed windows on the clock, and the headers that tell of them (braze.md §6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

HeaderForm = Literal["epoch", "delta", "mau"]
Headers = dict[str, str]


@dataclass(slots=True)
class Limit:
    """So many requests per window; windows start on the clock, not with the first request.

    `passed` and `refused` count all requests, in whatever window.
    """

    requests: int
    seconds: int
    window: int = -1
    used: int = 0
    passed: int = 0
    refused: int = 0


def documented() -> dict[str, Limit]:
    """Return the limits of a data-point contract, by the pool that endpoints share (P-limits)."""
    return {
        "status/set": Limit(5_000, 60),
        "track": Limit(3_000, 3),
        "shared": Limit(250_000, 3_600),
        "users": Limit(20_000, 60),
        "export": Limit(250, 60),
    }


class Limits:
    """Counts requests while `is_on`. `form` is how the headers are written:

    epoch: X-RateLimit-Reset is a time; delta: it is the seconds left; mau: seconds left too, and a
    429 carries nothing but X-Ratelimit-Retry-After (T-track).
    """

    def __init__(self, now: Callable[[], float], *, is_on: bool = False) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._is_on_at_first = is_on
        self.reset()

    def reset(self) -> None:
        self.is_on = self._is_on_at_first
        self.form: HeaderForm = "epoch"
        self.pools = documented()

    def set(self, pool: str, *, requests: int, seconds: int) -> None:
        """Change one limit. Does not switch limits on."""
        self.pools[pool] = Limit(requests, seconds)

    def spend(self, pool: str) -> tuple[bool, Headers]:
        """Count one request. Return whether it may pass, and the headers of its answer."""
        limit = self.pools[pool]
        now = self._now()
        with self._lock:
            window = int(now // limit.seconds)
            if limit.window != window:
                limit.window, limit.used = window, 0
            is_free = not self.is_on or limit.used < limit.requests
            limit.used += self.is_on and is_free
            limit.passed += is_free
            limit.refused += not is_free
            remaining = limit.requests - limit.used
        left = (window + 1) * limit.seconds - now
        if is_free:
            return True, rate_headers(self.form, limit.requests, remaining, left, now)
        return False, refusal_headers(self.form, limit.requests, left, now)


def rate_headers(form: HeaderForm, requests: int, remaining: int, left: float, now: float) -> Headers:
    reset = now + left if form == "epoch" else left
    return {
        "X-RateLimit-Limit": str(requests),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(reset) + (reset % 1 > 0)),
    }


def refusal_headers(form: HeaderForm, requests: int, left: float, now: float) -> Headers:
    """Return the headers of a 429."""
    if form == "mau":
        return {"X-Ratelimit-Retry-After": str(int(left) + (left % 1 > 0))}
    return rate_headers(form, requests, 0, left, now)
