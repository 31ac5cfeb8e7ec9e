"""Subscriptions to Braze, by address: opt-outs, consents of numbers, and the look before the first one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sms_consent import lines, outbox, services
from sms_consent.braze import BrazeError, Misconfigured, Refused, TryLater, payloads
from sms_consent.braze.client import BATCH, SET_STATUS, USER_STATUS
from sms_consent.choices import Source, State, Told
from sms_consent.delivery.pipeline import Courier, Isolation, Job, put_back, run, still_held
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.outbox import Claim, Outcome

TELLS = {State.SUBSCRIBED: Told.SUBSCRIBED, State.PENDING: Told.ASKED, State.UNSUBSCRIBED: Told.UNSUBSCRIBED}


def load(claims: Iterable[Claim]) -> dict[Claim, Subscription]:
    """Return the subscriptions as they are now, without those that have changed since they were claimed."""
    by_id = {claim.id: claim for claim in claims}
    rows = Subscription.objects.filter(id__in=by_id).select_related("program")
    return {by_id[row.pk]: row for row in rows if row.version == by_id[row.pk].version}


def status_jobs(courier: Courier, claims: Iterable[Claim]) -> list[Job]:
    """Return the calls that tell these: one program and state each, up to 50 addresses."""
    groups: dict[tuple[Program, str], list[Claim]] = defaultdict(list)
    loaded = load(claims)
    for claim, row in loaded.items():
        if row.state in TELLS and row.program.slug not in courier.closed:
            groups[row.program, TELLS[State(row.state)]].append(claim)
    taken = {claim for group in groups.values() for claim in group}
    release(claim for claim in claims if claim not in taken)
    return [
        StatusJob(courier, program, told, group[start : start + BATCH])
        for (program, told), group in groups.items()
        for start in range(0, len(group), BATCH)
    ]


def release(claims: Iterable[Claim]) -> None:
    """Give back rows that were not sent."""
    outcomes = {claim: put_back() for claim in claims}
    if outcomes:
        outbox.settle_subscriptions(Told.UNKNOWN, outcomes)


@dataclass
class StatusJob:
    """`/subscription/status/set` for one program and state."""

    courier: Courier
    program: Program
    told: str
    claims: list[Claim]
    isolation: Isolation | None = None

    def prepare(self) -> Callable[[], Any] | None:
        """Load the addresses, and the person if there is just one and new."""
        rows = load(still_held(self.claims))
        release(claim for claim in self.claims if claim not in rows)
        self.claims = list(rows)
        if not rows:
            return None
        body = payloads.status(
            group_id=self.program.subscription_group_id,
            state=State.UNSUBSCRIBED if self.told == Told.UNSUBSCRIBED else State.SUBSCRIBED,
            is_sms=self.program.is_sms,
            addresses=[row.address for row in rows.values()],
            external_id=self._new_person(list(rows.values())),
            double_opt_in=self.told == Told.ASKED,
        )
        return partial(self.courier.client.set_subscription, body)

    def _new_person(self, rows: list[Subscription]) -> str:
        """One new person travels by name, as in the first of the two calls; everyone else by number."""
        if len(rows) > 1 or self.told == Told.UNSUBSCRIBED:
            return ""
        new = BrazeProfile.objects.filter(person__phone=rows[0].address, accepted_at__isnull=True)
        return new.order_by("-pk").values_list("external_id", flat=True).first() or ""

    def succeed(self, answer: Any) -> list[Job]:
        """Braze took it for all of them."""
        self.courier.went_well(SET_STATUS, self.program.slug)
        if self.told == Told.ASKED:
            self.courier.asked |= {claim.id for claim in self.claims}
        outbox.settle_subscriptions(self.told, dict.fromkeys(self.claims, Outcome(accepted=True)))
        if self.isolation:
            self.isolation.accepted += 1
            self._end_isolation(self.isolation)
        return []

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, stop the line, or find out who it is about."""
        if isinstance(error, TryLater):
            return self._settle(self.courier.later(SET_STATUS, error, self.claims))
        if isinstance(error, Misconfigured):
            self.courier.stop(SET_STATUS, str(error), lines.account_fingerprint())
            return self._settle(put_back())
        if isinstance(error, Refused) and error.is_about_the_group:
            self.courier.stop(self.program.slug, str(error), lines.program_fingerprint(self.program))
            return self._settle(put_back())
        return self._refused(str(error))

    def _refused(self, words: str) -> list[Job]:
        if self.isolation:
            self.isolation.refused |= dict.fromkeys(self.claims, words)
            self._end_isolation(self.isolation)
            return []
        if len(self.claims) == 1:
            return self._settle(Outcome(reason=words))
        isolation = Isolation(len(self.claims))
        return [StatusJob(self.courier, self.program, self.told, [claim], isolation) for claim in self.claims]

    def _end_isolation(self, isolation: Isolation) -> None:
        if not isolation.is_complete or not isolation.refused:
            return
        if isolation.is_configuration:
            words = next(iter(isolation.refused.values()))
            self.courier.stop(self.program.slug, words, lines.program_fingerprint(self.program))
            outcomes = dict.fromkeys(isolation.refused, put_back())
        else:
            outcomes = {claim: Outcome(reason=words) for claim, words in isolation.refused.items()}
        outbox.settle_subscriptions(self.told, outcomes)

    def _settle(self, outcome: Outcome) -> list[Job]:
        outbox.settle_subscriptions(self.told, dict.fromkeys(self.claims, outcome))
        if self.isolation:  # neither accepted nor refused: the others decide
            self.isolation.total -= 1
            self._end_isolation(self.isolation)
        return []


@dataclass
class LookJob:
    """`/subscription/user/status`, before a number is first subscribed and before it is asked again.

    "Unsubscribed" there that we never told is a STOP from before our time (design.md §4.2); "Subscribed" for
    a request that waits means that no second prompt is needed.
    """

    courier: Courier
    claims: list[Claim]
    rows: dict[Claim, Subscription] = field(default_factory=dict)

    def prepare(self) -> Callable[[], Any] | None:
        """Load the numbers."""
        self.rows = load(still_held(self.claims))
        release(claim for claim in self.claims if claim not in self.rows)
        phones = sorted({row.address for row in self.rows.values()})
        return partial(self.courier.client.group_states, phones) if phones else None

    def succeed(self, answer: dict[str, dict[str, str]]) -> list[Job]:
        """Sort out who left at Braze and who is there already; tell it the rest."""
        self.courier.went_well(USER_STATUS)
        rest = []
        for claim, row in self.rows.items():
            state = answer.get(row.address, {}).get(row.program.subscription_group_id, "")
            if state == "unsubscribed" and claim.asked == 0 and row.told_at is None:
                _left_at_braze(row)
            elif state == "subscribed" and claim.asked > 0:
                outbox.settle_subscriptions(Told.ASKED, {claim: Outcome(accepted=True)})
            else:
                rest.append(claim)
        return status_jobs(self.courier, rest)

    def fail(self, error: BrazeError) -> list[Job]:
        """Nothing was told; nothing is known to be wrong with anyone."""
        if isinstance(error, TryLater):
            outcome = self.courier.later(USER_STATUS, error, self.rows)
            outcome = Outcome(retry_at=outcome.retry_at, counts=outcome.counts)
        elif isinstance(error, Refused) and len(self.rows) > 1:
            return [LookJob(self.courier, [claim]) for claim in self.rows]
        elif isinstance(error, Refused):
            outcome = Outcome(reason=str(error))
        else:
            self.courier.stop(USER_STATUS, str(error), lines.account_fingerprint())
            outcome = put_back()
        outbox.settle_subscriptions(Told.UNKNOWN, dict.fromkeys(self.rows, outcome))
        return []


def _left_at_braze(row: Subscription) -> None:
    services.withdraw(
        row.address,
        programs=[row.program],
        source=Source.BRAZE,
        stops=True,
        circumstances=Circumstances(note="Found unsubscribed at Braze before the number was first subscribed."),
    )
    outbox.note_left(row.pk)


def deliver_opt_outs(courier: Courier, limit: int) -> int:
    """Send opt-outs that are due; return how many were claimed."""
    if not courier.is_open(SET_STATUS):
        return 0
    closed = _closed_programs(courier)
    claims = outbox.claim_opt_outs(limit, closed=closed)
    run(status_jobs(courier, claims), courier)
    return len(claims)


def deliver_numbers(courier: Courier, limit: int) -> int:
    """Send numbers to be subscribed or asked; return how many were claimed."""
    if not courier.is_open(SET_STATUS) or not courier.is_open(USER_STATUS):
        return 0
    claims = outbox.claim_numbers(limit, closed=_closed_programs(courier))
    rows = load(claims)
    look = [claim for claim, row in rows.items() if row.told_at is None or row.state == State.PENDING]
    tell = [claim for claim in claims if claim not in set(look)]
    looks: list[Job] = [LookJob(courier, look[start : start + BATCH]) for start in range(0, len(look), BATCH)]
    run(looks + status_jobs(courier, tell), courier)
    return len(claims)


def _closed_programs(courier: Courier) -> list[int]:
    return list(Program.objects.filter(slug__in=courier.closed).values_list("pk", flat=True))
