"""What has been kept for long enough goes, a little at a time: evidence, what came in, addresses (US-7, US-9, EU-7).

Evidence of consents goes EVIDENCE_YEARS after something was last done about them, and no message is sent after that;
that of opt-outs OPT_OUT_YEARS after, and with it the address. Whatever stands subscribed, or waits, loses nothing,
however old it is. Records, seals and keyed hashes never go.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sms_consent import blanking
from sms_consent.choices import STANDING, Act, State
from sms_consent.models import ConsentRecord, InboundMessage, Subscription

CHUNK = 50  # addresses and programs, or messages, in one transaction
OPT_OUTS = (Act.WITHDRAWN, Act.INVALIDATED)
_IS_OPT_OUT = Q(status=State.UNSUBSCRIBED) | Q(record__act__in=OPT_OUTS)  # of a text or a report
_STANDS = Q(state__in=STANDING)


def tidy() -> bool:
    """Blank the next of what is past its time; return whether there may be more."""
    try:
        return bool(_thin() + _clear() + _age())
    except blanking.LockedError:
        return True


def years_ago(years: int) -> datetime:
    """Return this moment so many years ago; on 29 February, the day before."""
    now = timezone.now()
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years, day=day)


@transaction.atomic
def _thin() -> int:
    """Blank the evidence of consents that are over, and leave that of opt-outs; return how many were looked at."""
    rows = _ended(is_thinned=False, years=settings.EVIDENCE_YEARS)
    blanking.evidence(pk for pk, act in _kept_records(rows) if act not in OPT_OUTS)
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(is_thinned=True)
    subjects = {row.subject for row in rows}
    blanking.inbound(_aged(subjects - _with_consents(subjects)).exclude(_IS_OPT_OUT))
    return len(rows)


@transaction.atomic
def _clear() -> int:
    """Blank all that is left of opt-outs, and the addresses of which nothing is; return how many were looked at."""
    rows = _ended(is_thinned=True, years=max(settings.OPT_OUT_YEARS, settings.EVIDENCE_YEARS))
    blanking.evidence(pk for pk, _ in _kept_records(rows))
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=None)
    subjects = {row.subject for row in rows}
    blanking.inbound(_aged(subjects - _with_opt_outs(subjects)))
    blanking.bare_addresses(subjects)
    return len(rows)


def _ended(*, is_thinned: bool, years: int) -> list[Subscription]:
    """Return what ended so long ago, longest first. What somebody else has locked is not over yet, it seems."""
    rows = Subscription.objects.filter(is_thinned=is_thinned, ended_at__lt=years_ago(years))
    return list(rows.order_by("ended_at").select_for_update(skip_locked=True)[:CHUNK])


def _kept_records(rows: list[Subscription]) -> list[tuple[int, str]]:
    """Return the records of these, each id with its act, whose evidence is still kept."""
    ours = {(row.program_id, row.subject) for row in rows}
    records = ConsentRecord.objects.filter(subject__in={subject for _, subject in ours}).exclude(evidence__payload="")
    found = records.order_by().values_list("pk", "act", "program_id", "subject")
    return [(pk, act) for pk, act, program, subject in found if (program, subject) in ours]


# --- Texts and reports: looked at once, when they are old enough to go; from then on they go with their address ---


@transaction.atomic
def _age() -> int:
    """Blank texts and reports of addresses of which no proof is kept that they are part of; return how many are old."""
    old = InboundMessage.objects.filter(aged_at=None, received_at__lt=years_ago(settings.EVIDENCE_YEARS))
    known = Subscription.objects.filter(subject=OuterRef("subject"))
    early = _IS_OPT_OUT & Q(received_at__gte=years_ago(settings.OPT_OUT_YEARS)) & ~Exists(known)
    found = old.exclude(early).order_by("received_at")[:CHUNK]
    ids = [message.pk for message in found]
    subjects = {message.subject for message in found}
    rows = InboundMessage.objects.filter(pk__in=ids)
    rows.update(aged_at=timezone.now())
    blanking.inbound(rows.exclude(_IS_OPT_OUT).exclude(subject__in=_with_consents(subjects)))
    blanking.inbound(rows.filter(_IS_OPT_OUT).exclude(subject__in=_with_opt_outs(subjects)))
    blanking.bare_addresses(subjects)
    return len(ids)


def _aged(subjects: set[str]) -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(subject__in=subjects, aged_at__isnull=False).exclude(address="")


def _with_consents(subjects: set[str]) -> set[str]:
    """Return those that stand somewhere, or of whose consents evidence is still kept."""
    is_kept = _STANDS | Q(ended_at__isnull=False, is_thinned=False)
    return set(Subscription.objects.filter(is_kept, subject__in=subjects).values_list("subject", flat=True))


def _with_opt_outs(subjects: set[str]) -> set[str]:
    """Return those that stand somewhere, or of which any evidence is still kept."""
    is_kept = _STANDS | Q(ended_at__isnull=False)
    return set(Subscription.objects.filter(is_kept, subject__in=subjects).values_list("subject", flat=True))
