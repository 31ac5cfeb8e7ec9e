"""Blanking what names somebody: evidence, what came in, addresses. Records, seals and keyed hashes stay (LED-7).

Who calls it decides what goes; that a subscription keeps its state and its keyed hash is what keeps an opt-out one
for as long as there is a ledger (EU-7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sms_consent import outbox, people
from sms_consent.choices import STANDING
from sms_consent.exceptions import ConsentError
from sms_consent.models import ConsentRecord, Evidence, InboundMessage, Subscription

Outcome = InboundMessage.Outcome


class LockedError(ConsentError):
    """Somebody has a row locked whose address is to go: take back what was blanked with it, and come again."""


def evidence(records: Iterable[int]) -> None:
    """Blank the evidence of these records (ids), salt and all: a number that is guessed proves nothing either."""
    Evidence.objects.filter(record__in=list(records)).update(salt="", payload="")


def inbound(messages: QuerySet[InboundMessage]) -> None:
    """Blank who sent these and what they said. Nobody is to read or to look up what is blank."""
    ids = list(messages.values_list("pk", flat=True))
    blanked = InboundMessage.objects.filter(pk__in=ids)
    blanked.update(address="", body="", normalised="", word="", needs_review=False)
    blanked.filter(outcome=Outcome.WAITING).update(outcome=Outcome.UNKNOWN)


def late(message: InboundMessage) -> None:
    """Leave the address out of a report, yet to be saved, of one that was erased, and on which nothing was done since.

    While it waits for a look at Braze the address is needed.
    """
    kept = set(Subscription.objects.filter(subject=message.subject).values_list("address", flat=True))
    if kept == {""} and message.outcome != Outcome.WAITING:
        message.address = ""


def addresses(found: Collection[str]) -> None:
    """Blank these addresses, but where they stand on a program, somebody has them, or Braze is still to be told.

    In the caller's transaction. Raises LockedError where somebody has one of its rows locked.
    """
    by_subject = {people.subject(address): address for address in found}
    rows = Subscription.objects.filter(subject__in=by_subject)
    is_in_use = Q(state__in=STANDING) | Q(due_at__isnull=False)
    in_use = set(rows.filter(is_in_use | Q(leased_until__gt=timezone.now())).values_list("subject", flat=True))
    held = people.held(found)
    gone = {subject: it for subject, it in by_subject.items() if subject not in in_use and it not in held}
    going = rows.filter(subject__in=gone)
    # Never waiting for whoever has a row locked: services lock rows in orders of their own.
    free = list(going.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if len(free) < going.count():
        raise LockedError
    rows.filter(pk__in=free).update(address="")
    outbox.forget_emails(gone.values())


def bare_addresses(subjects: Collection[str]) -> None:
    """Blank the addresses (given by keyed hash) of which nothing is kept that could prove anything."""
    proof = ConsentRecord.objects.filter(subject=OuterRef("subject")).exclude(evidence__payload="")
    texts = InboundMessage.objects.filter(subject=OuterRef("subject")).exclude(address="")
    rows = Subscription.objects.filter(subject__in=list(subjects)).exclude(address="")
    addresses(set(rows.exclude(Exists(proof)).exclude(Exists(texts)).values_list("address", flat=True)))
