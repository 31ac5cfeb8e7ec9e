"""People to Braze: their attributes, the email consents that travel with them, and merges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from sms_consent import lines, outbox
from sms_consent.braze import BrazeError, Misconfigured, Refused, TryLater, payloads
from sms_consent.braze.client import BATCH, MERGE, TRACK
from sms_consent.braze.errors import mentions_group
from sms_consent.delivery.pipeline import Courier, Isolation, Job, put_back, run, still_held
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.outbox import Claim, Outcome

ACCEPTED = Outcome(accepted=True)
MERGE_AGAIN = timedelta(seconds=5)


def deliver_profiles(courier: Courier, limit: int) -> int:
    """Send people whose profile is due; return how many were claimed."""
    if not courier.is_open(TRACK):
        return 0
    claims = outbox.claim_profiles(limit)
    leaving = {pk for pk in _without_person(claims)}
    merging = [claim for claim in claims if claim.id in leaving]
    people = [claim for claim in claims if claim.id not in leaving]
    jobs: list[Job] = [TrackJob(courier, people[i : i + BATCH]) for i in range(0, len(people), BATCH)]
    jobs += [MergeJob(courier, merging[i : i + BATCH]) for i in range(0, len(merging), BATCH)]
    run(jobs, courier)
    return len(claims)


def _without_person(claims: Iterable[Claim]) -> list[int]:
    ids = [claim.id for claim in claims]
    return list(BrazeProfile.objects.filter(pk__in=ids, person=None).values_list("pk", flat=True))


@dataclass
class Parcel:
    """What one person's object in the call carries."""

    claim: Claim
    body: dict[str, Any]
    changed: dict[str, Any]
    programs: list[str]
    told: list[int]


@dataclass
class TrackJob:
    """`/users/track` for up to 50 people.

    `carry` limits the subscription groups that travel to these programs, `suspects` are those still to be
    tried alone: so it is found out which of several groups Braze does not take.
    """

    courier: Courier
    claims: list[Claim]
    isolation: Isolation | None = None
    carry: frozenset[str] | None = None
    suspects: tuple[str, ...] = ()
    parcels: list[Parcel] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)

    def prepare(self) -> Callable[[], Any] | None:
        """Load people and consents as they are now, and leave out who has nothing new."""
        held = still_held(self.claims)
        self._settle({claim: put_back() for claim in self.claims if claim not in set(held)})
        self.claims = held
        parcels = self._parcels()
        self.parcels = [parcel for parcel in parcels if parcel.changed or parcel.programs or self.carry]
        self._settle({parcel.claim: ACCEPTED for parcel in parcels if parcel not in self.parcels})
        if not self.parcels:
            return None
        return partial(self.courier.client.track, [parcel.body for parcel in self.parcels])

    def _parcels(self) -> list[Parcel]:
        by_id = {claim.id: claim for claim in self.claims}
        profiles = list(BrazeProfile.objects.filter(pk__in=by_id, person__isnull=False).select_related("person"))
        consents = self._consents(profiles)
        return [self._parcel(by_id[profile.pk], profile, consents) for profile in profiles]

    def _consents(self, profiles: Iterable[BrazeProfile]) -> dict[str, list[payloads.Consent]]:
        addresses = {address for profile in profiles for address in _addresses(profile) if address}
        outbox.open_riders(addresses)
        rows = Subscription.objects.filter(address__in=addresses).select_related("program")
        found: dict[str, list[payloads.Consent]] = defaultdict(list)
        for row in rows:
            self.versions[row.pk] = row.version
            found[row.address].append(self._consent(row))
        return found

    def _consent(self, row: Subscription) -> payloads.Consent:
        return payloads.Consent(
            subscription=row.pk,
            program=row.program.slug,
            group_id=row.program.subscription_group_id,
            is_sms=row.program.is_sms,
            state=row.state,
            told=row.told,
            asked_now=row.pk in self.courier.asked,
        )

    def _parcel(
        self, claim: Claim, profile: BrazeProfile, consents: Mapping[str, list[payloads.Consent]]
    ) -> Parcel:
        person = _person(profile)
        own = [consent for address in (person.phone, person.email) if address for consent in consents.get(address, [])]
        wanted = payloads.attributes(person, own, profile.accepted)
        is_new = profile.accepted_at is None
        changed = payloads.difference(wanted, profile.accepted, is_unknown=claim.was_unknown and not is_new)
        taken = [consent for consent in own if self._takes(consent.program)]
        entries, told = payloads.riders(taken, changed)
        body = {"external_id": profile.external_id, **changed}
        if entries:
            body["subscription_groups"] = entries
        groups = {entry["subscription_group_id"] for entry in entries}
        programs = sorted({consent.program for consent in taken if consent.group_id in groups})
        return Parcel(claim, body, changed or ({"external_id": ""} if is_new else {}), programs, told)

    def _takes(self, program: str) -> bool:
        return program not in self.courier.closed and (self.carry is None or program in self.carry)

    def succeed(self, answer: dict[int, str]) -> list[Job]:
        """Braze took the call; settle each person by what it said of them."""
        self.courier.went_well(TRACK, *{program for parcel in self.parcels for program in parcel.programs})
        refused = {self.parcels[i].claim: words for i, words in answer.items() if 0 <= i < len(self.parcels)}
        return self._sort(refused)

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, stop the line, or find out who it is about."""
        if isinstance(error, Refused):
            return self._refused(error)
        if isinstance(error, TryLater):
            outcome = self.courier.later(TRACK, error, self.claims)
        else:
            assert isinstance(error, Misconfigured)  # noqa: S101 - there are three kinds
            self.courier.stop(TRACK, str(error), lines.account_fingerprint())
            outcome = put_back()
        self._settle({parcel.claim: outcome for parcel in self.parcels})
        return self._end_isolation(tried=False)

    def _refused(self, error: Refused) -> list[Job]:
        """Park whom Braze named; where it named nobody, send everybody again alone, once (story 30)."""
        named = {self.parcels[i].claim: words for i, words in error.items.items() if 0 <= i < len(self.parcels)}
        claims = [parcel.claim for parcel in self.parcels] or self.claims
        if len(claims) == 1:
            return self._sort({claims[0]: named.get(claims[0], str(error))})
        if named:
            left = [claim for claim in claims if claim not in named]
            jobs: list[Job] = [TrackJob(self.courier, left)] if left else []
            return jobs + self._judge(named)
        isolation = Isolation(len(claims))
        return [TrackJob(self.courier, [claim], isolation) for claim in claims]

    def _sort(self, refused: Mapping[Claim, str]) -> list[Job]:
        accepted = [parcel for parcel in self.parcels if parcel.claim not in refused]
        told = [subscription for parcel in accepted for subscription in parcel.told]
        outbox.settle_riders(self.versions, accepted=told)
        jobs: list[Job] = []
        if self.suspects and accepted:
            jobs.append(self._next_suspect(accepted[0].claim))
        else:
            self._settle({parcel.claim: ACCEPTED for parcel in accepted})
        return jobs + self._judge(refused) + self._end_isolation(tried=bool(accepted))

    def _judge(self, refused: Mapping[Claim, str]) -> list[Job]:
        """Tell trouble with a group, which stops that program's line, from trouble with a person."""
        jobs: list[Job] = []
        for claim, words in refused.items():
            programs = next((parcel.programs for parcel in self.parcels if parcel.claim == claim), [])
            if programs and mentions_group(words):
                jobs.append(self._find_the_group(claim, programs, words))
            elif self.isolation:
                self.isolation.refused[claim] = words
                self._end_isolation(tried=False)
            else:
                self._settle({claim: Outcome(reason=words)})
        return jobs

    def _find_the_group(self, claim: Claim, programs: list[str], words: str) -> Job:
        if len(programs) > 1:
            return TrackJob(self.courier, [claim], carry=frozenset(programs[:1]), suspects=tuple(programs[1:]))
        program = Program.objects.get(slug=programs[0])
        self.courier.stop(program.slug, words, lines.program_fingerprint(program))
        if self.suspects:
            return self._next_suspect(claim)
        return TrackJob(self.courier, [claim])

    def _next_suspect(self, claim: Claim) -> Job:
        return TrackJob(self.courier, [claim], carry=frozenset(self.suspects[:1]), suspects=self.suspects[1:])

    def _end_isolation(self, *, tried: bool) -> list[Job]:
        if self.isolation is None:
            return []
        self.isolation.accepted += 1 if tried else 0
        if not self.isolation.is_complete or not self.isolation.refused:
            return []
        if self.isolation.is_configuration:
            self.courier.stop(TRACK, next(iter(self.isolation.refused.values())), lines.account_fingerprint())
            self._settle(dict.fromkeys(self.isolation.refused, put_back()))
        else:
            self._settle({claim: Outcome(reason=words) for claim, words in self.isolation.refused.items()})
        return []

    def _settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        if outcomes:
            sent = {parcel.claim.id: parcel.changed for parcel in self.parcels}
            if not any(outcome.accepted for outcome in outcomes.values()):
                outbox.settle_riders(self.versions, accepted=())
            outbox.settle_profiles(outcomes, sent)


def _addresses(profile: BrazeProfile) -> tuple[str, str]:
    person = _person(profile)
    return person.phone, person.email


def _person(profile: BrazeProfile) -> payloads.Person:
    person: Any = profile.person
    return payloads.Person(
        external_id=profile.external_id,
        email=person.email or "",
        phone=person.phone_number,
        language=person.language,
        time_zone=person.time_zone,
    )


@dataclass
class MergeJob:
    """`/users/merge` for people who turned out to be somebody we know already."""

    courier: Courier
    claims: list[Claim]

    def prepare(self) -> Callable[[], Any] | None:
        """Merge what Braze has into what it has; forget what it never heard of; wait for the rest."""
        rows = {row.pk: row for row in BrazeProfile.objects.filter(pk__in=[claim.id for claim in self.claims])}
        never_sent = [pk for pk, row in rows.items() if row.accepted_at is None and not self._was_unknown(pk)]
        BrazeProfile.objects.filter(pk__in=never_sent).delete()
        kept = set(
            BrazeProfile.objects.filter(
                external_id__in=[row.merge_into for row in rows.values()], accepted_at__isnull=False
            ).values_list("external_id", flat=True)
        )
        self._wait([claim for claim in self.claims if claim.id not in never_sent and rows[claim.id].merge_into not in kept])
        self.claims = [
            claim for claim in self.claims if claim.id not in never_sent and rows[claim.id].merge_into in kept
        ]
        pairs = [(rows[claim.id].external_id, rows[claim.id].merge_into) for claim in self.claims]
        return partial(self.courier.client.merge, pairs) if pairs else None

    def _was_unknown(self, pk: int) -> bool:
        return any(claim.was_unknown for claim in self.claims if claim.id == pk)

    def _wait(self, claims: list[Claim]) -> None:
        outcome = Outcome(retry_at=timezone.now() + MERGE_AGAIN, counts=False)
        outbox.settle_profiles(dict.fromkeys(claims, outcome), {})

    def succeed(self, answer: Any) -> list[Job]:
        """They are one at Braze; nothing is left to tell of the other."""
        self.courier.went_well(MERGE)
        BrazeProfile.objects.filter(pk__in=[claim.id for claim in self.claims], person=None).delete()
        return []

    def fail(self, error: BrazeError) -> list[Job]:
        """Retry, stop the line, or find out who it is about."""
        if isinstance(error, TryLater):
            outcome = self.courier.later(MERGE, error, self.claims)
        elif isinstance(error, Refused) and len(self.claims) > 1:
            return [MergeJob(self.courier, [claim]) for claim in self.claims]
        elif isinstance(error, Refused):
            outcome = Outcome(reason=str(error))
        else:
            self.courier.stop(MERGE, str(error), lines.account_fingerprint())
            outcome = Outcome(retry_at=timezone.now() + MERGE_AGAIN, counts=False)
        outbox.settle_profiles(dict.fromkeys(self.claims, outcome), {})
        return []
