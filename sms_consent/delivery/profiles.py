"""People to Braze: their attributes, and the consents that travel with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from sms_consent import lines, outbox
from sms_consent.braze import BrazeError, Refused, payloads
from sms_consent.braze.client import SET_STATUS, TRACK, USER_STATUS
from sms_consent.braze.errors import mentions_group
from sms_consent.choices import STANDING
from sms_consent.delivery import loading, moving
from sms_consent.delivery.jobs import ACCEPTED, CallJob, claiming, in_calls
from sms_consent.delivery.moving import Move
from sms_consent.delivery.pipeline import Courier, Job, run
from sms_consent.models import Program
from sms_consent.outbox import Claim, Outcome

A_MOMENT = timedelta(seconds=1)


def deliver_profiles(courier: Courier) -> int:
    """Send people whose profile is due; return how many were claimed.

    Whose email consent waits although they do not is looked for once nobody is left to claim: it leafs through whatever
    is due. A line that may have been mended is tried with one person before everybody is sent after them.
    """
    if not courier.is_open(TRACK):
        return 0
    claimed = [0]  # at a time

    def claim(limit: int) -> list[Claim]:
        some = outbox.claim_people(limit)
        claimed.append(len(some))
        return some

    def jobs() -> Iterator[Job]:
        for claims in claiming(claim, courier, TRACK):
            yield from (TrackJob(courier=courier, claims=some) for some in in_calls(claims))

    run(jobs(), courier)
    if claimed[-1] == courier.claim_size:
        return sum(claimed)
    most = 1 if courier.known_lines else courier.claim_size
    return sum(claimed) + outbox.mark_waiting(most, closed=courier.closed_programs())


@dataclass
class Parcel:
    """What one person's object in the call carries; `told` are the email consents that it tells, `started` requests.

    `accepted` is what Braze has of the person once it has taken that; `again_in` after how long they are told again.
    """

    claim: Claim
    body: dict[str, Any]
    changed: dict[str, Any]
    accepted: dict[str, Any]
    programs: list[str]
    told: list[int]
    started: list[int]
    is_new: bool
    again_in: timedelta | None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.is_new or self.changed or self.programs)


@dataclass(kw_only=True)
class TrackJob(CallJob):
    """`/users/track` for up to 50 people.

    `carry` limits the subscription groups that travel to these programs, `suspects` are those still to be
    tried alone: so it is found out which of several groups Braze does not take.
    """

    endpoint = TRACK
    carry: frozenset[str] | None = None
    suspects: tuple[str, ...] = ()
    parcels: dict[Claim, Parcel] = field(init=False, default_factory=dict)
    again: dict[Claim, timedelta] = field(init=False, default_factory=dict)
    versions: dict[int, int] = field(init=False, default_factory=dict)
    addresses: set[str] = field(init=False, default_factory=set)
    rides: list[int] = field(init=False, default_factory=list)
    profiles: list[loading.Profile] = field(init=False, default_factory=list)
    standings: Mapping[str, list[loading.Standing]] = field(init=False, default_factory=dict)
    programs: Mapping[int, Program] = field(init=False, default_factory=dict)

    @classmethod
    def load(cls, jobs: Sequence[TrackJob]) -> None:
        """Load people and consents as they are now, consents when it is written down that their call is opened."""
        profiles = loading.profiles([claim.id for job in jobs for claim in job.claims])
        addresses = {address for it in profiles.values() for address in (it.phone, it.email) if address}
        outbox.open_riders(addresses)
        standings = loading.standings(addresses.union(*(it.former for it in profiles.values())))
        programs = loading.programs()
        for job in jobs:
            job.profiles = [profiles[claim.id] for claim in job.claims if claim.id in profiles]
            job.standings, job.programs = standings, programs

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        taken = [self.parcels[claim] for claim, it in outcomes.items() if it.accepted and claim in self.parcels]
        accepted = {it.claim.id: it.accepted for it in taken if it.changed}
        again = {claim.id: self.again[claim] for claim, it in outcomes.items() if it.accepted and claim in self.again}
        self.courier.settlements.add_people(outcomes, accepted, again)

    def build(self) -> Callable[[], Any] | None:
        """Leave out who has nothing new, and who comes too early."""
        self._hold_back()
        loaded = self._pack()
        self.give_back([claim for claim in self.claims if claim not in loaded])
        self.again = {claim: it.again_in for claim, it in loaded.items() if it.again_in is not None}
        self.parcels = {claim: parcel for claim, parcel in loaded.items() if parcel.is_needed or self.carry}
        self.finish({claim: ACCEPTED for claim in loaded if claim not in self.parcels})
        if not self.parcels:
            return None
        self.rides = self._started(self.parcels.values())
        outbox.open_rides(self.rides)
        return partial(self.courier.client.track, [parcel.body for parcel in self.parcels.values()])

    def withdraw(self) -> Job:
        """Return the same call. It has started no request."""
        outbox.close_rides(self.rides)
        return super().withdraw()

    def _hold_back(self) -> None:
        unknown = {claim.id for claim in self.claims if claim.was_unknown}
        early = {it.id for it in self.profiles if self._comes_too_early(it, is_unknown=it.id in unknown)}
        again = Outcome(retry_at=timezone.now() + A_MOMENT, counts=False)
        self.finish({claim: again for claim in self.claims if claim.id in early})
        self.profiles = [profile for profile in self.profiles if profile.id not in early]

    def _comes_too_early(self, profile: loading.Profile, *, is_unknown: bool) -> bool:
        """Whether something else comes first where another address takes the place of one that Braze has, or had.

        A profile keeps its states when its address changes (R-phones), so the old one's opt-out is told before. And
        Braze is asked about a new number before (design.md §4.2): if the old one has left, the new one would seem to
        have left as well, long ago, and what its holder has just agreed to would be taken back.
        """
        if any(row.is_leaving for address in profile.former for row in self.standings.get(address, ())):
            return True
        can_be_asked = SET_STATUS not in self.courier.closed  # or else no number is claimed, and none looked at
        had_none = "phone" not in profile.accepted and not (is_unknown and can_be_asked)
        if had_none or profile.accepted.get("phone") == profile.phone or USER_STATUS in self.courier.closed:
            return False
        rows = self.standings.get(profile.phone or "", ())
        asked = [row for row in rows if row.is_to_be_looked_at and row.state in STANDING]
        return any(self._takes(self.programs[row.program].slug) for row in asked)

    def _pack(self) -> dict[Claim, Parcel]:
        by_id = {claim.id: claim for claim in self.claims}
        return {by_id[profile.id]: self._parcel(by_id[profile.id], profile) for profile in self.profiles}

    def _consents(self, profile: loading.Profile) -> list[payloads.Consent]:
        own = []
        for address in filter(None, (profile.phone, profile.email)):
            self.addresses.add(address)
            for row in self.standings.get(address, ()):
                self.versions[row.id] = row.version
                own.append(loading.consent(row, self.programs[row.program]))
        return own

    def _parcel(self, claim: Claim, profile: loading.Profile) -> Parcel:
        own = self._consents(profile)
        is_unknown = claim.was_unknown
        wanted = payloads.attributes(profile, own, profile.accepted, is_unknown=is_unknown)
        wanted |= profile.links(wanted)  # no others: each attribute that is written costs money
        said = moving.without_its_number(profile, wanted)
        changed, accepted = payloads.difference(said, profile.accepted, is_unknown=is_unknown)
        if outbox.CARRIES in profile.accepted:
            changed["phone"] = accepted["phone"] = None
        taken = [consent for consent in own if self._takes(consent.program)]
        riding = payloads.riders(taken, changed)
        move = Move(claim, profile, changed, self.standings, self.programs, said != wanted, self._takes)
        for name in outbox.NOTES:
            accepted.pop(name, None)
        accepted |= move.notes()
        left = move.left()
        entries = [*riding.entries, *payloads.farewells(program.subscription_group_id for program in left)]
        body = {"external_id": profile.external_id, **changed}
        if entries:
            body["subscription_groups"] = entries
        groups = {entry["subscription_group_id"] for entry in entries}
        return Parcel(
            claim,
            body,
            changed,
            accepted,
            programs=sorted({it.program for it in taken if it.group_id in groups} | {it.slug for it in left}),
            told=riding.told,
            started=riding.started,
            is_new=profile.is_new,
            again_in=move.again_in(),
        )

    def _takes(self, program: str) -> bool:
        return program not in self.courier.closed and (self.carry is None or program in self.carry)

    def succeed(self, answer: dict[int, str]) -> list[Job]:
        """Braze took the call; settle each person by what it said of them."""
        named = self._named(answer)
        accepted = [parcel for parcel in self.parcels.values() if parcel.claim not in named]
        self.courier.went_well(TRACK, *{program for parcel in accepted for program in parcel.programs})
        told = [subscription for parcel in accepted for subscription in parcel.told]
        self.courier.settlements.add_riders(self.versions, self.addresses, told, self._started(accepted))
        jobs = self._sort_out(named)
        if self.suspects and accepted:
            return [*jobs, self._next_suspect(accepted[0].claim)]
        self.finish({parcel.claim: ACCEPTED for parcel in accepted})
        return jobs

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, stop the line, or find out who it is about."""
        if error.is_answered:
            outbox.close_rides(self.rides)
        if not error.is_known:
            # An opt-out since then is to be sent once more.
            outbox.settle_riders(self.versions, self.addresses, accepted=())
        return super().fail(error)

    def refused(self, error: Refused) -> list[Job]:
        """Deal with whom Braze named, and send the others again; where it named nobody, everybody alone."""
        named = self._named(error.items)
        if len(self.claims) == 1 and not named:
            named = {self.claims[0]: Outcome(reason=str(error), is_known=error.is_known)}
        if not named:
            return super().refused(error)
        left = [claim for claim in self.claims if claim not in named]
        again: list[Job] = [replace(self, claims=left)] if left else []
        return self._sort_out(named) + again

    def _named(self, items: Mapping[int, str]) -> dict[Claim, Outcome]:
        sent = list(self.parcels)
        return {sent[index]: Outcome(reason=words) for index, words in items.items() if index < len(sent)}

    def _started(self, parcels: Iterable[Parcel]) -> list[int]:
        return [subscription for parcel in parcels for subscription in parcel.started]

    def _sort_out(self, named: Mapping[Claim, Outcome]) -> list[Job]:
        """Tell trouble with a group, which stops that program's line, from trouble with a person."""
        groups = [claim for claim, outcome in named.items() if self._is_about_a_group(claim, outcome.reason)]
        people = {claim: outcome for claim, outcome in named.items() if claim not in groups}
        if people:
            self.refuse(people)
        self.give_back(groups[1:])  # one is enough to find out which group it is
        return self._find_the_group(groups[0], named[groups[0]].reason) if groups else []

    def _is_about_a_group(self, claim: Claim, words: str) -> bool:
        return claim in self.parcels and bool(self.parcels[claim].programs) and mentions_group(words)

    def _find_the_group(self, claim: Claim, words: str) -> list[Job]:
        programs = self.parcels[claim].programs
        if len(programs) > 1:
            return [replace(self, claims=[claim], carry=frozenset(programs[:1]), suspects=tuple(programs[1:]))]
        program = Program.objects.get(slug=programs[0])
        self.courier.stop(program.slug, words, lines.program_fingerprint(program))
        return [self._next_suspect(claim)]

    def _next_suspect(self, claim: Claim) -> Job:
        """Try the next group alone; after the last one, what is left goes without those that were stopped."""
        return replace(self, claims=[claim], carry=frozenset(self.suspects[:1]) or None, suspects=self.suspects[1:])
