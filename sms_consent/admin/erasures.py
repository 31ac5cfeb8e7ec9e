"""Erasures: what each waits for, and when it was done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from sms_consent import erasures, people
from sms_consent.admin.base import ReadOnlyAdmin, minute, moment
from sms_consent.admin.searching import SubjectSearch
from sms_consent.models import Erasure


class UnderWayFilter(admin.SimpleListFilter):
    """Whether anything is left to do."""

    title = "how far it is"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("open", "Under way"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the choice."""
        return queryset.filter(done_at__isnull=self.value() == "open") if self.value() else queryset


def says(erasure: Erasure) -> str:
    """Say how far an erasure is."""
    if erasure.done_at:
        return f"Done on {minute(erasure.done_at)} UTC"
    waits = erasures.waits_for(erasure)
    return f"Waits for {waits}" if waits else "Braze has taken everything; what is kept here is blanked next"


@admin.register(Erasure)
class ErasureAdmin(SubjectSearch, ReadOnlyAdmin):
    """One erasure a page. Of one that is done, nothing here says whose it was."""

    empty_note = "Nobody has asked to be erased yet."
    list_display = ("asked", "state", "whom", "asked_by")
    list_filter = (UnderWayFilter,)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("asked_exactly", "by", "how_far", "whom", "only_theirs", "id_masked", "subject")

    @admin.display(description="Asked for (UTC)")
    def asked(self, erasure: Erasure) -> str:
        """For the list."""
        return minute(erasure.asked_at)

    @admin.display(description="Asked for")
    def asked_exactly(self, erasure: Erasure) -> SafeString | str:
        """For the page."""
        return moment(erasure.asked_at)

    @admin.display(description="State")
    def state(self, erasure: Erasure) -> str:
        """For the list. What one waits for takes a look at its opt-outs and its profile: its own page says it."""
        return says(erasure) if erasure.done_at else "Under way"

    @admin.display(description="Addresses that go")
    def whom(self, erasure: Erasure) -> str:
        """Masked, while they are there (SEC-11)."""
        return _masked(erasure.addresses) or ("erased" if erasure.done_at else "–")

    @admin.display(description="Numbers on which only their own acts go")
    def only_theirs(self, erasure: Erasure) -> str:
        """Masked, as above."""
        return _masked(erasure.typed) or "–"

    @admin.display(description="Asked for by")
    def asked_by(self, erasure: Erasure) -> str:
        """Who of the staff, masked like everybody."""
        return people.mask_name(erasure.by) or "–"

    @admin.display(description="Id in Braze")
    def id_masked(self, erasure: Erasure) -> str:
        """Masked where it is an address."""
        return people.mask_name(erasure.external_id) or "–"

    @admin.display(description="How far it is")
    def how_far(self, erasure: Erasure) -> str:
        """What it waits for, or when it was done."""
        return says(erasure)


def _masked(addresses: list[str]) -> str:
    return ", ".join(people.mask(address) for address in addresses)
