"""Consent records with everything that proves them (US-8, REC-3, REC-4; 16 CFR 310.5(a)(8))."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.utils import translation

from sms_consent import history
from sms_consent.choices import Source
from sms_consent.exports.paging import attach, pages
from sms_consent.exports.writing import Row, utc
from sms_consent.models import ConsentRecord, Evidence, SealedRecord

# The order is a contract: import_consents takes these columns back (DAT-5).
COLUMNS = (
    *("id", "email", "phone", "program", "act", "occurred_at", "recorded_at", "source", "method", "wording"),
    *("wording_sha256", "label", "button", "language", "disclosure_version", "brand", "purpose", "frequency"),
    *("sender", "page", "referrer", "campaign", "ip", "user_agent", "accept_language", "boxes", "body", "texted_to"),
    *("rule", "provider", "provider_id", "keyword", "place", "incentive", "agent", "note", "external_id", "proven"),
    *("stops", "request", "subject", "commitment", "recorded_as", "seal"),
)
FROM_EVIDENCE = (
    *("label", "button", "brand", "purpose", "frequency", "sender", "page", "referrer", "campaign", "ip"),
    *("user_agent", "accept_language", "boxes", "body", "texted_to", "rule", "provider", "provider_id", "keyword"),
    *("place", "incentive", "agent", "note"),
)


def everything() -> QuerySet[Any]:
    """Return all records."""
    return ConsentRecord.objects.all()


def record_pages(records: QuerySet[Any]) -> Iterator[list[Row]]:
    """Yield the rows of these records in pages; five queries a page."""
    for page in pages(records.select_related(None)):
        attach(page, "program", "disclosure")
        ids = [record.pk for record in page]
        payloads = dict(Evidence.objects.filter(record__id__among=ids).values_list("record_id", "payload"))
        seals = dict(SealedRecord.objects.filter(record__id__among=ids).values_list("record_id", "seal_id"))
        yield [_row(record, payloads.get(record.pk, ""), seals.get(record.pk)) for record in page]


def _row(record: ConsentRecord, evidence: str, seal: int | None) -> Row:
    """Return a record's row; `evidence` is empty where it was erased."""
    payload = json.loads(evidence) if evidence else {}
    return (
        {name: payload.get(name) for name in FROM_EVIDENCE}
        | _address(str(payload.get("address", "")))
        | _act(record, payload)
        | _words(record, payload)
        | {"subject": record.subject, "commitment": record.commitment, "seal": seal}
    )


def _address(address: str) -> Row:
    return {"email": address, "phone": ""} if "@" in address else {"email": "", "phone": address}


def _act(record: ConsentRecord, payload: Mapping[str, Any]) -> Row:
    came_from = payload.get("came_from") if record.source == Source.IMPORT else None
    return {
        "id": record.pk,
        "program": record.program.slug,
        "act": record.act,
        "occurred_at": utc(record.occurred_at),
        "recorded_at": utc(record.recorded_at),
        "source": came_from or record.source,
        "recorded_as": record.source,
        "method": payload.get("method") or _method(record.act, record.source),
        "external_id": payload.get("person"),
        "proven": record.proven,
        "stops": record.stops,
        "request": record.request_id,
    }


@cache
def _method(act: str, source: str) -> str:
    """Return in plain English how something was done: one of a few dozen sentences, looked up once."""
    with translation.override("en"):
        return history.words(ConsentRecord(act=act, source=source))


def _words(record: ConsentRecord, payload: Mapping[str, Any]) -> Row:
    shown = record.disclosure
    return {
        "wording": shown.words if shown else "",
        "wording_sha256": record.words_sha256,
        "disclosure_version": shown.version if shown else None,
        "language": payload.get("language") or (shown.language if shown else ""),
    }
