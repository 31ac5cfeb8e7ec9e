"""What came in: texts and reports, above all those that nothing matched and a person should read (REV-2)."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms_consent import access, people, reviews
from sms_consent.admin.base import ReadOnlyAdmin, minute, moment
from sms_consent.admin.came_in import reported
from sms_consent.admin.evidence import IN_WORDS, addresses_in
from sms_consent.admin.searching import SubjectSearch
from sms_consent.models import InboundMessage

logger = logging.getLogger(__name__)

SHOWN_OF_WORDS = 60


@admin.action(description="This is an opt-out", permissions=["opt_out"])
def is_an_opt_out(modeladmin: Any, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> None:
    """Write these texts down as the opt-outs that they are. There is no such action for an opt-in."""
    in_all = queryset.count()  # counted first: what is written down leaves a list filtered by outcome
    unread = queryset.filter(kind=InboundMessage.Kind.TEXT, outcome=InboundMessage.Outcome.UNKNOWN).exclude(address="")
    chosen = list(unread)
    for message in chosen:
        reviews.call_an_opt_out(message, agent=access.agent(request))
    left_out = in_all - len(chosen)
    note = f"Recorded as opt-outs: {len(chosen)}." + (f" Decided already: {left_out}." if left_out else "")
    modeladmin.message_user(request, note, messages.SUCCESS if chosen else messages.WARNING)


@admin.action(description="Read: no opt-out", permissions=["review"])
def is_no_opt_out(modeladmin: Any, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> None:
    """Take these off the list of what a person should read; what they said stays as it is."""
    read = reviews.put_aside(queryset)
    logger.info("Staff %s read %d unmatched texts and found no opt-out.", request.user, read)
    modeladmin.message_user(request, f"Read: {read}.", messages.SUCCESS)


@admin.register(InboundMessage)
class InboundMessageAdmin(SubjectSearch, ReadOnlyAdmin):
    """Texts and reports, with what was made of each."""

    empty_note = "Nothing has come in yet."
    list_display = ("received", "kind", "masked", "said", "outcome", "to_read")
    list_filter = ("outcome", "needs_review", "kind", ("received_at", admin.DateFieldListFilter))
    ordering = ("-pk",)
    sortable_by = ()
    actions = (is_an_opt_out, is_no_opt_out)
    fieldsets = (
        (None, {"fields": ("kind", "outcome", "to_read", "record_link")}),
        ("What came", {"fields": ("address", "number", "body", "status", "cause", "occurred", "received_exactly")}),
        ("How it was read", {"fields": ("normalised", "word", "rule", "program")}),
        ("Where from", {"fields": ("provider", "provider_id")}),
    )

    def has_opt_out_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may write down opt-outs."""
        return request.user.has_perm("sms_consent.change_subscription")

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may say that a text needs no reading any more."""
        return request.user.has_perm("sms_consent.change_inboundmessage")

    def addresses(self, message: InboundMessage) -> list[str]:
        """Whose handset or mailbox it is about, and what may be addresses in the words."""
        return [message.address, *addresses_in(message.body)]

    @admin.display(description="Received (UTC)")
    def received(self, message: InboundMessage) -> str:
        """For the list."""
        return minute(message.received_at)

    @admin.display(description="Received")
    def received_exactly(self, message: InboundMessage) -> SafeString | str:
        """For the page."""
        return moment(message.received_at)

    @admin.display(description="Happened")
    def occurred(self, message: InboundMessage) -> SafeString | str:
        """By the provider's time."""
        return moment(message.occurred_at)

    @admin.display(description="From")
    def masked(self, message: InboundMessage) -> str:
        """Enough to recognise an address one already knows (SEC-11)."""
        return people.mask(message.address) or "erased"

    @admin.display(description="Says")
    def said(self, message: InboundMessage) -> str:
        """The words of a text without the addresses in it, or what Braze reports."""
        words = IN_WORDS.sub("…", message.body or reported(message))
        return words if len(words) <= SHOWN_OF_WORDS else words[: SHOWN_OF_WORDS - 1] + "…"

    @admin.display(description="Needs review")
    def to_read(self, message: InboundMessage) -> str:
        """In words: a red cross beside everything that is well looks like trouble."""
        return "Yes" if message.needs_review else "No"

    @admin.display(description="Consent record")
    def record_link(self, message: InboundMessage) -> SafeString | str:
        """What it led to."""
        if message.record_id is None:
            return "None"
        url = reverse("admin:sms_consent_consentrecord_change", args=[message.record_id])
        return format_html('<a href="{}">#{}</a>', url, message.record_id)
