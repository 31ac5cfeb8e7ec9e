"""Writing checked rows down, a chunk in a transaction: records, subscriptions, people, outbox marks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from sms_consent import ledger, outbox, people
from sms_consent.choices import Act, Source, State
from sms_consent.imports.rows import Names, People, Row
from sms_consent.imports.wordings import Wordings
from sms_consent.ledger import Circumstances, Entry, Key
from sms_consent.models import Disclosure, Program, Subscription

AGREED = frozenset({Act.GRANTED, Act.CONFIRMED})
LEFT = frozenset({Act.WITHDRAWN, Act.INVALIDATED})  # of a number both stop: an import has nobody asked (DAT-3)


@dataclass
class Written:
    """What became of rows. `joined` and `left` count, by program, the addresses that are news for Braze."""

    added: int = 0
    known: int = 0
    joined: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    refused: dict[int, str] = field(default_factory=dict)


class _ContradictionError(Exception):
    """Rows that cannot be true; undoes the chunk, which is written again without them."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        super().__init__()
        self.reasons = reasons


class _MovedError(Exception):
    """Somebody whom a row names has got another address since it was looked up; undoes the chunk, to be begun again."""


class Writer:
    """Writes chunks. `holders` finds or makes who holds the addresses that are subscribed by them.

    A dry run does all the same and takes it back, so that it says what an import would do.
    """

    def __init__(self, holders: People, *, is_dry_run: bool = False) -> None:
        self._people, self._is_dry_run = holders, is_dry_run
        self._programs = {program.slug: program for program in Program.objects.all()}
        self._wordings = Wordings()

    def write(self, rows: Sequence[Row]) -> Written:
        """Write rows down, those that contradict what is known of people left out."""
        refused: dict[int, str] = {}
        while True:
            try:
                with transaction.atomic():
                    written = self._write([row for row in rows if row.line not in refused])
                    transaction.set_rollback(self._is_dry_run)
                break
            except _ContradictionError as error:
                refused |= error.reasons
                self._wordings.forget()
            except _MovedError:
                continue
        if self._is_dry_run:
            self._wordings.forget()
        written.refused = refused
        return written

    def _write(self, rows: Sequence[Row]) -> Written:
        if not rows:
            return Written()
        self._lock(rows)
        words = self._wordings.of(rows, self._programs)
        agreed = {row.email for row in rows if row.act in AGREED}
        names = self._people.names([row for row in rows if row.email in agreed])  # what else they did is theirs, too
        entries = [self._entry(row, words, names) for row in rows]
        subscriptions = ledger.standings(entry.key for entry in entries)
        before = {key: (row.state, row.told) for key, row in subscriptions.items()}
        records = ledger.append(entries, subscriptions)
        fresh = {(record.program_id, record.subject, record.act, record.occurred_at) for record in records}
        new = [
            row
            for row, entry in zip(rows, entries, strict=True)
            if (entry.program.pk, row.subject, entry.act, entry.occurred_at) in fresh
        ]
        self._hold_subscribed(new, subscriptions, names)
        written = Written(added=len(records), known=len(rows) - len(records))
        self._tell(before, subscriptions, written)
        return written

    def _lock(self, rows: Sequence[Row]) -> None:
        """Hold the addresses of these rows, and all others of the people whom they name: those rows change them too."""
        if not connection.features.has_select_for_update:
            return  # nobody else writes meanwhile
        named = {name for row in rows for name in (row.email, row.phone, row.external_id)}
        all_of_them = named | self._people.addresses(rows)
        people.lock(all_of_them)
        if self._people.addresses(rows) - all_of_them:
            raise _MovedError

    def _entry(self, row: Row, words: Mapping[int, Disclosure], names: Names) -> Entry:
        said = json.loads(row.said)
        if row.is_sms and not row.is_exported and row.line in names:
            said["how"] |= _named(said["how"], names[row.line])
        program = self._programs[row.program]
        return Entry(
            program,
            row.address,
            Act(row.act),
            Source.IMPORT,
            disclosure=words.get(row.line),
            circumstances=Circumstances(**said["how"]),
            occurred_at=datetime.fromisoformat(row.at),
            stops=program.is_sms and row.act in LEFT,
            proven=bool(row.proven),
            terms=said["terms"],
        )

    def _hold_subscribed(self, rows: Sequence[Row], subscriptions: Mapping[Key, Subscription], names: Names) -> None:
        """Somebody must hold what is subscribed now: Braze knows an address only as a person's."""
        agreed = [
            row
            for row in rows
            if row.act in AGREED
            and subscriptions[self._programs[row.program].pk, row.address].state == State.SUBSCRIBED
        ]
        if agreed and (reasons := self._people.hold(agreed, names)):
            raise _ContradictionError(reasons)

    def _tell(
        self, before: Mapping[Key, tuple[str, str]], subscriptions: Mapping[Key, Subscription], written: Written
    ) -> None:
        """Count what is news for Braze; mark what is told of an email address as a whole. Wake nobody: it may wait."""
        slugs = {program.pk: slug for slug, program in self._programs.items()}
        changed: dict[str, set[str]] = {State.SUBSCRIBED: set(), State.UNSUBSCRIBED: set()}
        for key, row in subscriptions.items():
            state, told = before[key]
            news = State.UNSUBSCRIBED if state == State.SUBSCRIBED else row.state
            if row.state == state or news not in changed:
                continue
            changed[news].add(row.address)
            if told != news:
                (written.joined if news == State.SUBSCRIBED else written.left)[slugs[key[0]]] += 1
        joined, left = (sorted(it for it in addresses if "@" in it) for addresses in changed.values())
        if joined:
            outbox.mark_joined(joined)
        if left:
            outbox.mark_left(*left)


def _named(how: Mapping[str, str], person: str) -> dict[str, str]:
    """Say whose number it is as they are known here: it is how they can leave without the handset (REV-15)."""
    other = how["person"] if how["person"] != person else ""
    return {"person": person, "imported_from": how["imported_from"] + (f", external_id {other}" if other else "")}
