"""Running calls side by side: the database is used here, HTTP in the threads of a pool."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Protocol

from django.db import Error as DatabaseTrouble
from django.db import connection
from django.utils import timezone

from sms_consent import counts, lines, people
from sms_consent.braze import BrazeClient, BrazeError, Pace, Refused, TryLater
from sms_consent.braze.client import BATCH
from sms_consent.braze.limits import backoff
from sms_consent.delivery import loading, noting
from sms_consent.delivery.settlements import Scribe, Settlements
from sms_consent.models import Program
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)

LONGEST_WAIT = 0.5  # seconds, of a call that is prepared
MOST_AT_ONCE = 40  # calls: 2,000 people, so that no transaction is long


@cache
def _at_once() -> int:
    return max(1, min(MOST_AT_ONCE, people.most_locked() // (2 * BATCH)))


@dataclass
class Courier:
    """What deliveries of one lane share: client, pool, pace, and what is known of stopped lines.

    `closed` holds the names of lines not to be tried in this round, `known_lines` all that ever stopped; `groups` which
    group each program is, read since this turn's answers; `leases` are those of this round's claims. Once `stopping` is
    set, nothing more is claimed or sent.
    """

    client: BrazeClient
    pool: ThreadPoolExecutor
    lane: str
    in_flight: int
    pace: Pace
    closed: set[str] = field(default_factory=set)
    known_lines: set[str] = field(default_factory=set)
    settlements: Settlements = field(default_factory=Settlements)
    groups: dict[int, str] = field(default_factory=dict)
    leases: set[int] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)

    def is_open(self, endpoint: str) -> bool:
        """Whether calls to this endpoint make sense now: its line is open, its limit not spent, the worker to go on."""
        if self.stopping.is_set():
            return False
        return endpoint not in self.closed and self.pace.is_ready(endpoint) and not self.client.is_spent(endpoint)

    @property
    def at_once(self) -> int:
        """For how many calls rows are loaded, or settled, together: of each person two addresses are locked.

        Opt-outs in so few that they never wait until others have done with many (`people.lock`, rule 4).
        """
        return people.MANY // BATCH if self.lane == lines.Lane.OPT_OUTS else _at_once()

    @property
    def claim_size(self) -> int:
        """How many rows are claimed together: so many that they share what a statement costs, and are soon told."""
        return 2 * BATCH * min(self.at_once, self.in_flight)

    def took(self, claims: list[Claim]) -> list[Claim]:
        """Note what was claimed, and return it."""
        self.leases.update(claim.lease for claim in claims[:1])  # one for all
        return claims

    def groups_now(self) -> dict[int, str]:
        """Return the subscription group of each program, by its id."""
        if not self.groups:
            self.groups.update({pk: program.subscription_group_id for pk, program in loading.programs().items()})
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

    endpoint: ClassVar[str]

    @classmethod
    def load(cls, jobs: Sequence[Any]) -> None:
        """Load the newest state for several jobs of this kind, all of which are prepared next."""

    def hold(self) -> bool:
        """Give back what may not be sent any more; return whether anything is left."""

    def prepare(self) -> Callable[[], Any] | None:
        """Return the call, or None if there is nothing to send after all."""

    def withdraw(self) -> Job:
        """Return what is to be prepared in place of a call that was never made."""

    def succeed(self, answer: Any) -> list[Job]:
        """Settle what was accepted; return what follows from it."""

    def fail(self, error: BrazeError) -> list[Job]:
        """Settle what was not; return what follows from it."""


def run(jobs: Iterable[Job], courier: Courier) -> None:
    """Make all calls, at most `in_flight` at once, with as many more prepared so that no thread waits for one.

    So it is once the first answers have told what Braze allows. What has waited for too long is prepared anew: a slow
    Braze must not be told what was true long ago. From then on nothing waits any more.
    `jobs` may claim as it goes along. What is done in a turn is done for some calls together, because a statement
    about 1,000 rows costs little more than one about 50; the other calls are in the air meanwhile.
    """
    source, following = iter(jobs), deque[Job]()
    flying: dict[Future[Any], Job] = {}
    scribe, ahead, is_quick = Scribe(), 0, True
    try:
        while (taken := _take(_room(courier, ahead, flying), following, source)) or flying:
            for job, call in _prepare(taken, following):
                flying[courier.pool.submit(_in_time, courier, job, call, time.time())] = job
            is_full = not taken or _room(courier, ahead, flying) < courier.at_once
            done = _some_done(flying, courier.at_once, may_wait=is_full)
            is_quick = is_quick and not any(map(_was_too_late, done))
            ahead = courier.in_flight if is_quick else 0
            courier.groups.clear()
            for future in done:
                following.extend(_finish(flying[future], future))
                del flying[future]  # not before: a call that was never made may yet have to be called off
            settlements, courier.settlements = courier.settlements, Settlements()
            scribe.write(settlements)
        scribe.wait()
    finally:
        _call_off(flying)  # whatever went wrong here, the next round must not queue behind these calls
        scribe.close()
        counts.write()


def _room(courier: Courier, ahead: int, flying: Mapping[Future[Any], Job]) -> int:
    return min(courier.at_once, max(0, courier.in_flight + ahead - len(flying)))


def _call_off(flying: Mapping[Future[Any], Job]) -> None:
    """Wait for what has begun; what has not is never made, and has started nothing."""
    never = [job for future, job in flying.items() if future.cancel()]
    wait(flying)
    never += [job for future, job in flying.items() if not future.cancelled() and _was_too_late(future)]
    if never:
        connection.close_if_unusable_or_obsolete()
    with suppress(DatabaseTrouble):
        for job in never:
            job.withdraw()


def _take(room: int, following: deque[Job], source: Iterator[Job]) -> list[Job]:
    """Take what follows from earlier calls first; return nothing only if there is no room or nothing is left."""
    first = [following.popleft() for _ in range(min(room, len(following)))]
    return first + list(islice(source, room - len(first)))


def _some_done(flying: Mapping[Future[Any], Job], most: int, *, may_wait: bool) -> list[Future[Any]]:
    if not flying:
        return []
    return list(islice(wait(flying, None if may_wait else 0, FIRST_COMPLETED).done, most))


def _prepare(jobs: Iterable[Job], following: deque[Job]) -> list[tuple[Job, Callable[[], Any]]]:
    """Return what is to be called for each. None is made before all are built: its thread would hold the others up."""
    alike: dict[type[Job], list[Job]] = {}
    for job in jobs:
        if job.hold():
            alike.setdefault(type(job), []).append(job)
    ready = []
    for kind, some in alike.items():
        kind.load(some)
        ready += [(job, call) for job in some if (call := _call(job, following))]
    return ready


class _TooLateError(Exception):
    """A call has waited for so long that what it says may not be so any more, or the limit has been spent meanwhile."""


def _in_time(courier: Courier, job: Job, call: Callable[[], Any], prepared_at: float) -> Any:
    if time.time() - prepared_at > LONGEST_WAIT or courier.client.is_spent(job.endpoint):
        raise _TooLateError
    return call()


def _was_too_late(future: Future[Any]) -> bool:
    return isinstance(future.exception(), _TooLateError)


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
        if _was_too_late(future):
            return [job.withdraw()]
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
