"""Who of the staff saw whose address, and who took data out (SEC-11)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms_consent import people
from sms_consent.admin.base import ReadOnlyAdmin, minute, moment
from sms_consent.admin.searching import SubjectSearch
from sms_consent.models import AccessRecord


@admin.register(AccessRecord)
class AccessRecordAdmin(SubjectSearch, ReadOnlyAdmin):
    """Every look at an address in full and every export. Search for an address to see who looked at it."""

    empty_note = "Nobody has looked at an address in full yet."
    list_display = ("when", "who", "action", "kind", "object_id", "detail")
    list_filter = ("action", ("at", admin.DateFieldListFilter))
    sortable_by = ()
    fields = ("at_exactly", "who", "action", "kind", "thing", "detail", "ip", "subject", "others")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring along by what email address staff are known, and their row."""
        staff = get_user_model()._default_manager.filter(external_id=OuterRef("staff"))
        found = super().get_queryset(request)
        return found.annotate(by=Subquery(staff.values("email")[:1]), by_pk=Subquery(staff.values("pk")[:1]))

    @admin.display(description="When (UTC)")
    def when(self, row: AccessRecord) -> str:
        """For the list."""
        return minute(row.at)

    @admin.display(description="When")
    def at_exactly(self, row: AccessRecord) -> SafeString | str:
        """For the page."""
        return moment(row.at)

    @admin.display(description="Who")
    def who(self, row: Any) -> SafeString | str:
        """Who of the staff, in full: two colleagues may look alike when masked."""
        if row.by_pk is None:
            return people.mask_name(row.staff) or "Nobody known"
        url = reverse("admin:accounts_user_change", args=[row.by_pk])
        return format_html('<a href="{}">{}</a>', url, row.by or row.staff)

    @admin.display(description="What")
    def kind(self, row: AccessRecord) -> str:
        """The kind of page or export, by the name that the admin gives it."""
        try:
            return str(apps.get_model(row.what)._meta.verbose_name).capitalize()
        except (LookupError, ValueError):
            return row.what

    @admin.display(description="Which")
    def thing(self, row: AccessRecord) -> SafeString | str:
        """Link to what was looked at."""
        try:
            url = reverse(f"admin:{row.what.replace('.', '_')}_change", args=[row.object_id])
        except NoReverseMatch:
            return row.object_id or "–"
        return format_html('<a href="{}">#{}</a>', url, row.object_id)

    @admin.display(description="Others")
    def others(self, row: AccessRecord) -> SafeString | str:
        """Who else saw the same address."""
        if not row.subject:
            return "–"
        url = reverse("admin:sms_consent_accessrecord_changelist")
        return format_html('<a href="{}?q={}">Everybody who saw this address</a>', url, row.subject)
