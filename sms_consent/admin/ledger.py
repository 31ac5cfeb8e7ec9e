"""The ledger as an auditor reads it. Nobody can write here."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from sms_consent.admin.base import ReadOnlyAdmin, minute, moment
from sms_consent.admin.came_in import behind, links, list_link
from sms_consent.admin.evidence import (
    ERASED,
    addresses_in,
    boxes,
    holders,
    pairs,
    proof_of,
    record_link,
    sentence,
    who_acted,
)
from sms_consent.admin.exporting import ExportsWhatIsShown, export_csv, export_jsonl
from sms_consent.admin.printing import PRINT, print_address
from sms_consent.admin.searching import SubjectSearch, subject_of
from sms_consent.models import ConsentRecord, SealedRecord


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ExportsWhatIsShown, SubjectSearch, ReadOnlyAdmin):
    """One act a page: what was agreed to, how, and what proves it."""

    change_list_template = "admin/sms_consent/consentrecord/change_list.html"
    empty_note = "Nobody has agreed to anything yet. Every sign-up, confirmation and opt-out will stand here."
    list_display = ("number", "when", "act", "program", "source", "address_masked", "acted")
    list_display_links = ("number", "when")
    list_select_related = ("program", "evidence")
    list_filter = ("program", "act", "source", ("occurred_at", admin.DateFieldListFilter))
    sortable_by = ("when",)
    actions = (export_csv, export_jsonl)
    fieldsets = (
        (None, {"fields": ("plain_words", "acted", "program", "act", "source", "occurred", "recorded")}),
        ("What was agreed to", {"fields": ("words", "words_hash", "promised")}),
        (
            "Who, from where, and how",
            {"fields": ("address", "known_as", "boxes_shown", "circumstances", "came_from", "came_in")},
        ),
        ("Proof", {"fields": ("answers_to", "answered_by", "subject", "commitment", "evidence_matches", "seal")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the page that prints everything about an address."""
        view = self.admin_site.admin_view(print_address)
        return [path("print/<str:subject>/", view, {"site": self.admin_site}, name=PRINT), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Hand the list the address it is about, if it is about one."""
        context = {"subject": subject_of(request.GET.get("q", ""))} | (extra_context or {})
        return super().changelist_view(request, context)

    def addresses(self, record: ConsentRecord) -> list[str]:
        """Whose act it was, and what may be addresses in the text that did it."""
        proof = proof_of(record)
        return [proof.address, *addresses_in(str(proof.payload.get("body", "")))]

    @admin.display(description="When (UTC)", ordering="occurred_at")
    def when(self, record: ConsentRecord) -> str:
        """When it happened."""
        return minute(record.occurred_at)

    @admin.display(description="Address")
    def address_masked(self, record: ConsentRecord) -> str:
        """Enough to recognise an address one already knows."""
        return proof_of(record).masked

    @admin.display(description="Done by")
    def acted(self, record: ConsentRecord) -> str:
        """Who it is known to have been."""
        return who_acted(record)

    @admin.display(description="Record")
    def number(self, record: ConsentRecord) -> str:
        """What a letter or an export calls it."""
        return f"#{record.pk}"

    @admin.display(description="In plain words")
    def plain_words(self, record: ConsentRecord) -> str:
        """The whole record in a sentence."""
        return sentence(record)

    @admin.display(description="Happened")
    def occurred(self, record: ConsentRecord) -> SafeString | str:
        """By the provider's clock where there is one."""
        return moment(record.occurred_at)

    @admin.display(description="Written down")
    def recorded(self, record: ConsentRecord) -> SafeString | str:
        """By ours."""
        return moment(record.recorded_at)

    @admin.display(description="Words shown")
    def words(self, record: ConsentRecord) -> SafeString | str:
        """The disclosure as rendered, with its links, box and button."""
        if record.disclosure is None:
            return "None: nothing has to be agreed to for this."
        return render_to_string("admin/sms_consent/_words.html", {"disclosure": record.disclosure})

    @admin.display(description="SHA-256 of the words")
    def words_hash(self, record: ConsentRecord) -> str:
        """The fingerprint kept in the record, compared with the words kept beside it."""
        if record.disclosure is None:
            return "–"
        same = hashlib.sha256(record.disclosure.words.encode()).hexdigest() == record.words_sha256
        return f"{record.words_sha256} ({'these very words' if same else 'NOT the words above'})"

    @admin.display(description="Promised then")
    def promised(self, record: ConsentRecord) -> SafeString | str:
        """What the program said about itself at that time."""
        return pairs(proof_of(record).payload, ("brand", "purpose", "frequency", "sender"))

    @admin.display(description="Address")
    def address(self, record: ConsentRecord) -> str:
        """In full: opening this page is recorded."""
        return proof_of(record).address or ERASED

    @admin.display(description="People known by it today")
    def known_as(self, record: ConsentRecord) -> SafeString | str:
        """The consent is the address's; this only helps to find the person."""
        return holders(proof_of(record).address)

    @admin.display(description="Boxes on the form")
    def boxes_shown(self, record: ConsentRecord) -> SafeString | str:
        """Which were ticked."""
        return boxes(proof_of(record).payload)

    @admin.display(description="Circumstances")
    def circumstances(self, record: ConsentRecord) -> SafeString | str:
        """IP, browser, page, and who wrote it down."""
        return pairs(proof_of(record).payload)

    @admin.display(description="The text that it came from")
    def came_from(self, record: ConsentRecord) -> SafeString | str:
        """Also where another report of it came first, and is what the circumstances tell of."""
        return links(behind(record)) or "–"

    @admin.display(description="What came in from it")
    def came_in(self, record: ConsentRecord) -> SafeString:
        """Link to the texts of the address, also those that were no act."""
        return list_link(record.subject)

    @admin.display(description="Answers the request")
    def answers_to(self, record: ConsentRecord) -> SafeString | str:
        """What a confirmation confirmed."""
        return record_link(record.request)

    @admin.display(description="Answered by")
    def answered_by(self, record: ConsentRecord) -> SafeString | str:
        """What became of a request."""
        return format_html_join(", ", "{}", ((record_link(answer),) for answer in record.answers.all())) or "–"

    @admin.display(description="Seal")
    def seal(self, record: ConsentRecord) -> str:
        """Under which it is, and since when it can no longer be changed unseen."""
        place = SealedRecord.objects.filter(record=record).select_related("seal").first()
        return f"Number {place.seal_id}, made on {minute(place.seal.sealed_at)} UTC" if place else "Within a minute"

    @admin.display(description="Evidence matches")
    def evidence_matches(self, record: ConsentRecord) -> str:
        """Whether it is what the record committed to."""
        return proof_of(record).verdict
