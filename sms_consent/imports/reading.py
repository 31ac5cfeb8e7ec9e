"""Files of rows: CSV and JSON Lines, read piece by piece. What is broken in one row does not end the others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sms_consent.exceptions import ConsentError
from sms_consent.formulas import unmarked
from sms_consent.imports.rows import ADDRESSES, NEEDED, OWN, READ, Cells, RefusedError

Line = tuple[int, Cells | RefusedError]  # the line on which a row begins, its cells or why it has none

LONGEST_LINE = 1_000_000  # bytes: no row needs more, and what is longer must not fill the memory
MOST_UNKNOWN, LONGEST_NAME = 50, 60  # of the columns that nobody reads


class FileError(ConsentError):
    """A file cannot be read as rows at all."""


class Reading:
    """The rows of an open file. `unknown` are the columns that nobody reads, as far as it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.unknown: set[str] = set()

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self.file.tell()

    def rows(self) -> Iterator[Line]:
        """Yield row by row. Lines are counted from 1."""
        raise NotImplementedError

    def _note_unknown(self, names: Iterable[str]) -> None:
        """Note columns that nobody reads, so many of them, as a terminal can show them."""
        for name in names:
            if name not in READ | OWN and len(self.unknown) < MOST_UNKNOWN:
                self.unknown.add(ascii(name)[1:-1][:LONGEST_NAME] if not name.isprintable() else name[:LONGEST_NAME])


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Open a file. Raises FileError, also where a CSV file lacks a column that every row needs."""
    try:
        with path.open("rb") as file:
            start = file.read(3)
            file.seek(3 if start == b"\xef\xbb\xbf" else 0)
            is_json = file.peek(1)[:1] == b"{"
            yield JsonLines(file) if is_json else CsvRows(file)
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror}.") from error


class CsvRows(Reading):
    """Comma-separated, a header first, UTF-8 with or without a byte order mark."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        # Strict: or else a quote that is never closed takes all rows after it into its cell, and nobody hears of it.
        self._reader = csv.reader(iter(lambda: text.readline(LONGEST_LINE), ""), strict=True)
        self._text = text
        try:
            self._columns = [name.strip().lower() for name in next(self._reader, [])]
        except csv.Error as error:
            raise FileError("The header is no CSV.") from error
        lacking = [name for name in NEEDED if name not in self._columns]
        if not set(ADDRESSES) & set(self._columns):
            lacking.append(" or ".join(ADDRESSES))
        if lacking:
            raise FileError(f"The header lacks {', '.join(lacking)}.")
        if len(set(self._columns)) < len(self._columns):
            raise FileError("The header names a column twice.")
        self._note_unknown(self._columns)

    def rows(self) -> Iterator[Line]:
        """Yield the rows after the header; empty lines are none."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                self._text.detach()
                return
            except csv.Error:
                more = f": it goes on to line {last}" if (last := self._reader.line_num) > line else ""
                yield line, RefusedError(f"the row is no CSV, or too long{more}")
                continue
            if cells:
                yield line, self._named(cells)

    def _named(self, cells: list[str]) -> Cells | RefusedError:
        if len(cells) != len(self._columns):
            more = "more" if len(cells) > len(self._columns) else "fewer"
            return RefusedError(f"the row has {more} cells than there are columns")
        try:
            "".join(cells).encode()
        except UnicodeEncodeError:
            return RefusedError("the row is not UTF-8")
        return {name: unmarked(cell) for name, cell in zip(self._columns, cells, strict=True) if cell}


class JsonLines(Reading):
    """One JSON object on each line; null and absent are empty."""

    def rows(self) -> Iterator[Line]:
        """Yield the objects; empty lines are none."""
        line = 0
        while raw := self.file.readline(LONGEST_LINE):
            line += 1
            if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                while (rest := self.file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield line, RefusedError("the line is too long")
            elif raw.strip():
                yield line, self._cells(raw)

    def _cells(self, raw: bytes) -> Cells | RefusedError:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            return RefusedError("the line is no JSON")
        if not isinstance(found, dict):
            return RefusedError("the line is no JSON object")
        self._note_unknown(found)
        return {name: _text(value) for name, value in found.items() if value is not None and name in READ | OWN}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
