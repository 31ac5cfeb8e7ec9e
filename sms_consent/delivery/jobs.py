"""What all calls have in common: who is settled how when Braze takes them, refuses them or does not answer."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from django.conf import settings
from django.utils import timezone

from sms_consent import lines
from sms_consent.braze import BrazeError, Refused, TryLater
from sms_consent.braze.client import BATCH
from sms_consent.delivery import noting
from sms_consent.delivery.pipeline import Courier, Job, run
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)

ACCEPTED = Outcome(accepted=True)
A_TURN = 2.0  # seconds, before other kinds of rows have theirs
MANY = 3  # from so many refused alike on, it is not them: two people may well share one kind of mistake


def put_back() -> Outcome:
    """Return the outcome of a row that was not sent, or not taken, through no fault of its own."""
    return Outcome(retry_at=timezone.now(), counts=False)


def still_held(claims: Iterable[Claim]) -> set[Claim]:
    """Return the claims whose lease outlasts a call; a worker that was suspended sends nothing stale."""
    margin = timezone.now() + settings.BRAZE_LEASE / 4
    return {claim for claim in claims if claim.until > margin}


def claiming(claim: Callable[[int], list[Claim]], courier: Courier, endpoint: str) -> Iterator[list[Claim]]:
    """Claim some more whenever the calls about those before are under way, while there are some and the turn lasts.

    No more than Braze lets us send now: whoever has to wait waits unclaimed.
    """
    until = time.monotonic() + A_TURN
    while time.monotonic() < until:
        most = min(courier.claim_size, BATCH * courier.pace.left(endpoint))
        claims = courier.took(claim(most)) if courier.is_open(endpoint) else []
        if not claims:
            return
        yield claims


def in_calls(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Return as many at a time as one call takes."""
    return (list(claims[start : start + BATCH]) for start in range(0, len(claims), BATCH))


def by_luck(claims: Sequence[Claim]) -> Iterator[list[Claim]]:
    """Return as many at a time, those that have failed before apart: they hold up nobody who is new."""
    yield from in_calls([claim for claim in claims if not claim.attempts])
    yield from in_calls([claim for claim in claims if claim.attempts])


def deliver_all(courier: Courier, claim: Callable[[int], list[Claim]], job: type[CallJob], *endpoints: str) -> int:
    """Claim what is due of one kind and send it if all of these endpoints are open; return how many were claimed."""
    if not all(map(courier.is_open, endpoints)):
        return 0
    claims = courier.took(claim(BATCH * courier.in_flight))
    run([job(courier=courier, claims=some) for some in in_calls(claims)], courier)
    return len(claims)


@dataclass(kw_only=True)
class CallJob(ABC):
    """One call. `claims` are those that it has still to settle; each is settled exactly once."""

    endpoint: ClassVar[str]
    courier: Courier
    claims: list[Claim]
    isolation: Isolation | None = None

    @classmethod  # noqa: B027 - not abstract: some leave it to `build`
    def load(cls, jobs: Sequence[Self]) -> None:
        """Load what the claims of several such calls are about, where that is not left to each one's `build`."""

    @abstractmethod
    def build(self) -> Callable[[], Any] | None:
        """Return the call from what the claims are about now, or None; settle what is not to be sent."""

    def succeed(self, answer: Any) -> list[Job]:
        """Braze took it for all of them; return what follows from it."""
        self.courier.went_well(*self.line_names)
        self.finish(dict.fromkeys(self.claims, ACCEPTED))
        return []

    @property
    def line_names(self) -> tuple[str, ...]:
        """The lines that the call goes by, the endpoint first."""
        return (self.endpoint,)

    @abstractmethod
    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Have outcomes written down at the end of the turn."""

    def is_open(self) -> bool:
        """Whether the call still makes sense: the line may have stopped since the rows were claimed."""
        return self.courier.is_open(self.endpoint)

    def stop_line(self, words: str) -> None:
        """Stop what every one of several is refused on."""
        self.courier.stop(self.endpoint, words, lines.account_fingerprint())

    def hold(self) -> bool:
        """Give back what may not be sent any more; return whether anything is left."""
        held = still_held(self.claims) if self.is_open() else set()
        self.give_back([claim for claim in self.claims if claim not in held])
        if self.claims:
            self.courier.pace.spend(self.endpoint)
        return bool(self.claims)

    def prepare(self) -> Callable[[], Any] | None:
        """Return the call, built from the newest state."""
        call = self.build() if self.claims else None
        if call is None:
            self.courier.pace.spend(self.endpoint, -1)
        return call

    def withdraw(self) -> Job:
        """Return the same call, not prepared."""
        self.courier.pace.spend(self.endpoint, -1)
        return replace(self)

    def finish(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Settle these."""
        if not outcomes:
            return
        self.settle(outcomes)
        noting.settled(self.courier.lane, outcomes)
        self.claims = [claim for claim in self.claims if claim not in outcomes]
        for claim, outcome in outcomes.items():
            self._back(claim, accepted=outcome.accepted)

    def give_back(self, claims: Iterable[Claim]) -> None:
        """Settle rows that are not to blame for not being sent."""
        self.finish(dict.fromkeys(claims, put_back()))

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, find out who it is about, or stop the line."""
        if isinstance(error, Refused):
            return self.refused(error)
        if isinstance(error, TryLater):
            self.finish(dict.fromkeys(self.claims, self.courier.later(self.endpoint, error, self.claims)))
        else:
            self.courier.stop(self.endpoint, str(error), lines.account_fingerprint())
            self.give_back(self.claims)
        return []

    def refused(self, error: Refused) -> list[Job]:
        """Send everybody again alone, once (story 30); who is alone already is refused."""
        if len(self.claims) == 1:
            self.refuse({self.claims[0]: Outcome(reason=str(error), is_known=error.is_known)})
            return []
        isolation = Isolation(self, set(self.claims))
        return [replace(self, claims=[claim], isolation=isolation) for claim in self.claims]

    def refuse(self, refused: Mapping[Claim, Outcome]) -> None:
        """Note whom Braze does not take. In an isolation the verdict waits for the others."""
        if self.isolation is None:
            self.judge(refused, others_accepted=len(refused) < len(self.claims))
        for claim, outcome in refused.items():
            self._back(claim, refused=outcome)
        self.claims = [claim for claim in self.claims if claim not in refused]

    def end_isolation(self) -> None:
        """Note that who was sent alone went through and is settled elsewhere."""
        for claim in self.claims:
            self._back(claim, accepted=True)

    def _back(self, claim: Claim, *, accepted: bool = False, refused: Outcome | None = None) -> None:
        if self.isolation is not None:
            self.isolation.back(claim, accepted=accepted, refused=refused)

    def judge(self, refused: Mapping[Claim, Outcome], *, others_accepted: bool) -> None:
        """Park who was refused; but where all of many are refused with the same words, it is the line."""
        words = {outcome.reason for outcome in refused.values()}
        if not others_accepted and len(refused) >= MANY and len(words) == 1:
            self.suspend(refused, words.pop())
            return
        self.settle(refused)
        log = logger.error if self.courier.lane == lines.Lane.OPT_OUTS else logger.warning
        log("Braze refused %s (%s), parked: rows %s", self.endpoint, self.courier.lane, [c.id for c in refused])

    def suspend(self, refused: Mapping[Claim, Outcome], words: str) -> None:
        """Stop the line; of opt-outs only these wait, each for itself, for no opt-out holds up another (rule 4)."""
        if self.courier.lane != lines.Lane.OPT_OUTS:
            self.stop_line(words)
            self.settle(dict.fromkeys(refused, put_back()))
            return
        waits = min(lines.FIRST_PROBE * 2 ** min(lines.MAX_PROBES, *(c.attempts for c in refused)), lines.LAST_PROBE)
        logger.error("Braze refused %s opt-outs on %s alike: %s", len(refused), self.endpoint, words)
        self.settle(dict.fromkeys(refused, Outcome(retry_at=timezone.now() + waits)))


class ProfileJob(CallJob):
    """A call about profiles that changes none of the attributes that are kept of them."""

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        self.courier.settlements.add_people(outcomes, {})


@dataclass
class Isolation:
    """A refused batch, sent again one by one. Judged when the last of them is back."""

    batch: CallJob
    out: set[Claim]
    accepted: bool = False
    refused: dict[Claim, Outcome] = field(default_factory=dict)

    def back(self, claim: Claim, *, accepted: bool = False, refused: Outcome | None = None) -> None:
        """Note how one fared alone; neither accepted nor refused (a timeout) says nothing about the rest."""
        self.out.discard(claim)
        self.accepted = self.accepted or accepted
        if refused is not None:
            self.refused[claim] = refused
        if not self.out and self.refused:
            self.batch.judge(self.refused, others_accepted=self.accepted)
