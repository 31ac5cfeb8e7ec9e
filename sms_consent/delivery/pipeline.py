"""Running calls side by side: the database is used here, HTTP in the threads of a pool."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone

from sms_consent import lines
from sms_consent.braze import BrazeClient, BrazeError, Pace, Refused
from sms_consent.braze.limits import backoff
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)


@dataclass
class Courier:
    """What deliveries of one lane share: client, pool, pace, and what is known of stopped lines.

    `closed` holds the names of lines not to be tried in this round, `known_lines` all that ever stopped;
    `asked` the subscriptions whose first call of the pair asked for double opt-in in this round.
    """

    client: BrazeClient
    pool: ThreadPoolExecutor
    lane: str
    in_flight: int
    pace: Pace = field(default_factory=Pace)
    closed: set[str] = field(default_factory=set)
    known_lines: set[str] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)

    def is_open(self, endpoint: str) -> bool:
        """Whether calls to this endpoint make sense now: its line is open and its limit not spent."""
        return endpoint not in self.closed and self.pace.is_ready(endpoint)

    def went_well(self, *names: str) -> None:
        """Note that a call went through on these lines; the first name is the endpoint."""
        self.pace.went_well(names[0], self.client.spent_until.get(names[0]))
        for name in self.known_lines & set(names):
            lines.clear(name, self.lane)
            self.known_lines.discard(name)

    def stop(self, name: str, reason: str, refused: str) -> None:
        """Stop a line from now on."""
        lines.stop(name, self.lane, reason=reason, refused=refused)
        self.closed.add(name)
        self.known_lines.add(name)

    def later(self, endpoint: str, error: Any, claims: Iterable[Claim]) -> Outcome:
        """Return when to try these again, and keep the endpoint quiet until it makes sense."""
        ready = self.pace.went_wrong(endpoint, error.retry_at)
        attempts = max((claim.attempts for claim in claims), default=0)
        at = ready if error.is_limit else max(ready, timezone.now().timestamp() + backoff(attempts))
        return Outcome(
            retry_at=datetime.fromtimestamp(at, UTC), is_known=error.is_known, counts=not error.is_limit
        )


def put_back() -> Outcome:
    """Return the outcome of a row that was not sent, through no fault of its own."""
    return Outcome(retry_at=timezone.now(), counts=False)


class Job(Protocol):
    """One call: what it needs is loaded directly before it is made, and settled directly after."""

    def prepare(self) -> Callable[[], Any] | None:
        """Load the newest state and return the call, or None if there is nothing to send after all."""

    def succeed(self, answer: Any) -> list[Job]:
        """Settle what was accepted; return what follows from it."""

    def fail(self, error: BrazeError) -> list[Job]:
        """Settle what was not; return what follows from it."""


def run(jobs: Iterable[Job], courier: Courier) -> None:
    """Make all calls, at most `in_flight` at once, each prepared only when there is room for it."""
    waiting: deque[Job] = deque(jobs)
    flying: dict[Future[Any], Job] = {}
    while waiting or flying:
        while waiting and len(flying) < courier.in_flight:
            job = waiting.popleft()
            call = _prepare(job, waiting)
            if call is not None:
                flying[courier.pool.submit(call)] = job
        done, _ = wait(flying, return_when=FIRST_COMPLETED) if flying else (set(), None)
        for future in done:
            waiting.extend(_finish(flying.pop(future), future))


def _prepare(job: Job, waiting: deque[Job]) -> Callable[[], Any] | None:
    try:
        return job.prepare()
    except (TypeError, ValueError, KeyError, AttributeError):
        # One row that cannot be put into words must not hold up its neighbours: it is parked by itself.
        logger.exception("A payload could not be built")
        waiting.extend(job.fail(Refused("This row could not be put into words; see the worker's log.")))
        return None


def _finish(job: Job, future: Future[Any]) -> list[Job]:
    error = future.exception()
    if error is None:
        return job.succeed(future.result())
    if isinstance(error, BrazeError):
        return job.fail(error)
    raise error


@dataclass
class Isolation:
    """A refused batch, sent again one by one, once (story 30).

    Where each one alone is refused with the same words, it is not the rows: that is configuration.
    """

    total: int
    accepted: int = 0
    refused: dict[Claim, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every one has been tried."""
        return self.accepted + len(self.refused) >= self.total

    @property
    def is_configuration(self) -> bool:
        """Whether all of several were refused alike."""
        return self.total > 1 and len(self.refused) == self.total and len(set(self.refused.values())) == 1


def still_held(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims whose lease outlasts a call; a worker that was suspended sends nothing stale."""
    margin = timezone.now() + settings.BRAZE_LEASE / 4
    return [claim for claim in claims if claim.until > margin]
