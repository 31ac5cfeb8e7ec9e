"""Running calls side by side: the database is used here, HTTP in the threads of a pool."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from django.db import Error as DatabaseTrouble
from django.utils import timezone

from sms_consent import counts, lines
from sms_consent.braze import BrazeClient, BrazeError, Pace, Refused, TryLater
from sms_consent.braze.limits import backoff
from sms_consent.delivery import noting
from sms_consent.delivery.settlements import Scribe, Settlements
from sms_consent.models import Program
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)

AT_ONCE = 10  # calls whose rows are loaded or settled together: 500, so that no transaction is long


@dataclass
class Courier:
    """What deliveries of one lane share: client, pool, pace, and what is known of stopped lines.

    `closed` holds the names of lines not to be tried in this round, `known_lines` all that ever stopped. `is_behind`
    says that the last round left people waiting; `groups` which group each program is, read since this turn's answers.
    """

    client: BrazeClient
    pool: ThreadPoolExecutor
    lane: str
    in_flight: int
    pace: Pace
    closed: set[str] = field(default_factory=set)
    known_lines: set[str] = field(default_factory=set)
    is_behind: bool = False
    settlements: Settlements = field(default_factory=Settlements)
    groups: dict[int, str] = field(default_factory=dict)

    def is_open(self, endpoint: str) -> bool:
        """Whether calls to this endpoint make sense now: its line is open and its limit not spent."""
        return endpoint not in self.closed and self.pace.is_ready(endpoint)

    def groups_now(self) -> dict[int, str]:
        """Return the subscription group of each program, by its id."""
        if not self.groups:
            self.groups.update(Program.objects.values_list("pk", "subscription_group_id"))
        return self.groups

    def closed_programs(self) -> list[int]:
        """Return the ids of the programs whose line is stopped."""
        return list(Program.objects.filter(slug__in=self.closed).values_list("pk", flat=True))

    def went_well(self, *names: str) -> None:
        """Note that a call went through on these lines; the first name is the endpoint."""
        self.pace.learn(names[0], self.client.allowed.get(names[0], 0))
        self.pace.went_well(names[0], self.client.spent_until.get(names[0]))
        for name in self.known_lines & set(names):
            lines.clear(name, self.lane)
            self.known_lines.discard(name)

    def stop(self, name: str, reason: str, refused: str) -> None:
        """Stop a line from now on. Calls that were in flight meanwhile say the same and count once."""
        if name in self.closed:
            return
        lines.stop(name, self.lane, reason=reason, refused=refused)
        self.closed.add(name)
        self.known_lines.add(name)

    def later(self, endpoint: str, error: TryLater, claims: Iterable[Claim]) -> Outcome:
        """Return when to try these again, and keep the endpoint quiet until it makes sense."""
        ready = self.pace.went_wrong(endpoint, error.retry_at)
        attempts = max((claim.attempts for claim in claims), default=0)
        at = ready if error.is_limit else max(ready, timezone.now().timestamp() + backoff(attempts))
        return Outcome(
            retry_at=datetime.fromtimestamp(at, UTC),
            is_known=error.is_known,
            is_answered=error.is_answered,
            counts=not error.is_limit,
        )

    def close(self) -> None:
        """Let go of threads and connections."""
        self.pool.shutdown()
        self.client.close()


class Job(Protocol):
    """One call: what it needs is loaded directly before it is made, and settled directly after."""

    @classmethod
    def load(cls, jobs: Sequence[Any]) -> None:
        """Load the newest state for several jobs of this kind, all of which are prepared next."""

    def hold(self) -> bool:
        """Give back what may not be sent any more; return whether anything is left."""

    def prepare(self) -> Callable[[], Any] | None:
        """Return the call, or None if there is nothing to send after all."""

    def succeed(self, answer: Any) -> list[Job]:
        """Settle what was accepted; return what follows from it."""

    def fail(self, error: BrazeError) -> list[Job]:
        """Settle what was not; return what follows from it."""


def run(jobs: Iterable[Job], courier: Courier) -> None:
    """Make all calls, at most `in_flight` at once, each prepared only when there is room for it.

    `jobs` may claim as it goes along. What is done in a turn is done for some calls together, because a statement
    about 500 rows costs little more than one about 50; the other calls are in the air meanwhile.
    """
    source, following = iter(jobs), deque[Job]()
    flying: dict[Future[Any], Job] = {}
    scribe = Scribe()
    try:
        while (taken := _take(courier.in_flight - len(flying), following, source)) or flying:
            for job, call in _prepare(taken, following):
                flying[courier.pool.submit(call)] = job
            done = _some_done(flying)
            courier.groups.clear()
            for future in done:
                following.extend(_finish(flying.pop(future), future))
            settlements, courier.settlements = courier.settlements, Settlements()
            scribe.write(settlements)
        scribe.wait()
    finally:
        wait(flying)  # whatever went wrong here, the next round must not queue behind these calls
        scribe.close()
        counts.write()


def _take(room: int, following: deque[Job], source: Iterator[Job]) -> list[Job]:
    """Take what follows from earlier calls first; return nothing only if there is no room or nothing is left."""
    room = min(room, AT_ONCE)
    first = [following.popleft() for _ in range(min(room, len(following)))]
    return first + list(islice(source, room - len(first)))


def _some_done(flying: Mapping[Future[Any], Job]) -> list[Future[Any]]:
    if not flying:
        return []
    return list(islice(wait(flying, return_when=FIRST_COMPLETED).done, AT_ONCE))


def _prepare(jobs: Iterable[Job], following: deque[Job]) -> list[tuple[Job, Callable[[], Any]]]:
    alike: dict[type[Job], list[Job]] = {}
    for job in jobs:
        if job.hold():
            alike.setdefault(type(job), []).append(job)
    ready = []
    for kind, some in alike.items():
        kind.load(some)
        ready += [(job, call) for job in some if (call := _call(job, following))]
    return ready


def _call(job: Job, following: deque[Job]) -> Callable[[], Any] | None:
    try:
        return job.prepare()
    except DatabaseTrouble:
        raise
    except Exception:
        # One row that cannot be put into words must not hold up its neighbours: it is parked by itself.
        logger.exception("A payload could not be built")
        following.extend(job.fail(Refused("This row could not be put into words; see the worker's log.")))
        return None


def _finish(job: Job, future: Future[Any]) -> list[Job]:
    try:
        error = future.exception()
        noting.call(job, error)
        if error is None:
            return job.succeed(future.result())
        return job.fail(_as_braze_error(error))
    except DatabaseTrouble:
        raise
    except Exception:
        logger.exception("What came of a call could not be written down; its rows come back with their lease")
        return []


def _as_braze_error(error: BaseException) -> BrazeError:
    if isinstance(error, BrazeError):
        return error
    logger.error("A call failed in an unforeseen way", exc_info=error)
    return TryLater(type(error).__name__)
