"""What other systems had people agree to, kept as disclosures: frozen like all published words, offered nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
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
    """What tells words apart. An empty language is any: the same words are in the same one."""

    program: int
    language: str
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
        wanted = {row.line: (_wording(row, programs[row.program]), row.wording) for row in rows if row.wording}
        texts = {wording: text for wording, text in wanted.values() if wording not in self._known}
        if texts:
            self._learn(texts, programs)
        found = {line: self._known[wording] for line, (wording, _) in wanted.items()}
        if len(self._known) > MOST_REMEMBERED:
            self.forget()
        return found

    def _learn(self, texts: Mapping[Wording, str], programs: Mapping[str, Program]) -> None:
        self._find(texts)
        if texts.keys() <= self._known.keys():
            return
        ids = sorted({wording.program for wording in texts})
        list(Program.objects.select_for_update().filter(pk__in=ids).order_by("pk"))  # versions are numbered one by one
        self._find(texts)
        for has_language in (True, False):  # of two rows with the same words, the one that says its language first
            missing = {
                it: text for it, text in texts.items() if it not in self._known and bool(it.language) == has_language
            }
            if missing:
                _keep(missing)
                self._find(texts)

    def _find(self, wordings: Collection[Wording]) -> None:
        rows = Disclosure.objects.filter(sha256__in={it.sha256 for it in wordings}, published_at__isnull=False)
        rows = rows.filter(program__in={it.program for it in wordings}).defer("draft", "words").order_by("-pk")
        for it in rows:
            for language in (it.language, ""):
                self._known[Wording(it.program_id, language, it.sha256, it.label, it.button_label)] = it


def _wording(row: Row, program: Program) -> Wording:
    sha256 = hashlib.sha256(row.wording.encode()).hexdigest()
    language = row.language if len(row.language) <= LONGEST_LANGUAGE else ""
    return Wording(program.pk, language, sha256, row.label, row.button)


def _keep(texts: Mapping[Wording, str]) -> None:
    """Write words down as they came, without the checks for words that are to be shown."""
    for (program, language), wordings in groupby(sorted(texts), key=lambda it: (it.program, it.language)):
        language = language or UNKNOWN_LANGUAGE
        first = disclosures.next_version(program, language)
        Disclosure.objects.bulk_create(
            Disclosure(
                program_id=program,
                door=Door.IMPORT,
                language=language,
                version=version,
                label=it.label,
                draft=texts[it],
                button_label=it.button,
                words=texts[it],
                sha256=it.sha256,
                published_at=timezone.now(),
            )
            for version, it in enumerate(wordings, start=first)
        )
