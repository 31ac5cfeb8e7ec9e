"""Reading Braze's rate-limit headers, and keeping to what they say before anything is claimed."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

# A reset below this is seconds from now, above it a moment since 1970: Braze's pages describe both.
EPOCH_FROM = 10**8
LONGEST_WAIT = 3600.0  # the longest window that Braze has
NO_LIMIT = 10**9  # calls
LONGEST_BACKOFF = 60.0  # an outage of any length costs no more than this after it has ended


def reset_at(headers: Mapping[str, str], now: float) -> float | None:
    """Return the epoch second at which the limit is lifted, from whichever header is there and readable.

    `X-Ratelimit-Retry-After` (seconds) comes alone on a 429 of newer plans, `X-RateLimit-Reset` elsewhere;
    a 401 carries them empty. Never more than an hour ahead, so that a garbled header stalls nothing for long.
    """
    for name, is_delta in (("X-Ratelimit-Retry-After", True), ("Retry-After", True), ("X-RateLimit-Reset", False)):
        value = _number(headers.get(name, ""))
        if value is not None:
            at = now + value if is_delta or value < EPOCH_FROM else value
            return min(max(at, now), now + LONGEST_WAIT)
    return None


def is_spent(headers: Mapping[str, str], reserve: float) -> bool:
    """Whether no more than `reserve` (0 to 1) of the limit is left: what is to be left to others, or nothing."""
    left, limit = _number(headers.get("X-RateLimit-Remaining", "")), _number(headers.get("X-RateLimit-Limit", ""))
    return left is not None and left <= reserve * (limit or 0)


def allowed(headers: Mapping[str, str]) -> int:
    """Return how many calls a window has; 0 if that is not said."""
    return int(_number(headers.get("X-RateLimit-Limit", "")) or 0)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 10**11 else None


def backoff(attempts: int, *, first: float = 1.0) -> float:
    """Return how many seconds to wait after so many failures: doubling, at most a minute, with jitter."""
    return min(first * 2.0 ** min(attempts, 16), LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311


@dataclass(frozen=True)
class Limit:
    """So many requests in a window of so many seconds; windows start on the clock, not with the first request."""

    requests: int
    seconds: int


@dataclass
class Window:
    """How many calls one endpoint got in the window that is running."""

    number: int = -1
    used: int = 0


@dataclass
class Pace:
    """When each endpoint may be called, and how often, for one lane of one worker process.

    Opt-outs keep a pace of their own: what slows the rest never slows them (rule 4). `share` is the part of each of
    the `limits` that is this one's, so that all together keep to them and something is left for opt-outs.
    """

    limits: Mapping[str, Limit] = field(default_factory=dict)
    share: float = 1.0
    ready_at: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def is_ready(self, endpoint: str) -> bool:
        """Whether a call to this endpoint makes sense now."""
        return self.ready_at.get(endpoint, 0.0) <= time.time() and self.left(endpoint) > 0

    def left(self, endpoint: str) -> int:
        """Return how many more calls to this endpoint this window has for us."""
        limit = self.limits.get(endpoint)
        if limit is None:
            return NO_LIMIT
        return max(1, int(limit.requests * self.share)) - self._window(endpoint, limit).used

    def learn(self, endpoint: str, requests: int) -> None:
        """Note how many calls Braze says a window has; 0 if it does not say."""
        limit = self.limits.get(endpoint)
        if limit and requests not in (0, limit.requests):
            self.limits = {**self.limits, endpoint: Limit(requests, limit.seconds)}

    def spend(self, endpoint: str, calls: int = 1) -> None:
        """Count calls that are about to be made, or with -1 one that was not made after all."""
        if limit := self.limits.get(endpoint):
            window = self._window(endpoint, limit)
            window.used = max(0, window.used + calls)  # what was not made may have been counted in the window before

    def _window(self, endpoint: str, limit: Limit) -> Window:
        number = int(time.time() // limit.seconds)
        window = self.windows.setdefault(endpoint, Window())
        if window.number != number:
            window.number, window.used = number, 0
        return window

    def went_well(self, endpoint: str, spent_until: float | None) -> None:
        """Note an accepted call; `spent_until` is the reset if it was the last one that the limit allows."""
        self.failures.pop(endpoint, None)
        if spent_until:
            self.ready_at[endpoint] = spent_until

    def went_wrong(self, endpoint: str, retry_at: float | None) -> float:
        """Note a 429 or an outage; return the epoch second at which to try again."""
        failures = self.failures[endpoint] = self.failures.get(endpoint, 0) + 1
        now = time.time()
        is_ahead = (retry_at or 0.0) > now  # clocks differ, and a header may be wrong
        at = (retry_at or 0.0) + random.uniform(0, 0.25) if is_ahead else now + backoff(failures - 1)  # noqa: S311
        self.ready_at[endpoint] = max(at, self.ready_at.get(endpoint, 0.0))
        return at
