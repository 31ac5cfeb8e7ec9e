"""The kinds of export: of each its title, its columns, where its rows come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from sms_consent.exports import lists, paths, records
from sms_consent.exports.writing import FORMATS, Row


@dataclass(frozen=True)
class Kind:
    """One kind of export. `everything` returns all there is of it, `pages` makes rows of any part of that."""

    name: str
    title: str
    columns: tuple[str, ...]
    everything: Callable[[], QuerySet[Any]]
    pages: Callable[[QuerySet[Any]], Iterator[list[Row]]]

    def text(self, rows: QuerySet[Any], form: str) -> Iterator[str]:
        """Yield these rows as text, piece by piece; `form` is csv or jsonl."""
        return FORMATS[form](self.columns, self.pages(rows))


RECORDS = Kind("records", "Consent records", records.COLUMNS, records.everything, records.record_pages)
SUBSCRIBED = Kind(
    "subscribed", "Who is subscribed now", lists.SUBSCRIBED_COLUMNS, lists.subscribed, lists.subscribed_pages
)
SUPPRESSED = Kind("suppressed", "Suppression list", lists.SUPPRESSED_COLUMNS, lists.suppressed, lists.suppressed_pages)
PATHS = Kind("paths", "Opt-in paths", paths.COLUMNS, paths.everything, paths.path_pages)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (RECORDS, SUBSCRIBED, SUPPRESSED, PATHS)}
