"""What other systems had people agree to, kept as disclosures: frozen like all published words, offered nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from django.utils import timezone

from sms_consent import disclosures
from sms_consent.choices import Door
from sms_consent.imports.rows import Row
from sms_consent.models import Disclosure, Program

MOST_REMEMBERED = 1000
UNKNOWN_LANGUAGE = "und"  # BCP 47: undetermined
LONGEST_LANGUAGE = int(Disclosure._meta.get_field("language").max_length or 0)


class Wording(NamedTuple):
    """What tells words apart. Not the language that a row says: it is that of the page, and may be another."""

    program: int
    sha256: str
    label: str
    button: str


class Wordings:
    """Finds words or keeps them. Remembers the latest, without their text."""

    def __init__(self) -> None:
        self._known: dict[Wording, Disclosure] = {}

    def forget(self) -> None:
        """Remember nothing: what was kept last is gone again with its transaction."""
        self._known.clear()

    def of(self, rows: Iterable[Row], programs: Mapping[str, Program]) -> dict[int, Disclosure]:
        """Return the words of each row that has some, by its line; to be called in a transaction."""
        if len(self._known) > MOST_REMEMBERED:
            self.forget()
        wanted = {row.line: _wording(row, programs[row.program]) for row in rows if row.wording}
        first = {wanted[row.line]: row for row in rows if row.line in wanted}
        if not first.keys() <= self._known.keys():
            self._learn(first)
        return {line: self._known[wording] for line, wording in wanted.items()}

    def _learn(self, rows: Mapping[Wording, Row]) -> None:
        self._find(rows)
        if rows.keys() <= self._known.keys():
            return
        ids = sorted({wording.program for wording in rows})
        # Versions are numbered one by one. Not with the key: whoever signs up refers to the program meanwhile.
        list(Program.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        self._find(rows)
        _keep({wording: row for wording, row in rows.items() if wording not in self._known})
        self._find(rows)

    def _find(self, wordings: Iterable[Wording]) -> None:
        """Look for published words; of several that are alike, the oldest."""
        rows = Disclosure.objects.filter(sha256__in={it.sha256 for it in wordings}, published_at__isnull=False)
        rows = rows.filter(program__in={it.program for it in wordings}).defer("draft", "words")
        for it in rows.order_by("-pk"):
            self._known[Wording(it.program_id, it.sha256, it.label, it.button_label)] = it


def _wording(row: Row, program: Program) -> Wording:
    return Wording(program.pk, hashlib.sha256(row.wording.encode()).hexdigest(), row.label, row.button)


def _language(row: Row) -> str:
    return row.language if 0 < len(row.language) <= LONGEST_LANGUAGE else UNKNOWN_LANGUAGE


def _keep(rows: Mapping[Wording, Row]) -> None:
    """Write words down as they came, without the checks for words that are to be shown."""
    by_version = sorted((wording.program, _language(row), wording) for wording, row in rows.items())
    for (program, language), group in groupby(by_version, key=lambda it: it[:2]):
        first = disclosures.next_version(program, language)
        Disclosure.objects.bulk_create(
            Disclosure(
                program_id=program,
                door=Door.IMPORT,
                language=language,
                version=version,
                label=it.label,
                draft=rows[it].wording,
                button_label=it.button,
                words=rows[it].wording,
                sha256=it.sha256,
                published_at=timezone.now(),
            )
            for version, (_, _, it) in enumerate(group, start=first)
        )
