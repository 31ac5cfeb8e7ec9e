"""What came in from an address, texts and reports, as the pages about the address tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms_consent.admin import evidence
from sms_consent.models import InboundMessage


def said(message: InboundMessage) -> str:
    """Return the words of a text, or what Braze reports; that they were erased, where they were."""
    if message.kind == InboundMessage.Kind.TEXT:
        return message.body if message.address else evidence.ERASED
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
