"""Reading Braze's rate-limit headers, and keeping to what they say before anything is claimed."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

# A reset below this is seconds from now, above it a moment since 1970: Braze's pages describe both.
EPOCH_FROM = 10**8
LONGEST_WAIT = 3600.0  # the longest window that Braze has
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


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 10**11 else None


def backoff(attempts: int, *, first: float = 1.0) -> float:
    """Return how many seconds to wait after so many failures: doubling, at most a minute, with jitter."""
    return min(first * 2.0 ** min(attempts, 16), LONGEST_BACKOFF) * random.uniform(0.5, 1.0)  # noqa: S311


@dataclass
class Pace:
    """When each endpoint may be called again, for one worker process.

    Opt-outs keep a pace of their own: what slows the rest never slows them (rule 4).
    """

    ready_at: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def is_ready(self, endpoint: str) -> bool:
        """Whether a call to this endpoint makes sense now."""
        return self.ready_at.get(endpoint, 0.0) <= time.time()

    def went_well(self, endpoint: str, spent_until: float | None) -> None:
        """Note an accepted call; `spent_until` is the reset if it was the last one that the limit allows."""
        self.failures.pop(endpoint, None)
        if spent_until:
            self.ready_at[endpoint] = spent_until

    def went_wrong(self, endpoint: str, retry_at: float | None) -> float:
        """Note a 429 or an outage; return the epoch second at which to try again."""
        failures = self.failures[endpoint] = self.failures.get(endpoint, 0) + 1
        at = retry_at + random.uniform(0, 0.25) if retry_at else time.time() + backoff(failures - 1)  # noqa: S311
        self.ready_at[endpoint] = max(at, self.ready_at.get(endpoint, 0.0))
        return at
