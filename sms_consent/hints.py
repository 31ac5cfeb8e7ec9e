"""Opt-ins that Braze hinted at without a time of its own: acted on once Braze bears them out."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sms_consent import blanking, outbox, people, services, texts
from sms_consent.choices import Source, State, Told
from sms_consent.models import InboundMessage, Program, Subscription
from sms_consent.reports import INBOUND_MESSAGE, disbelieve
from sms_consent.states import REQUEST_LIFE

Kind, Outcome = InboundMessage.Kind, InboundMessage.Outcome


def waiting(limit: int) -> list[InboundMessage]:
    """Return hints that nobody has looked up yet, oldest first."""
    return list(InboundMessage.objects.filter(outcome=Outcome.WAITING).order_by("received_at")[:limit])


def are_waiting() -> bool:
    """Whether there is any hint to look up."""
    return InboundMessage.objects.filter(outcome=Outcome.WAITING).exists()


@transaction.atomic
def follow(hint: InboundMessage, *, subscribed_to: Collection[str]) -> None:
    """Act on a hint, now that Braze says which groups its number is subscribed to (ids of subscription groups).

    A text acts as if it had come first-hand, as of then; a mere change of state proves nothing. Anything that has
    happened since it came in comes after it.
    """
    people.lock([hint.address])
    hint = InboundMessage.objects.select_for_update().get(pk=hint.pk)
    if hint.outcome != Outcome.WAITING:
        return
    said = hint if hint.kind == Kind.TEXT else _unheeded(hint)
    programs = [hint.program] if hint.program and hint.program.subscription_group_id in subscribed_to else []
    if not programs:
        hint.outcome = Outcome.UNKNOWN
    elif _is_outdone(hint):
        hint.outcome = Outcome.UNKNOWN
        if hint.kind == Kind.TEXT or hint.cause == INBOUND_MESSAGE:
            outbox.insist_later([row.pk for row in _rows(hint)], hint.occurred_at)
    elif said is None:
        hint.outcome = Outcome.UNPROVEN
        _take_brazes_word(hint, programs)
    elif _rows(hint).filter(state=State.SUBSCRIBED).exists():
        hint.outcome = Outcome.REPEAT
    else:
        texts.act_on(said, programs=programs, at=hint.occurred_at)
        said.save()
        hint.outcome = said.outcome
    blanking.late(hint)
    hint.save()
    outbox.wake()


def _rows(hint: InboundMessage) -> QuerySet[Subscription]:
    return Subscription.objects.filter(subject=hint.subject, program=hint.program)


def give_up(hint: InboundMessage) -> None:
    """Leave a hint that cannot be followed for a person to read."""
    waiting = InboundMessage.objects.filter(pk=hint.pk, outcome=Outcome.WAITING)  # or another worker has followed it
    waiting.update(outcome=Outcome.UNKNOWN, needs_review=True)


def _is_outdone(hint: InboundMessage) -> bool:
    """Whether what Braze says may be from before an opt-out, so that it bears out nothing (rule 4).

    So it is where any opt-out has been reported since the hint, and where one of ours has not yet been told, or was
    told no longer ago than calls take to land in whatever order (rule 7): a webhook may come a day late.
    """
    since = InboundMessage.objects.filter(subject=hint.subject, status=State.UNSUBSCRIBED)
    row = _rows(hint).exclude(left_at=None).first()
    if since.filter(received_at__gte=hint.received_at).exists():
        return True
    if row is None:
        return False
    landed = min(timezone.now() - settings.BRAZE_RECHECK_AFTER, hint.received_at)
    return row.told != Told.UNSUBSCRIBED or row.told_at is None or row.told_at >= landed


def _take_brazes_word(hint: InboundMessage, programs: Collection[Program]) -> None:
    """Confirm what waits for the handset, where the program trusts Braze to have asked it; list the rest."""
    rows = Subscription.objects.filter(subject=hint.subject, program__in=programs).select_related("program")
    for row in rows.exclude(state=State.SUBSCRIBED):
        trusted = row.program.takes_brazes_word or hint.cause == INBOUND_MESSAGE
        if row.state == State.PENDING and trusted and row.request_id:
            services.confirm(
                [row.request_id],
                address=hint.address,
                source=Source.BRAZE,
                circumstances=texts.circumstances(hint),
                proven=hint.cause == INBOUND_MESSAGE,
            )
            hint.outcome = Outcome.ACTED
        else:
            disbelieve(hint, [row.pk])


def _unheeded(hint: InboundMessage) -> InboundMessage | None:
    """Return the opt-in text that a change of state bears out: Braze subscribes some only after they have said Y."""
    if hint.cause != INBOUND_MESSAGE:
        return None  # the dashboard's or an import's: no text is behind it
    since = hint.occurred_at - REQUEST_LIFE
    said = InboundMessage.objects.filter(subject=hint.subject, kind=Kind.TEXT, rule="opt-in", record=None)
    untimed = said.filter(provider_id=None, occurred_at__range=(since, hint.occurred_at))
    newest = untimed.order_by("-occurred_at").first()
    left = Subscription.objects.filter(subject=hint.subject, left_at__gte=newest.occurred_at) if newest else None
    return None if left is None or left.exists() else newest
