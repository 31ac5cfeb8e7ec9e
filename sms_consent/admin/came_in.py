"""What came in from an address, texts and reports, as the pages about the address tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sms_consent.admin import evidence
from sms_consent.choices import Act, Source, State
from sms_consent.models import ConsentRecord, InboundMessage
from sms_consent.retold import ON_ITS_WAY, SAME_TEXT

BY_TEXT = {Act.REQUESTED: State.SUBSCRIBED, Act.GRANTED: State.SUBSCRIBED, Act.CONFIRMED: State.SUBSCRIBED}
BY_TEXT |= {Act.WITHDRAWN: State.UNSUBSCRIBED}  # what a text comes to, by the act that it is


def said(message: InboundMessage) -> str:
    """Return the words of a text, or what Braze reports; that they were erased, where they were."""
    if message.kind == InboundMessage.Kind.TEXT:
        return message.body if message.address else evidence.ERASED
    return reported(message)


def reported(message: InboundMessage) -> str:
    """Return what Braze reports."""
    return ", ".join(filter(None, (message.status, message.cause, message.rule)))


@dataclass(frozen=True)
class CameIn:
    """One text or report, as it is printed."""

    message: InboundMessage

    @property
    def said(self) -> str:
        """What it said, in full."""
        return said(self.message)

    @property
    def named(self) -> list[str]:
        """What may be addresses in it."""
        return evidence.addresses_in(self.message.body)


def from_address(subject: str, at_most: int) -> Sequence[CameIn]:
    """Return what came in from an address, oldest first; one query."""
    found = InboundMessage.objects.filter(subject=subject).order_by("occurred_at", "id")
    return [CameIn(message) for message in found[:at_most]]


def list_link(subject: str) -> SafeString:
    """Link to all that came in from an address."""
    url = reverse("admin:sms_consent_inboundmessage_changelist")
    return format_html('<a href="{}?q={}">Texts and reports of this address</a>', url, subject)


def behind(record: ConsentRecord) -> list[InboundMessage]:
    """Return the texts that a record came from, oldest first."""
    first, last = record.occurred_at - SAME_TEXT, record.occurred_at + ON_ITS_WAY
    found = InboundMessage.objects.filter(Q(occurred_at__range=(first, last)) | Q(record=record))
    return among(record, found.filter(subject=record.subject).order_by("occurred_at", "id"))


def among(record: ConsentRecord, messages: Iterable[InboundMessage]) -> list[InboundMessage]:
    """Return which of an address's messages are texts that a record came from.

    Braze reports a text and what it made of it, in any order: where the text came second, it was known already and
    made no record of its own. It is told by its time, and by coming to the same on that program.
    """
    texts = [it for it in messages if it.kind == InboundMessage.Kind.TEXT]
    return [it for it in texts if it.record_id == record.pk or _is_retold(record, it)]


def _is_retold(record: ConsentRecord, text: InboundMessage) -> bool:
    if record.source != Source.KEYWORD or text.status != BY_TEXT.get(Act(record.act)):
        return False
    if record.act != Act.WITHDRAWN and text.program_id not in (None, record.program_id):
        return False
    later = text.occurred_at - record.occurred_at
    return abs(later) <= SAME_TEXT or (text.provider_id is None and timedelta() <= later <= ON_ITS_WAY)


def links(messages: Iterable[InboundMessage]) -> SafeString:
    """Link to each text by its words; addresses in them are masked, for its own page writes down who looks."""
    rows = (
        (reverse("admin:sms_consent_inboundmessage_change", args=[it.pk]), evidence.IN_WORDS.sub("…", said(it)))
        for it in messages
    )
    return format_html_join(", ", '<a href="{}">“{}”</a>', rows)
