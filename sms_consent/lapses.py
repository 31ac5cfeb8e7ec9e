"""Requests that nobody answered: they lapse, and what is kept about them goes (DOI-4, DOI-8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from sms_consent import blanking, ledger, outbox, people
from sms_consent.choices import Act, State
from sms_consent.ledger import Entry
from sms_consent.models import BrazeProfile, ConsentRecord, InboundMessage, Subscription
from sms_consent.states import REQUEST_LIFE

CHUNK = 50
CHUNKS = 20  # in one go: deliveries wait for it


def lapse() -> None:
    """Let requests lapse that are older than 30 days, oldest first, a thousand at most."""
    for _ in range(CHUNKS):
        if _lapse_some() < CHUNK:
            return


@transaction.atomic
def _lapse_some() -> int:
    """Record that requests have lapsed, of which Braze is told nothing; return how many were looked at."""
    old = Subscription.objects.filter(state=State.PENDING, requested_at__lt=timezone.now() - REQUEST_LIFE)
    rows = old.exclude(address="").select_related("program", "request__disclosure").order_by("requested_at")[:CHUNK]
    found = {(row.program_id, row.address): row for row in rows}
    if not found:
        return 0
    people.lock(address for _, address in found)
    now = ledger.standings(found)
    entries = [_lapsed(row) for key, row in found.items() if now[key].standing == row.standing]
    ledger.append(entries, now)
    _blank_evidence(entries)
    _forget([entry.address for entry in entries])
    outbox.wake()
    return len(found)


def _lapsed(row: Subscription) -> Entry:
    asked = row.request
    assert asked is not None  # noqa: S101 - whatever is pending rests on a request
    return Entry(
        row.program,
        row.address,
        Act.EXPIRED,
        asked.source,
        disclosure=asked.disclosure,
        request=asked.pk,
        requested_at=asked.occurred_at,
    )


def _blank_evidence(entries: Sequence[Entry]) -> None:
    """Blank what is known of requests that were never confirmed, and of their lapse; their records stay."""
    lapsed = {(entry.program.pk, people.subject(entry.address)) for entry in entries}
    records = ConsentRecord.objects.filter(subject__in=[subject for _, subject in lapsed])
    own = [
        row for row in records.only("program", "subject", "act", "request") if (row.program_id, row.subject) in lapsed
    ]
    confirmed = {row.request_id for row in own if row.act == Act.CONFIRMED}
    gone = {row.pk for row in own if row.act in (Act.REQUESTED, Act.EXPIRED)} | {entry.request for entry in entries}
    blanking.evidence(pk for pk in gone - confirmed if pk)


def _forget(addresses: Iterable[str]) -> None:
    """Blank addresses where nothing else needs them, and delete who is known by nothing but such a number."""
    subjects = {people.subject(address): address for address in addresses}
    rows = Subscription.objects.filter(subject__in=subjects)
    bare = rows.filter(state=State.NONE, left_at=None)
    needed = set(rows.exclude(pk__in=bare).values_list("subject", flat=True))
    bare.update(address="")
    gone = [subject for subject in subjects if subject not in needed]
    blanking.inbound(InboundMessage.objects.filter(subject__in=gone))
    nobody = people.known_by_number_only(address for subject, address in subjects.items() if subject not in needed)
    outbox.delete_away(BrazeProfile.objects.filter(person__in=nobody))
    nobody.delete()
