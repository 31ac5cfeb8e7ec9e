"""One text is reported in several ways, in any order: which of them say nothing new, and which only seemed to."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from sms_consent.choices import Act, State
from sms_consent.models import InboundMessage, Program, Subscription

# Two reports of one text carry times that differ by what lies between their making; one without a time comes later.
SAME_TEXT, ON_ITS_WAY = timedelta(seconds=5), timedelta(minutes=10)


def stopped_by(message: InboundMessage) -> set[int]:
    """Return the programs that another kind of report has already stopped for the handset at this moment.

    A report without a time says nothing new wherever the handset has stopped already.
    """
    rows = Subscription.objects.filter(subject=message.subject, state=State.UNSUBSCRIBED, stopped_at__isnull=False)
    stopped = set(rows.values_list("program_id", flat=True))
    if not stopped or message.provider_id is None:
        return stopped
    timed = Q(provider_id__isnull=False, occurred_at__lte=message.occurred_at + SAME_TEXT)
    untimed = Q(provider_id__isnull=True, occurred_at__lte=message.occurred_at + ON_ITS_WAY)
    others = InboundMessage.objects.filter(subject=message.subject, occurred_at__gte=message.occurred_at - SAME_TEXT)
    others = others.filter(timed | untimed, record__act=Act.WITHDRAWN)
    by_another = others.exclude(kind=message.kind, provider_id__isnull=False).exists()
    return stopped if by_another else set()


def opted_in_by_another(message: InboundMessage) -> bool:
    """Whether another report of this very opt-in text has been acted on already.

    Of a report without a time it is only known that the text was sent before: an opt-out since then makes it another.
    """
    acted = InboundMessage.objects.filter(subject=message.subject, kind=message.kind, word=message.word)
    acted = acted.filter(program=message.program)  # the same word to another number is another text
    acted = acted.filter(provider=message.provider, outcome=InboundMessage.Outcome.ACTED).exclude(pk=message.pk)
    at = message.occurred_at
    if message.provider_id is not None:
        return acted.filter(provider_id=None, occurred_at__range=(at - SAME_TEXT, at + ON_ITS_WAY)).exists()
    left = Subscription.objects.filter(
        subject=message.subject, program=OuterRef("program"), left_at__gte=OuterRef("occurred_at")
    )
    return acted.filter(occurred_at__range=(at - ON_ITS_WAY, at)).exclude(Exists(left)).exists()


def passed_over_after(message: InboundMessage, program: Program) -> list[InboundMessage]:
    """Return the opt-outs after this text that were taken for known, because this text was not known yet."""
    repeats = InboundMessage.objects.filter(outcome=InboundMessage.Outcome.REPEAT, status=State.UNSUBSCRIBED)
    later = repeats.filter(subject=message.subject, occurred_at__gte=message.occurred_at, provider_id__isnull=False)
    later = later.order_by("occurred_at")
    return [it for it in later if it.program_id in (None, program.pk)]
