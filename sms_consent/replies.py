"""What we answer to a text, where TEXT_REPLIES says that we do. Exactly one party answers (REV-13)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from sms_consent.choices import Channel, State
from sms_consent.keywords import Meaning
from sms_consent.models import InboundMessage, Program, Subscription

Outcome = InboundMessage.Outcome
ONCE_IN = timedelta(hours=24)
AT_ONCE = timedelta(minutes=5)  # a text that is brought again later than this is not answered (REV-6)

LEFT = "{brand}: you are unsubscribed and will get no more texts. Text START to {number} to join again."
JOINED = (
    "{brand}: you will get texts with {purpose}. {frequency}. Message and data rates may apply. "
    "Reply HELP for help, STOP to cancel."
)
HELP = "{brand}: for help write to {support}. Message and data rates may apply. Reply STOP to cancel."
NOT_UNDERSTOOD = "{brand}: sorry, we do not understand that. Reply HELP for help or STOP to cancel."


def to(message: InboundMessage) -> str:
    """Return the answer to a text, or an empty string: marketing is in none of them (REV-5).

    The first STOP is answered, and one more within a day (REV-10); what is not understood once a day (KW-10). Who has
    stopped is answered nothing else but HELP (REV-11), and nothing is said to a request whose answer Braze asks for.
    """
    program = message.program or Program.objects.filter(channel=Channel.SMS).order_by("position", "id").first()
    words = _words(message)
    if not settings.TEXT_REPLIES or program is None or not words or _is_too_late(message) or _answered_before(message):
        return ""
    return filled(words, program, message.number)


def filled(words: str, program: Program, number: str = "") -> str:
    """Return one of the answers above as it is sent for this program from this number, or else from its sender."""
    return words.format(
        brand=program.brand,
        purpose=program.purpose,
        frequency=program.frequency,
        number=number or program.sender,
        support=settings.SUPPORT_EMAIL,
    )


def _words(message: InboundMessage) -> str:
    if message.outcome == Outcome.UNKNOWN:
        return "" if _has_stopped(message) else NOT_UNDERSTOOD
    if message.rule == Meaning.HELP:
        return HELP
    if message.status == State.UNSUBSCRIBED:
        return LEFT
    has_joined = message.outcome == Outcome.ACTED and message.record and message.record.act != "requested"
    return JOINED if has_joined else ""


def _has_stopped(message: InboundMessage) -> bool:
    return Subscription.objects.filter(subject=message.subject, stopped_at__isnull=False).exists()


def _is_too_late(message: InboundMessage) -> bool:
    return timezone.now() - message.received_at > AT_ONCE


def _answered_before(message: InboundMessage) -> bool:
    """Whether texts like this one have had their answers today."""
    since = timezone.now() - ONCE_IN
    today = InboundMessage.objects.filter(subject=message.subject, received_at__gte=since).exclude(pk=message.pk)
    if message.status == State.UNSUBSCRIBED:
        return today.filter(kind=message.kind, status=State.UNSUBSCRIBED).count() > 1
    return message.outcome == Outcome.UNKNOWN and today.filter(outcome=Outcome.UNKNOWN).exists()
