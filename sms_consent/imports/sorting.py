"""A file's rows in the order in which they are written down: whatever is about one address together.

So every address is dealt with in one transaction: nobody is at Braze for the moment between their opt-in and their
opt-out, and a dry run counts what an import does. SQLite sorts, in a nameless file of its own that no other process can
open and that goes with this one, even if it is killed; memory does not grow.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from sms_consent.imports.rows import Row

LONGEST_CHUNK = 1000  # rows, for the sake of one address
_COLUMNS = ", ".join(Row._fields)
_MARKS = ", ".join("?" * len(Row._fields))
# Whoever has several addresses is dealt with at once too: an address goes with the first of its holders.
_SORTED = f"""SELECT {_COLUMNS}, first
    FROM (SELECT *, MIN(holder) OVER (PARTITION BY subject) AS first FROM row)
    ORDER BY first, subject, line"""  # noqa: S608 - our own names


class Sorter:
    """Takes rows and refusals and gives them back sorted. For a `with` block."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"CREATE TABLE row ({_COLUMNS})")
        self._database.execute("CREATE TABLE refusal (line INTEGER PRIMARY KEY, reason TEXT)")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows."""
        self._database.executemany(f"INSERT INTO row VALUES ({_MARKS})", rows)  # noqa: S608 - our own names

    def refuse(self, reasons: Mapping[int, str]) -> None:
        """Keep why lines were refused."""
        self._database.executemany("INSERT INTO refusal VALUES (?, ?)", reasons.items())

    def chunks(self, size: Callable[[], int]) -> Iterator[list[Row]]:
        """Yield all rows, so many at a time and a few more: nobody's rows are parted, unless they are very many."""
        chunk: list[Row] = []
        wanted = size()
        before = None
        for *values, first in self._database.execute(_SORTED):
            if len(chunk) >= wanted and (first != before or len(chunk) >= LONGEST_CHUNK):
                yield chunk
                chunk, wanted = [], size()
            chunk.append(Row(*values))
            before = first
        if chunk:
            yield chunk

    def refusals(self) -> Iterator[tuple[int, str]]:
        """Yield every refused line with the reason, in the order of the file."""
        yield from self._database.execute("SELECT line, reason FROM refusal ORDER BY line")

    def reasons(self) -> dict[str, int]:
        """Return how many lines were refused for each reason, the most frequent first."""
        counted = "SELECT reason, COUNT(*) AS lines FROM refusal GROUP BY reason ORDER BY lines DESC, reason"
        return dict(self._database.execute(counted).fetchall())
