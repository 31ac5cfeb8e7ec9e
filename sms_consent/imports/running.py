"""One import, from the file to the last row."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import connection, reset_queries

from sms_consent.imports.checking import Checker
from sms_consent.imports.reading import FileError, Line, reading
from sms_consent.imports.rows import People, RefusedError
from sms_consent.imports.sorting import Sorter
from sms_consent.imports.writing import Writer, Written

CHUNK = 200  # rows in a transaction, at most
FEWEST = 20  # rows in one on SQLite, which has one writer: as many as are written in HOLD; of fewer the commit is most
HOLD = 0.045  # seconds
READ_AT_ONCE = 1000
BREATH = 0.2  # of the time that a chunk took, in which whoever else waits to write to SQLite comes in

Tell = Callable[[int], None]
TellOf = Callable[[int, int], None]


@dataclass
class Summary:
    """What an import did, or a dry run would do. `refused` counts lines by reason, `unknown` are unread columns."""

    read: int = 0
    added: int = 0
    known: int = 0
    joined: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    refused: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def count(self, written: Written) -> None:
        """Add what became of a chunk."""
        self.added += written.added
        self.known += written.known
        self.joined += written.joined
        self.left += written.left


def errors_of(path: Path) -> Path:
    """Return where the refused lines of a file are listed."""
    return path.with_name(f"{path.name}.errors.csv")


def run(path: Path, *, people: People, is_dry_run: bool, tell_read: Tell, tell_written: TellOf) -> Summary:
    """Import a file, or say what importing it would do; return what became of it.

    `tell_read` gets how many bytes have been read, `tell_written` how many rows dealt with, and of how many. Refused
    lines go to `errors_of(path)`, which is there only if there are any. Raises FileError, before anything is written.
    """
    summary, checker, writer = Summary(), Checker(path.name), Writer(people, is_dry_run=is_dry_run)
    with Sorter() as sorter:
        with reading(path) as found:
            for lines in _batches(found.rows()):
                summary.read += _sort(lines, checker, sorter)
                tell_read(found.position)
            summary.unknown = sorted(found.unknown)
        fit = summary.read - sum(sorter.reasons().values())
        with _listed(sorter, errors_of(path)):
            for done, written in _written(sorter, writer):
                summary.count(written)
                sorter.refuse(written.refused)
                tell_written(done, fit)
        summary.refused = sorter.reasons()
    return summary


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, READ_AT_ONCE)):
        yield batch


def _sort(lines: list[Line], checker: Checker, sorter: Sorter) -> int:
    """Check lines and keep what is to be written down, or why it is refused; return how many they were."""
    rows, reasons = [], {}
    for line, cells in lines:
        try:
            rows.append(checker.row(line, cells))
        except RefusedError as error:
            reasons[line] = str(error)
    sorter.add(rows)
    sorter.refuse(reasons)
    return len(lines)


@contextmanager
def _listed(sorter: Sorter, path: Path) -> Iterator[None]:
    """Write down which lines were refused, however it ends: line and reason, and nothing of what they say."""
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise FileError(f"{path.name} cannot be written: {error.strerror}.") from error
    with file:
        try:
            yield
        finally:
            writer = csv.writer(file)
            writer.writerow(("line", "reason"))
            writer.writerows(sorter.refusals())
    if not sorter.reasons():
        path.unlink()


class _Pace:
    """How many rows go into a transaction, by how long the one before took."""

    def __init__(self) -> None:
        self._has_one_writer = connection.vendor == "sqlite"
        self.rows = min(FEWEST, CHUNK) if self._has_one_writer else CHUNK

    def after(self, rows: int, seconds: float) -> None:
        """Take note of one, and let whoever else waits to write come in."""
        if self._has_one_writer:
            fit = int(rows * HOLD / seconds)
            self.rows = min(max(fit, FEWEST), self.rows + FEWEST, CHUNK)
            time.sleep(BREATH * seconds)


def _written(sorter: Sorter, writer: Writer) -> Iterator[tuple[int, Written]]:
    """Write chunk after chunk; yield how many rows have been dealt with, and what became of the last."""
    done, pace = 0, _Pace()
    for chunk in sorter.chunks(lambda: pace.rows):
        began = time.monotonic()
        written = writer.write(chunk)
        pace.after(len(chunk), time.monotonic() - began)
        done += len(chunk)
        yield done, written
        if settings.DEBUG:
            reset_queries()  # Django keeps every statement then
