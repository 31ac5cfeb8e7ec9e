"""Opt-ins that Braze hinted at without a time of its own: acted on once Braze bears them out."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from sms_consent import outbox, people, services, texts
from sms_consent.choices import Channel, Source, State
from sms_consent.models import InboundMessage, Program, Subscription
from sms_consent.states import REQUEST_LIFE

Kind, Outcome = InboundMessage.Kind, InboundMessage.Outcome


def waiting(limit: int) -> list[InboundMessage]:
    """Return hints that nobody has looked up yet, oldest first."""
    return list(InboundMessage.objects.filter(outcome=Outcome.WAITING).order_by("received_at")[:limit])


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
    programs = [it for it in Program.objects.filter(channel=Channel.SMS) if it.subscription_group_id in subscribed_to]
    said = hint if hint.kind == Kind.TEXT else _unheeded(hint)
    hint.outcome = Outcome.UNPROVEN if programs and said is None else Outcome.UNKNOWN
    if hint.outcome == Outcome.UNPROVEN:
        _take_brazes_word(hint, programs)
    if programs and said is not None:
        texts.act_on(said, programs=programs, at=hint.occurred_at)
        said.save()
        hint.outcome = said.outcome
    hint.save()
    outbox.wake()


def _take_brazes_word(hint: InboundMessage, programs: Collection[Program]) -> None:
    """Confirm what waits for the handset, where the program trusts Braze to have asked it; list the rest."""
    rows = Subscription.objects.filter(subject=hint.subject, program__in=programs).select_related("program")
    for row in rows.exclude(state=State.SUBSCRIBED):
        if row.state == State.PENDING and row.program.takes_brazes_word and row.request_id:
            how = texts.circumstances(hint)
            services.confirm([row.request_id], address=hint.address, source=Source.BRAZE, circumstances=how)
            hint.outcome = Outcome.ACTED
        else:
            outbox.note_seen([row.pk], State.SUBSCRIBED, hint.occurred_at)


def _unheeded(hint: InboundMessage) -> InboundMessage | None:
    """Return the opt-in text that a change of state bears out: Braze subscribes some only after they have said Y."""
    since = hint.occurred_at - REQUEST_LIFE
    said = InboundMessage.objects.filter(subject=hint.subject, kind=Kind.TEXT, rule="opt-in", record=None)
    untimed = said.filter(provider_id=None, occurred_at__range=(since, hint.occurred_at))
    newest = untimed.order_by("-occurred_at").first()
    left = Subscription.objects.filter(subject=hint.subject, left_at__gte=newest.occurred_at) if newest else None
    return None if left is None or left.exists() else newest
