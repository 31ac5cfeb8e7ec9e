"""Rows as text: CSV (RFC 4180, UTF-8, with a header) and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sms_consent.formulas import marked
from sms_consent.ledger import canonical

Row = dict[str, Any]  # by column: text, a number, true or false, a mapping; "" or None where there is nothing
Written = Callable[[Sequence[str], Iterable[Sequence[Row]]], Iterator[str]]


def utc(at: datetime | None) -> str:
    """Return a time as ISO 8601 in UTC with microseconds (REC-6); empty if there is none."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def csv_text(columns: Sequence[str], pages: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield a header, then a piece of CSV for each page."""
    yield _lines([columns])
    for page in pages:
        yield _lines([_cell(row[name]) for name in columns] for row in page)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        return marked(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return marked(canonical(value) if isinstance(value, dict) else str(value))


def json_text(columns: Sequence[str], pages: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield a piece of JSON Lines for each page: an object a line, null where there is nothing."""
    for page in pages:
        yield "".join(
            json.dumps({name: _plain(row[name]) for name in columns}, ensure_ascii=False) + "\n" for row in page
        )


def _plain(value: Any) -> Any:
    return None if value in ("", {}) else value


FORMATS: Mapping[str, Written] = {"csv": csv_text, "jsonl": json_text}
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}
