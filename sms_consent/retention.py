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
from sms_consent.choices import Act, State
from sms_consent.models import ConsentRecord, InboundMessage, Subscription

CHUNK = 100  # addresses and programs, or messages, in one transaction
OPT_OUTS = (Act.WITHDRAWN, Act.INVALIDATED)


def tidy() -> bool:
    """Blank the next of what is past its time; return whether there may be more."""
    return bool(_thin() + _clear() + _inbound())


def years_ago(years: int) -> datetime:
    """Return this moment so many years ago; on 29 February, the day before."""
    now = timezone.now()
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years, day=day)


@transaction.atomic
def _thin() -> int:
    """Blank the evidence of consents that are over, and leave that of opt-outs; return how many were looked at."""
    rows = _ended(is_thinned=False, years=settings.EVIDENCE_YEARS)
    records = _records(rows).exclude(act__in=OPT_OUTS)
    blanking.evidence(records.values_list("pk", flat=True))
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(is_thinned=True)
    return len(rows)


@transaction.atomic
def _clear() -> int:
    """Blank all that is left of opt-outs, and the addresses of which nothing is; return how many were looked at."""
    rows = _ended(is_thinned=True, years=max(settings.OPT_OUT_YEARS, settings.EVIDENCE_YEARS))
    blanking.evidence(_records(rows).values_list("pk", flat=True))
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=None)
    blanking.bare_addresses({row.subject for row in rows})
    return len(rows)


def _ended(*, is_thinned: bool, years: int) -> list[Subscription]:
    """Return what ended so long ago, longest first. What somebody else has locked is not over yet, it seems."""
    rows = Subscription.objects.filter(is_thinned=is_thinned, ended_at__lt=years_ago(years))
    return list(rows.order_by("ended_at").select_for_update(skip_locked=True)[:CHUNK])


def _records(rows: list[Subscription]) -> QuerySet[ConsentRecord]:
    wanted = Q(pk__in=[])
    for row in rows:
        wanted |= Q(subject=row.subject, program=row.program_id)
    return ConsentRecord.objects.filter(wanted).exclude(evidence__payload="")


@transaction.atomic
def _inbound() -> int:
    """Blank texts and reports from so long ago, opt-outs later than others; return how many were blanked."""
    standing = Subscription.objects.filter(subject=OuterRef("subject"), state__in=(State.PENDING, State.SUBSCRIBED))
    old = InboundMessage.objects.filter(blanked_at=None, received_at__lt=years_ago(settings.EVIDENCE_YEARS))
    is_opt_out = Q(status=State.UNSUBSCRIBED) | Q(record__act__in=OPT_OUTS)
    kept = is_opt_out & Q(received_at__gte=years_ago(settings.OPT_OUT_YEARS))
    found = list(old.exclude(kept).exclude(Exists(standing)).order_by("received_at")[:CHUNK])
    blanking.inbound(InboundMessage.objects.filter(pk__in=[message.pk for message in found]))
    blanking.bare_addresses({message.subject for message in found})
    return len(found)
