"""Subscriptions to Braze, by address: opt-outs, consents of numbers, and the look before the first one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.utils import timezone

from optin_site.lookups import holds
from sms_consent import lines, outbox, services
from sms_consent.braze import BrazeError, Refused, TryLater, payloads
from sms_consent.braze.answers import NAMELESS
from sms_consent.braze.client import SET_STATUS, USER_STATUS
from sms_consent.choices import State, Told
from sms_consent.delivery import loading, settlements
from sms_consent.delivery.emails import global_email_jobs
from sms_consent.delivery.jobs import ACCEPTED, CallJob, by_luck, claiming, in_calls, put_back
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


class Row(NamedTuple):
    """What a call needs of a subscription; no model instance, for there are thousands a second."""

    id: int
    version: int
    address: str
    state: str
    owes_opt_out: bool
    is_looked_at: bool
    program: int

    @property
    def tells(self) -> str:
        """What Braze is to be told: an opt-out that it has not heard of comes first."""
        return Told.UNSUBSCRIBED if self.owes_opt_out else TELLS[State(self.state)]


FIELDS = ("id", "version", "address", "state", "owes_opt_out", holds(looked_at__isnull=False), "program_id")


def load(claims: Iterable[Claim]) -> dict[Claim, Row]:
    """Return the subscriptions as they are now, without those that have changed since they were claimed."""
    by_id = {claim.id: claim for claim in claims}
    rows = map(Row._make, Subscription.objects.filter(pk__among=by_id).values_list(*FIELDS))
    return {by_id[row.id]: row for row in rows if row.version == by_id[row.id].version}


def status_jobs(courier: Courier, claims: Iterable[Claim]) -> list[Job]:
    """Return the calls that tell these: one program and state each, up to 50 addresses."""
    loaded = load(claims)
    changed = [claim for claim in claims if claim not in loaded]
    courier.settlements.add(settlements.told(Told.UNKNOWN), dict.fromkeys(changed, put_back()))
    return _status_jobs(courier, loaded, loading.programs()) if loaded else []


def _status_jobs(courier: Courier, rows: Mapping[Claim, Row], programs: Mapping[int, Program]) -> list[Job]:
    groups: dict[tuple[int, str], list[Claim]] = defaultdict(list)
    for claim, row in rows.items():
        groups[row.program, row.tells].append(claim)
    return [
        StatusJob(courier=courier, program=programs[program], told=told, claims=some)
        for (program, told), group in groups.items()
        for some in by_luck(group)
    ]


@dataclass(kw_only=True)
class StatusJob(CallJob):
    """`/subscription/status/set` for one program and state."""

    endpoint = SET_STATUS
    program: Program
    told: str
    rows: dict[Claim, Row] = field(init=False, default_factory=dict)

    @classmethod
    def load(cls, jobs: Sequence[StatusJob]) -> None:
        """Load the addresses. What Braze calls unsubscribed from now on is our own doing, and nobody's earlier STOP."""
        rows = load(claim for job in jobs for claim in job.claims)
        for job in jobs:
            job.rows = {claim: rows[claim] for claim in job.claims if claim in rows}
        unsubscribed = [claim for job in jobs if job.told != Told.SUBSCRIBED for claim in job.rows]
        if unsubscribed:
            outbox.note_looked(unsubscribed)

    def is_open(self) -> bool:
        """Whether neither the endpoint nor the program's line has stopped."""
        return super().is_open() and self.program.slug not in self.courier.closed

    def stop_line(self, words: str) -> None:
        """Stop this program's line."""
        self.courier.stop(self.program.slug, words, lines.program_fingerprint(self.program))

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        self.courier.settlements.add(settlements.told(self.told), outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Name the addresses, and the person if there is just one and new."""
        rows = self.rows
        self.give_back([claim for claim in self.claims if claim not in rows])
        if not rows:
            return None
        body = payloads.status(
            group_id=self.program.subscription_group_id,
            state=State.UNSUBSCRIBED if self.told == Told.UNSUBSCRIBED else State.SUBSCRIBED,
            is_sms=self.program.is_sms,
            addresses=[rows[claim].address for claim in self.claims],
            external_id=self._new_person(list(rows.values())),
            double_opt_in=self.told == Told.ASKED,
        )
        return partial(self.courier.client.set_subscription, body)

    def _new_person(self, rows: list[Row]) -> str:
        """One new person travels by name, as in the first of the two calls; everyone else by number."""
        if len(rows) > 1 or self.told == Told.UNSUBSCRIBED:
            return ""
        holders = BrazeProfile.objects.filter(person__phone=rows[0].address, is_to_delete=False)
        new = holders.filter(accepted_at__isnull=True)
        return new.order_by("-pk").values_list("external_id", flat=True).first() or ""

    @property
    def line_names(self) -> tuple[str, ...]:
        """The endpoint and the program's line."""
        return (*super().line_names, self.program.slug)

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
    rows: Mapping[Claim, Row]
    programs: dict[int, Program] = field(init=False, default_factory=dict)
    asked_at: datetime | None = field(init=False, default=None)

    @classmethod
    def load(cls, jobs: Sequence[LookJob]) -> None:
        """Load which group each program is. The numbers loaded with the claim will do: no state is told here."""
        programs = loading.programs()
        for job in jobs:
            job.programs = programs

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down: a look tells Braze nothing."""
        self.courier.settlements.add(settlements.told(Told.UNKNOWN), outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Name the numbers."""
        self.asked_at = timezone.now()
        phones = sorted({self.rows[claim].address for claim in self.claims})
        return partial(self.courier.client.group_states, phones)

    def succeed(self, answer: dict[str, dict[str, str]]) -> list[Job]:
        """Sort out who left at Braze and who is there already; tell it the rest."""
        self.courier.went_well(USER_STATUS)
        groups = {pk: program.subscription_group_id for pk, program in self.programs.items()}
        self.give_back(self._moved(groups))
        for phone in (phone for phone, states in answer.items() if NAMELESS in states):
            outbox.claim_identity(phone)
        rest = {}
        for claim in self.claims:
            row = self.rows[claim]
            state = answer.get(row.address, {}).get(groups[row.program], "")
            if state == "unsubscribed" and not row.is_looked_at and self._leave(row):
                continue
            if state == "subscribed" and claim.asked > 0:
                self.courier.settlements.add(settlements.told(row.tells), {claim: ACCEPTED})
            else:
                rest[claim] = row
        jobs = _status_jobs(self.courier, rest, self.programs)
        self.end_isolation()
        return jobs

    def _moved(self, groups: Mapping[int, str]) -> list[Claim]:
        """Return those whose program is another group's by now: what was seen is of the old one."""
        moved = {pk for pk, group in self.courier.groups_now().items() if group != groups.get(pk)}
        return [claim for claim in self.claims if self.rows[claim].program in moved]

    def _leave(self, row: Row) -> bool:
        found = Subscription.objects.select_related("program").filter(pk=row.id, version=row.version).first()
        return found is not None and services.leave_at_braze(found, note=LEFT_BEFORE, at=self.asked_at)

    def fail(self, error: BrazeError) -> list[Job]:
        """Nothing was told, whatever became of the call."""
        if isinstance(error, TryLater):
            error.is_known = error.is_answered = True
        return super().fail(error)


def deliver_opt_outs(courier: Courier, limit: int) -> int:
    """Send opt-outs that are due; return how many were claimed."""
    jobs, claimed = global_email_jobs(courier, limit)
    if courier.is_open(SET_STATUS):
        claims = courier.took(outbox.claim_opt_outs(limit, closed=courier.closed_programs()))
        jobs, claimed = status_jobs(courier, claims) + jobs, claimed + len(claims)
    run(jobs, courier)
    return claimed


def deliver_numbers(courier: Courier) -> int:
    """Send numbers to be subscribed or asked; return how many were claimed."""
    claimed: list[Claim] = []

    def jobs() -> Iterator[Job]:
        for claims in claiming(partial(_claim, courier), courier, SET_STATUS):
            claimed.extend(claims)
            yield from _number_jobs(courier, claims)

    run(jobs(), courier)
    return len(claimed)


def _claim(courier: Courier, limit: int) -> list[Claim]:
    may_look = courier.is_open(USER_STATUS)
    return outbox.claim_numbers(limit, closed=courier.closed_programs(), may_look=may_look)


def _number_jobs(courier: Courier, claims: list[Claim]) -> Iterator[Job]:
    rows = load(claims)
    look = {claim: row for claim, row in rows.items() if _needs_a_look(claim, row)}
    for some in in_calls(list(look)):
        yield LookJob(courier=courier, claims=some, rows=look)
    yield from status_jobs(courier, [claim for claim in claims if claim not in look])


def _needs_a_look(claim: Claim, row: Row) -> bool:
    """Whether Braze is read first: before the first word about a number, and before it is asked again."""
    return not row.is_looked_at or (claim.asked > 0 and row.state == State.PENDING)
