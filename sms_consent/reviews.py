"""What staff make of texts that no rule could decide: they take consent away, or leave it as it is (REV-2)."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet

from sms_consent import outbox, people, services, texts
from sms_consent.choices import Source
from sms_consent.models import InboundMessage


@transaction.atomic
def call_an_opt_out(message: InboundMessage, *, agent: str) -> None:
    """A member of staff has read a text that nothing matched: it is an opt-out (REV-2)."""
    people.lock([message.address])
    records = services.withdraw(
        message.address,
        source=Source.KEYWORD,
        circumstances=replace(texts.circumstances(message), agent=agent),
        stops=True,
    )
    texts.note(message, records)
    message.needs_review = False
    message.save(update_fields=["record", "outcome", "needs_review"])
    outbox.wake()


def put_aside(messages: QuerySet[InboundMessage]) -> int:
    """A member of staff has read these and none is an opt-out; return how many were waiting for that."""
    return messages.filter(needs_review=True).update(needs_review=False)
