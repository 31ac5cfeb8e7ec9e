"""People to Braze: their attributes, and the consents that travel with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sms_consent import lines, outbox, unsubscribe_links
from sms_consent.braze import BrazeError, Refused, payloads
from sms_consent.braze.client import BATCH, TRACK
from sms_consent.braze.errors import mentions_group
from sms_consent.delivery.jobs import ACCEPTED, CallJob
from sms_consent.delivery.pipeline import Courier, Job, run
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.outbox import Claim, Outcome


def deliver_profiles(courier: Courier, limit: int) -> int:
    """Send people whose profile is due; return how many were claimed.

    A line that may have been mended is tried with one person before everybody is sent after them.
    """
    if not courier.is_open(TRACK):
        return 0
    outbox.mark_waiting(1 if courier.known_lines else limit, closed=courier.closed_programs())
    claims = outbox.claim_people(limit)
    run([TrackJob(courier=courier, claims=claims[i : i + BATCH]) for i in range(0, len(claims), BATCH)], courier)
    return len(claims)


@dataclass
class Parcel:
    """What one person's object in the call carries; `told` are the email consents that it tells, `started` requests."""

    claim: Claim
    body: dict[str, Any]
    changed: dict[str, Any]
    programs: list[str]
    told: list[int]
    started: list[int]
    is_new: bool

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
    versions: dict[int, int] = field(init=False, default_factory=dict)
    rides: list[int] = field(init=False, default_factory=list)

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        sent = {parcel.claim.id: payloads.kept(parcel.changed) for parcel in self.parcels.values()}
        outbox.settle_profiles(outcomes, sent)

    def build(self) -> Callable[[], Any] | None:
        """Load people and consents as they are now, and leave out who has nothing new."""
        loaded = self._load()
        self.give_back(claim for claim in self.claims if claim not in loaded)
        self.parcels = {claim: parcel for claim, parcel in loaded.items() if parcel.is_needed or self.carry}
        self.finish({claim: ACCEPTED for claim in loaded if claim not in self.parcels})
        if not self.parcels:
            return None
        self.rides = self._started(self.parcels.values())
        outbox.open_rides(self.rides)
        return partial(self.courier.client.track, [parcel.body for parcel in self.parcels.values()])

    def _load(self) -> dict[Claim, Parcel]:
        by_id = {claim.id: claim for claim in self.claims}
        known = BrazeProfile.objects.filter(pk__in=by_id, person__isnull=False, is_to_delete=False)
        profiles = list(known.select_related("person").prefetch_related("person__emailaddress_set"))
        people = {profile: _person(profile) for profile in profiles}
        consents = self._consents(people.values())
        return {
            by_id[profile.pk]: self._parcel(by_id[profile.pk], profile, person, consents)
            for profile, person in people.items()
        }

    def _consents(self, people: Iterable[payloads.Person]) -> dict[str, list[payloads.Consent]]:
        addresses = {address for person in people for address in person.addresses}
        outbox.open_riders(addresses)
        found: dict[str, list[payloads.Consent]] = defaultdict(list)
        for row in Subscription.objects.filter(address__in=addresses).select_related("program"):
            self.versions[row.pk] = row.version
            found[row.address].append(_consent(row))
        return found

    def _parcel(
        self,
        claim: Claim,
        profile: BrazeProfile,
        person: payloads.Person,
        consents: Mapping[str, list[payloads.Consent]],
    ) -> Parcel:
        own = [consent for address in person.addresses for consent in consents.get(address, [])]
        is_unknown = claim.was_unknown
        wanted = payloads.attributes(person, own, profile.accepted, is_unknown=is_unknown)
        changed = payloads.difference(wanted, profile.accepted, is_unknown=is_unknown)
        taken = [consent for consent in own if self._takes(consent.program)]
        riding = payloads.riders(taken, changed)
        body = {"external_id": profile.external_id, **changed}
        if riding.entries:
            body["subscription_groups"] = riding.entries
        groups = {entry["subscription_group_id"] for entry in riding.entries}
        programs = sorted({consent.program for consent in taken if consent.group_id in groups})
        is_new = profile.accepted_at is None
        return Parcel(claim, body, changed, programs, riding.told, riding.started, is_new=is_new)

    def _takes(self, program: str) -> bool:
        return program not in self.courier.closed and (self.carry is None or program in self.carry)

    def succeed(self, answer: dict[int, str]) -> list[Job]:
        """Braze took the call; settle each person by what it said of them."""
        named = self._named(answer)
        accepted = [parcel for parcel in self.parcels.values() if parcel.claim not in named]
        self.courier.went_well(TRACK, *{program for parcel in accepted for program in parcel.programs})
        told = [subscription for parcel in accepted for subscription in parcel.told]
        outbox.settle_riders(self.versions, accepted=told, started=self._started(accepted))
        jobs = self._take(named)
        if self.suspects and accepted:
            return [*jobs, self._next_suspect(accepted[0].claim)]
        self.finish({parcel.claim: ACCEPTED for parcel in accepted})
        return jobs

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, stop the line, or find out who it is about."""
        if error.is_answered:
            outbox.close_rides(self.rides)
        if not error.is_known:
            outbox.settle_riders(self.versions, accepted=())  # an opt-out since then is to be sent once more
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
        return self._take(named) + again

    def _named(self, items: Mapping[int, str]) -> dict[Claim, Outcome]:
        sent = list(self.parcels)
        return {sent[index]: Outcome(reason=words) for index, words in items.items() if index < len(sent)}

    def _started(self, parcels: Iterable[Parcel]) -> list[int]:
        return [subscription for parcel in parcels for subscription in parcel.started]

    def _take(self, named: Mapping[Claim, Outcome]) -> list[Job]:
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


def _person(profile: BrazeProfile) -> payloads.Person:
    person: Any = profile.person
    return payloads.Person(
        external_id=profile.external_id,
        email=person.email or "",
        phone=person.phone_number,
        language=person.language,
        time_zone=person.time_zone,
        unsubscribe_url=unsubscribe_links.of_person(profile.external_id),
        number_url="" if person.has_proven_mailbox else unsubscribe_links.of_number(person.phone_number),
    )


def _consent(row: Subscription) -> payloads.Consent:
    return payloads.Consent(
        subscription=row.pk,
        program=row.program.slug,
        group_id=row.program.subscription_group_id,
        is_sms=row.program.is_sms,
        state=row.state,
        told=row.told,
        is_to_start=row.asked > 0 and row.rides < outbox.MAX_ASKS,
        was_opened=row.opened_at is not None,
    )
