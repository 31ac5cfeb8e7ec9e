"""What the pages of the admin share: read-only pages, lists that count no further than is useful."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms_consent import access

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    CountingPaginator = Paginator[Any]
else:
    ModelAdmin = admin.ModelAdmin
    CountingPaginator = Paginator

logger = logging.getLogger(__name__)

COUNTED_AT_MOST = 10_000
ENDS = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt")  # what the filters of a list put behind a field


class CappedPaginator(CountingPaginator):
    """Counts no further than COUNTED_AT_MOST: counting millions takes longer than reading a page."""

    @cached_property
    def count(self) -> int:
        """Return how many rows can be paged through."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:COUNTED_AT_MOST].count())

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= COUNTED_AT_MOST


class SparingList(ChangeList):
    """Looks for the ids of a page's rows before it reads the rows.

    Asked for the newest rows of one kind, databases go through all rows from the newest on, which takes long where the
    kind has not come up lately; the ids alone PostgreSQL gets from an index on (kind, id), and all that there are of a
    short list SQLite gets from any.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Fill the page: one query for the ids, one for the rows."""
        super().get_results(request)
        rows = self.result_list if self.multi_page else self.queryset.order_by()
        self.result_list = self.queryset.filter(pk__in=list(rows.values_list("pk", flat=True)))


class ConsentAdmin(ModelAdmin):
    """Lists that say something when empty; pages whose opening is written down, and logged without names (SEC-11)."""

    change_list_template = "admin/consent_list.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_per_page = 50
    empty_note = "Nothing here yet."

    class Media:
        css = {"all": ("css/admin.css",)}  # noqa: RUF012 - Django's own way to say it

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the kind of list that does without long reads."""
        return SparingList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Call the list by what it holds; hand it the words for when it is empty."""
        title = str(self.opts.verbose_name_plural)
        context = {"title": title[:1].upper() + title[1:], "empty_note": self.empty_note} | (extra_context or {})
        return super().changelist_view(request, context)

    def addresses(self, obj: Any) -> Iterable[str]:
        """Return the addresses, E.164 or email, that the page of this row shows in full."""
        return ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the page itself links to, letter by letter.

        With `?email__startswith=`, or through what a program points to, one could guess addresses a letter at a time,
        unrecorded.
        """
        offered = {item[0] if isinstance(item, tuple) else item for item in self.list_filter}
        named = {getattr(item, "parameter_name", "") for item in offered}
        return lookup == "id__in" or lookup in named or lookup in {f"{name}{end}" for name in offered for end in ENDS}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Write down who looked at whose address: pages show them in full, lists do not. The log gets ids only."""
        answer = super().change_view(request, object_id, form_url, extra_context)
        if answer.status_code == HTTPStatus.OK:
            self._note(request, getattr(answer, "context_data", {}).get("original"))
        logger.info("Staff %s opened %s %s (%s).", request.user, self.opts.label, object_id, answer.status_code)
        return answer

    def _note(self, request: HttpRequest, shown: Any) -> None:
        """Write it down before the page is sent: what cannot be written down is not shown."""
        with transaction.atomic():
            for address in dict.fromkeys(filter(None, self.addresses(shown) if shown else ())):
                access.note(request, access.Action.VIEWED, self.opts.label_lower, object_id=shown.pk, address=address)


class ReadOnlyAdmin(ConsentAdmin):
    """Written by machines or by the people concerned: nobody adds, changes or deletes it here."""

    change_form_template = "admin/consent_read_only.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, superusers included."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, superusers included."""
        return False

    def history_view(self, *args: Any, **kwargs: Any) -> NoReturn:
        """There is none, and its page would call a mail by its recipient without writing down who read that."""
        raise Http404


def moment(at: datetime | None) -> SafeString | str:
    """Return a time as an auditor needs it: to the second, with its zone."""
    shape = '<time datetime="{}">{}</time>'
    return format_html(shape, f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S} UTC") if at else "–"


def minute(at: datetime | None) -> str:
    """Return a time for a list, whose heading says that it is UTC, or for a sentence that does."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "–"


def outbox_state(row: Any) -> str:
    """Say whether Braze has still to be told about a row, and if it has not been told: why."""
    now = timezone.now()
    if row.parked_at:
        return f"Parked since {minute(row.parked_at)} UTC: {row.park_reason or 'no reason given'}"
    if row.due_at is None:
        return "Nothing left to tell"
    if row.leased_until and row.leased_until > now:
        return "Being sent now"
    if row.is_recheck:
        return f"Taken by Braze; looked at, or said again, at {minute(row.due_at)} UTC"
    since = f"since {minute(row.marked_at or row.due_at)} UTC"
    if row.attempts:
        times = f"{row.attempts} time{pluralize(row.attempts)}"
        return f"Failed {times}, tried again at {minute(row.due_at)} UTC; waiting {since}"
    return f"Waiting {since}"
