"""Subscriptions to Braze, by address: opt-outs, consents of numbers, and the look before the first one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from sms_consent import lines, outbox, services
from sms_consent.braze import BrazeError, Refused, TryLater, payloads
from sms_consent.braze.answers import NAMELESS
from sms_consent.braze.client import BATCH, SET_STATUS, USER_STATUS
from sms_consent.choices import State, Told
from sms_consent.delivery.emails import global_email_jobs
from sms_consent.delivery.jobs import ACCEPTED, CallJob, put_back
from sms_consent.delivery.pipeline import Courier, Job, run
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.outbox import Claim, Outcome

TELLS = {
    State.SUBSCRIBED: Told.SUBSCRIBED,
    State.PENDING: Told.ASKED,
    State.UNSUBSCRIBED: Told.UNSUBSCRIBED,
    State.NONE: Told.UNSUBSCRIBED,  # due only where Braze says otherwise without any consent here
}
LEFT_BEFORE = "Found unsubscribed at Braze before the number was first subscribed."


def load(claims: Iterable[Claim]) -> dict[Claim, Subscription]:
    """Return the subscriptions as they are now, without those that have changed since they were claimed."""
    by_id = {claim.id: claim for claim in claims}
    rows = Subscription.objects.filter(id__in=by_id).select_related("program")
    return {by_id[row.pk]: row for row in rows if row.version == by_id[row.pk].version}


def status_jobs(courier: Courier, claims: Iterable[Claim]) -> list[Job]:
    """Return the calls that tell these: one program and state each, up to 50 addresses."""
    groups: dict[tuple[Program, str], list[Claim]] = defaultdict(list)
    for claim, row in (loaded := load(claims)).items():
        groups[row.program, _tells(row)].append(claim)
    changed = [claim for claim in claims if claim not in loaded]
    outbox.settle_subscriptions(Told.UNKNOWN, dict.fromkeys(changed, put_back()))
    return [
        StatusJob(courier=courier, program=program, told=told, claims=group[start : start + BATCH])
        for (program, told), group in groups.items()
        for start in range(0, len(group), BATCH)
    ]


def _tells(row: Subscription) -> str:
    """Return what Braze is to be told of a subscription: an opt-out that it has not heard of comes first."""
    return Told.UNSUBSCRIBED if row.owes_opt_out else TELLS[State(row.state)]


@dataclass(kw_only=True)
class StatusJob(CallJob):
    """`/subscription/status/set` for one program and state."""

    endpoint = SET_STATUS
    program: Program
    told: str

    def is_open(self) -> bool:
        """Whether neither the endpoint nor the program's line has stopped."""
        return super().is_open() and self.program.slug not in self.courier.closed

    def stop_line(self, words: str) -> None:
        """Stop this program's line."""
        self.courier.stop(self.program.slug, words, lines.program_fingerprint(self.program))

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        outbox.settle_subscriptions(self.told, outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Load the addresses, and the person if there is just one and new."""
        rows = load(self.claims)
        self.give_back(claim for claim in self.claims if claim not in rows)
        if not rows:
            return None
        if self.told == Told.UNSUBSCRIBED:
            outbox.note_looked(rows)  # what Braze says from here on is our own doing, and nobody's earlier STOP
        body = payloads.status(
            group_id=self.program.subscription_group_id,
            state=State.UNSUBSCRIBED if self.told == Told.UNSUBSCRIBED else State.SUBSCRIBED,
            is_sms=self.program.is_sms,
            addresses=[rows[claim].address for claim in self.claims],
            external_id=self._new_person(list(rows.values())),
            double_opt_in=self.told == Told.ASKED,
        )
        return partial(self.courier.client.set_subscription, body)

    def _new_person(self, rows: list[Subscription]) -> str:
        """One new person travels by name, as in the first of the two calls; everyone else by number."""
        if len(rows) > 1 or self.told == Told.UNSUBSCRIBED:
            return ""
        holders = BrazeProfile.objects.filter(person__phone=rows[0].address, is_to_delete=False)
        new = holders.filter(accepted_at__isnull=True)
        return new.order_by("-pk").values_list("external_id", flat=True).first() or ""

    def succeed(self, answer: Any) -> list[Job]:
        """Braze took it for all of them."""
        self.courier.went_well(SET_STATUS, self.program.slug)
        self.finish(dict.fromkeys(self.claims, ACCEPTED))
        return []

    def refused(self, error: Refused) -> list[Job]:
        """Stop the line if it is the group that Braze does not take; else find out who it is."""
        if not error.is_about_the_group:
            return super().refused(error)
        self.stop_line(str(error))
        self.give_back(self.claims)
        return []


@dataclass(kw_only=True)
class LookJob(CallJob):
    """`/subscription/user/status`, before a number is first subscribed and before it is asked again.

    "Unsubscribed" there that we never told is a STOP from before our time (design.md §4.2); "Subscribed" for
    a request that waits means that no second prompt is needed.
    """

    endpoint = USER_STATUS
    rows: dict[Claim, Subscription] = field(init=False, default_factory=dict)
    asked_at: datetime | None = field(init=False, default=None)

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down: a look tells Braze nothing."""
        outbox.settle_subscriptions(Told.UNKNOWN, outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Load the numbers."""
        self.asked_at = timezone.now()
        self.rows = load(self.claims)
        self.give_back(claim for claim in self.claims if claim not in self.rows)
        phones = sorted({row.address for row in self.rows.values()})
        return partial(self.courier.client.group_states, phones) if phones else None

    def succeed(self, answer: dict[str, dict[str, str]]) -> list[Job]:
        """Sort out who left at Braze and who is there already; tell it the rest."""
        self.courier.went_well(USER_STATUS)
        self.give_back(self._moved())
        for phone in (phone for phone, states in answer.items() if NAMELESS in states):
            outbox.claim_identity(phone)
        rest = []
        for claim in self.claims:
            row = self.rows[claim]
            state = answer.get(row.address, {}).get(row.program.subscription_group_id, "")
            is_news = state == "unsubscribed" and row.looked_at is None
            if is_news and services.leave_at_braze(row, note=LEFT_BEFORE, at=self.asked_at):
                continue
            if state == "subscribed" and claim.asked > 0:
                outbox.settle_subscriptions(TELLS[State(row.state)], {claim: ACCEPTED})
            else:
                rest.append(claim)
        outbox.note_looked(rest)
        jobs = status_jobs(self.courier, rest)
        self.end_isolation()
        return jobs

    def _moved(self) -> list[Claim]:
        """Return those whose program is another group's by now: what was seen is of the old one."""
        groups = dict(Program.objects.values_list("pk", "subscription_group_id"))
        return [c for c, row in self.rows.items() if groups[row.program_id] != row.program.subscription_group_id]

    def fail(self, error: BrazeError) -> list[Job]:
        """Nothing was told, whatever became of the call."""
        if isinstance(error, TryLater):
            error.is_known = error.is_answered = True
        return super().fail(error)


def deliver_opt_outs(courier: Courier, limit: int) -> int:
    """Send opt-outs that are due; return how many were claimed."""
    jobs, claimed = global_email_jobs(courier, limit)
    if courier.is_open(SET_STATUS):
        claims = outbox.claim_opt_outs(limit, closed=courier.closed_programs())
        jobs, claimed = status_jobs(courier, claims) + jobs, claimed + len(claims)
    run(jobs, courier)
    return claimed


def deliver_numbers(courier: Courier, limit: int) -> int:
    """Send numbers to be subscribed or asked; return how many were claimed."""
    if not courier.is_open(SET_STATUS):
        return 0
    may_look = courier.is_open(USER_STATUS)
    claims = outbox.claim_numbers(limit, closed=courier.closed_programs(), may_look=may_look)
    rows = load(claims)
    look = [
        claim for claim, row in rows.items() if row.looked_at is None or (claim.asked and row.state == State.PENDING)
    ]
    looked_for = set(look)
    tell = [claim for claim in claims if claim not in looked_for]
    looks: list[Job] = [LookJob(courier=courier, claims=look[i : i + BATCH]) for i in range(0, len(look), BATCH)]
    run(looks + status_jobs(courier, tell), courier)
    return len(claims)
