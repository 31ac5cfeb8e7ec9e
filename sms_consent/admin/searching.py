"""Finding people by their exact address, however it is written, without leaving it in a URL.

A search that travels in the query string ends up in the logs of every proxy on its way. So the box posts, and
the list it leads to is named by the address's keyed hash or by the ids of what was found.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from sms_consent import people
from sms_consent.admin.base import ConsentAdmin
from sms_consent.people import address_of

_HASH = re.compile(r"[0-9a-f]{64}")
FOUND_AT_MOST = 100
NOTHING = "0"  # is no id and no hash


class AddressSearch(ConsentAdmin):
    """A search box for an exact address. `find` says what to look up, `other_names` what else is taken."""

    search_fields = ("pk",)  # makes Django show the box; get_search_results decides what it does
    search_help_text = "An exact phone number or email address, however it is written."
    other_names = ""

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Return the rows of this address, or known by this text otherwise. `address` may be empty."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Compare exactly: a search by part of a number would be a way to leaf through people."""
        text = search_term.strip()
        return (self.find(queryset, address_of(text), text) if text else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Turn a posted search into a list whose URL names nobody."""
        if request.method == "POST" and "look_up" in request.POST:
            if not self.has_view_or_change_permission(request):
                raise PermissionDenied
            return self._redirect(request, request.POST["look_up"].strip())
        return super().changelist_view(request, extra_context)

    def _redirect(self, request: HttpRequest, text: str) -> HttpResponse:
        query = request.GET.copy()
        for name in ("p", "q", "id__in", "e"):
            query.pop(name, None)
        address = address_of(text)
        if text:
            named = self.named(self.get_queryset(request), address, text)
            query.update(named)
            if address:
                messages.info(request, f"Showing what is held for {people.mask(address)}.")
            elif NOTHING in named.values():
                other = f", or {self.other_names}" if self.other_names else ""
                messages.error(request, f"Search by an exact phone number or email address{other}: names are not kept.")
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")

    def named(self, rows: QuerySet[Any], address: str, text: str) -> dict[str, str]:
        """Return the query string that stands for what was searched for: the ids of what was found."""
        ids = self.find(rows, address, text).order_by("-pk").values_list("pk", flat=True)[:FOUND_AT_MOST]
        return {"id__in": ",".join(map(str, ids)) or NOTHING}


def subject_of(text: str) -> str:
    """Return the keyed hash that a search is about, given an address or the hash itself; empty if it is neither."""
    address = address_of(text)
    return people.subject(address) if address else text if _HASH.fullmatch(text) else ""


class SubjectSearch(AddressSearch):
    """For rows that know an address by its keyed hash, which may stand in a URL."""

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Find by hash, given the address or the hash itself."""
        subject = subject_of(text)
        return rows.filter(subject=subject) if subject else rows.none()

    def named(self, rows: QuerySet[Any], address: str, text: str) -> dict[str, str]:
        """Return the hash."""
        return {"q": subject_of(text) or NOTHING}
