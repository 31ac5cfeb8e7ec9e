"""Everything about one address, or one person, on one page, to be printed at any time (REC-8, EU-3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from sms_consent import access, people
from sms_consent.admin.base import outbox_state
from sms_consent.admin.came_in import CameIn, among, from_address
from sms_consent.admin.evidence import LABELS, Proof, boxes, holders, proof_of, said, sentence, who_acted, words_shown
from sms_consent.admin.exporting import EXPORT
from sms_consent.admin.searching import subject_of
from sms_consent.models import ConsentRecord, InboundMessage, Subscription

PRINT = "sms_consent_consentrecord_print"  # the name of its URL
LONGEST = 1_000
CIRCUMSTANCES = {
    **LABELS,
    "method": "How",
    "body": "Text message",
    "texted_to": "Texted to",
    "rule": "Read by the rule",
    "provider": "Told by",
    "person": "Person in Braze",
    "brand": "Brand then",
    "purpose": "Purpose then",
    "frequency": "Frequency then",
    "sender": "Sender then",
}


@dataclass(frozen=True)
class Printed:
    """One record as it is printed. `answers` are those on this page that confirm it, or take it back, `texts` what it
    came from.

    `words` are those that were shown, ready to be put on the page; empty if there were none.
    """

    record: ConsentRecord
    answers: Sequence[ConsentRecord]
    proof: Proof
    words: str
    texts: Sequence[InboundMessage]

    @property
    def sentence(self) -> str:
        """What happened."""
        return sentence(self.record)

    @property
    def done_by(self) -> str:
        """Who it is known to have been."""
        return who_acted(self.record)

    @property
    def boxes(self) -> SafeString | str:
        """Which boxes were ticked."""
        return boxes(self.proof.payload)

    @property
    def circumstances(self) -> list[tuple[str, Any]]:
        """From where and how, and what the program said of itself then."""
        payload = self.proof.payload
        return [(words, said(payload, name)) for name, words in CIRCUMSTANCES.items() if payload.get(name)]

    @property
    def seal(self) -> int | None:
        """The number of the seal it is under."""
        sealed = getattr(self.record, "sealed", None)
        return sealed.seal_id if sealed else None


@dataclass(frozen=True)
class Sheet:
    """All there is of one address, oldest first. `address` is empty where nobody knows it.

    At most LONGEST records and LONGEST of what came in: `has_more_acts` and `has_more_came_in` say that there is more.
    """

    subject: str
    address: str
    holders: SafeString | str
    standings: Sequence[tuple[Subscription, str]]
    printed: Sequence[Printed]
    came_in: Sequence[CameIn]
    has_more_acts: bool
    has_more_came_in: bool

    @property
    def shown(self) -> list[str]:
        """Return the keyed hashes of the addresses that are shown: it is about one, and texts may name others."""
        named = (address for one in self.came_in for address in one.named)
        return list(dict.fromkeys([self.subject, *map(people.subject, named)]))


@require_safe
def print_address(request: HttpRequest, subject: str, site: AdminSite) -> HttpResponse:
    """Show all there is of an address; six queries, however much it is. Written down as printed."""
    require_print(request)
    if subject_of(subject) != subject:
        raise Http404
    return print_sheets(request, {subject: ""}, site, "Everything about an address")


def may_print(request: HttpRequest) -> bool:
    """Return whether this member of staff may print: it takes data out, as an export does."""
    return request.user.has_perm(EXPORT) and request.user.has_perm("sms_consent.view_consentrecord")


def require_print(request: HttpRequest) -> None:
    """Raise PermissionDenied for who may not print."""
    if not may_print(request):
        raise PermissionDenied


def print_sheets(
    request: HttpRequest, known: Mapping[str, str], site: AdminSite, title: str, *, object_id: Any = ""
) -> HttpResponse:
    """Show these addresses one after the other: keyed hashes, each with the address where the caller knows it.

    Each is written down as printed, or none is and nothing is shown. `title` names none of them: it stays in the
    browser's history.
    """
    sheets = [_sheet(subject, address) for subject, address in known.items()]
    with transaction.atomic():
        for sheet in sheets:
            for subject in sheet.shown:
                access.note(request, access.Action.PRINTED, title, object_id=object_id, subject=subject)
    context = {**site.each_context(request), "title": title, "sheets": sheets, "longest": LONGEST}
    return render(request, "admin/sms_consent/consentrecord/print.html", context)


def _sheet(subject: str, known: str) -> Sheet:
    found, came_in = _records(subject), from_address(subject, LONGEST + 1)
    standings = list(Subscription.objects.filter(subject=subject).select_related("program", "request"))
    printed = _printed(found[:LONGEST], [one.message for one in came_in])
    address = known or _address(standings, printed, came_in)
    told = [(row, outbox_state(row)) for row in standings]
    return Sheet(
        subject,
        address,
        holders(address),
        told,
        printed,
        came_in[:LONGEST],
        has_more_acts=len(found) > LONGEST,
        has_more_came_in=len(came_in) > LONGEST,
    )


def _records(subject: str) -> list[ConsentRecord]:
    related = ("program", "disclosure__program", "evidence", "sealed", "request")
    records = ConsentRecord.objects.filter(subject=subject).select_related(*related)
    return list(records.order_by("occurred_at", "id")[: LONGEST + 1])


def _printed(records: Sequence[ConsentRecord], messages: Sequence[InboundMessage]) -> list[Printed]:
    answers: dict[int, list[ConsentRecord]] = {}
    words = words_shown(records)
    for record in records:
        if record.request_id:
            answers.setdefault(record.request_id, []).append(record)
    return [
        Printed(
            record,
            answers.get(record.pk, []),
            proof_of(record),
            words.get(record.disclosure_id, ""),
            among(record, messages),
        )
        for record in records
    ]


def _address(standings: Iterable[Subscription], printed: Iterable[Printed], came_in: Iterable[CameIn]) -> str:
    """Return it from wherever it was not erased."""
    known = chain(
        (row.address for row in standings),
        (one.proof.address for one in printed),
        (one.message.address for one in came_in),
    )
    return next(filter(None, known), "")
