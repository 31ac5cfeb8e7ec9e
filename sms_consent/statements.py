"""What a seal says of a record: all that the record holds, as canonical JSON. The leaf of the Merkle tree is its hash.

The database writes it, and text is read as bytes: that is what lets verifying go through a hundred thousand records a
second, and what takes any garbage that somebody has put there as it is, where reading it as values would fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.db import connection

from sms_consent.models import ConsentRecord

# How a column of each kind is written. What the site never writes is written otherwise than all that it does write: a
# text that is stored as a blob, a 2 for true, a year before Christ or an infinite time would pass for something else.
_SQLITE = {
    "text": "CASE WHEN typeof({0}) = 'text' AND instr({0}, char(0)) = 0 THEN {0} ELSE quote({0}) || '?' END",
    "time": """CASE WHEN typeof({0}) = 'text' AND substr({0}, 11, 1) = ' ' THEN replace({0}, ' ', 'T')
        || CASE WHEN length({0}) > 19 THEN '+00:00' ELSE '.000000+00:00' END ELSE quote({0}) END""",
}
_POSTGRESQL = {
    "text": "{0}",
    "whole": "coalesce({0}::text, 'null')",
    "truth": "{0}::text",
    "time": """CASE WHEN {0} >= '0001-01-01Z' AND {0} < '9999-12-31Z'
        THEN to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') ELSE {0}::text END""",
}
# In a record on SQLite: what holds of a value of that kind, and how it is then written. To ask for types by their order
# (numbers, texts, blobs; "+" keeps SQLite from converting first) takes two thirds of the time of `typeof`.
_KIND = {
    "text": "+{0} >= '' AND +{0} < x''",
    "whole": "ifnull(+{0}, 0) < ''",
    "truth": "+{0} IN (0, 1)",
    "time": "+{0} >= '' AND +{0} < x'' AND substr({0}, 11, 1) = ' '",
}
_OF_A_KIND = {
    "text": "{0}",
    "whole": "ifnull({0}, 'null')",
    "truth": "CASE {0} WHEN 1 THEN 'true' ELSE 'false' END",
    "time": "replace({0}, ' ', 'T') || CASE WHEN length({0}) > 19 THEN '+00:00' ELSE '.000000+00:00' END",
}
NO_STATEMENT = "{}"  # of a record in which something is no value of its kind
# The keys in the order of their names, each with its column and that column's kind.
_KEYS = (
    ("act", "act", "text"),
    ("commitment", "commitment", "text"),
    ("disclosure", "disclosure_id", "whole"),
    ("id", "id", "whole"),
    ("occurred_at", "occurred_at", "time"),
    ("program", "program_id", "whole"),
    ("proven", "proven", "truth"),
    ("recorded_at", "recorded_at", "time"),
    ("request", "request_id", "whole"),
    ("source", "source", "text"),
    ("stops", "stops", "truth"),
    ("subject", "subject", "text"),
    ("words_sha256", "words_sha256", "text"),
)
LOT = 500  # rows: half a megabyte with their evidence
_AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
_HASH, _WHOLE, _TRUTH = "[0-9a-f]{64}", r"(?:\d{1,19}|null)", "(?:true|false)"
_SOUND = re.compile(
    rf'{{"act":"[a-z]+","commitment":"{_HASH}","disclosure":{_WHOLE},"id":-?\d+,"occurred_at":"{_AT}",'
    rf'"program":\d+,"proven":{_TRUTH},"recorded_at":"{_AT}","request":{_WHOLE},"source":"[a-z_]+",'
    rf'"stops":{_TRUTH},"subject":"{_HASH}","words_sha256":"(?:{_HASH})?"}}'.encode()
)


def written(kind: str, column: str) -> str:
    """Return the SQL for a text or a time of any table as it is sealed."""
    return (_POSTGRESQL if connection.vendor == "postgresql" else _SQLITE)[kind].format(column)


def sql(table: str) -> str:
    """Return the SQL for what is sealed of a record's table or alias; never null.

    Keys sorted, no blanks, times in UTC to the microsecond (LED-3, REC-6). What stands in an honest one are numbers,
    hashes and fixed words, none of which JSON has to escape.
    """
    said = _joined(table) if connection.vendor == "postgresql" else _printed(table)
    return f"coalesce({said}, '{NO_STATEMENT}')"


def _form() -> str:
    """Return a statement with %s for its values."""
    pairs = (f'"{key}":"%s"' if kind in ("text", "time") else f'"{key}":%s' for key, _, kind in _KEYS)
    return f"{{{','.join(pairs)}}}"


def _printed(table: str) -> str:
    """Return the SQL for SQLite, null where a value is not of its kind. printf is faster than to chain so many.

    But it ends a text at a zero, and what stands behind that would not be sealed: so a zero is of no kind.
    """
    columns = [(kind, f"{table}.{column}") for _, column, kind in _KEYS]
    kinds = " AND ".join(_KIND[kind].format(column) for kind, column in columns)
    texts = " || ".join(column for kind, column in columns if kind in ("text", "time"))
    values = ", ".join(_OF_A_KIND[kind].format(column) for kind, column in columns)
    return f"CASE WHEN {kinds} AND instr({texts}, char(0)) = 0 THEN printf('{_form()}', {values}) END"


def _joined(table: str) -> str:
    """Return the SQL for PostgreSQL, null where a text is."""
    begin, *rest = _form().split("%s")
    values = (_POSTGRESQL[kind].format(f"{table}.{column}") for _, column, kind in _KEYS)
    pairs = (f"{value} || '{after}'" for value, after in zip(values, rest, strict=True))
    return " || ".join([f"'{begin}'", *pairs])


def moment(at: datetime | str) -> str:
    """Return a time in UTC as "2026-11-24T17:12:22.123456+00:00"; what is text already as it is."""
    return at if isinstance(at, str) else at.isoformat(timespec="microseconds")


def of_records(ids: Iterable[int]) -> dict[int, bytes]:
    """Return what is sealed of these records by id."""
    table = ConsentRecord._meta.db_table
    return dict(read(f"SELECT r.id, {sql('r')} FROM {table} r WHERE r.id IN {listed(ids)}"))  # noqa: S608 - our own names


def sound(statement: bytes, programs: Collection[int]) -> dict[str, Any] | None:
    """Return a statement's values; None where it is none that the site makes of a record of one of these programs."""
    if not _SOUND.fullmatch(statement):
        return None
    said: dict[str, Any] = json.loads(statement)
    try:
        for name in ("occurred_at", "recorded_at"):
            datetime.fromisoformat(said[name])
    except ValueError:
        return None  # the 32nd of a month
    return said if said["program"] in programs else None


def read(query: str) -> list[tuple[Any, ...]]:
    """Return raw rows, text as bytes: whatever bytes those are."""
    return list(stream(query))


def stream(query: str) -> Iterator[tuple[Any, ...]]:
    """Yield raw rows as `read` returns them, each lot read when it is wanted.

    What is dealt with at once is still in the processor's cache, and garbage collection does not go through it.
    """
    connection.ensure_connection()
    return (_stream_postgresql if connection.vendor == "postgresql" else _stream_sqlite)(query)


def _stream_sqlite(query: str) -> Iterator[tuple[Any, ...]]:
    with closing(connection.connection.execute(query)) as cursor:
        while rows := _fetched(cursor):
            yield from rows


def _fetched(cursor: Any) -> list[tuple[Any, ...]]:
    """Return the next rows. How text is read is the connection's affair: others use it meanwhile."""
    raw = cursor.connection
    raw.text_factory = bytes
    try:
        return list(cursor.fetchmany(LOT))
    finally:
        raw.text_factory = str


def _stream_postgresql(query: str) -> Iterator[tuple[Any, ...]]:
    from psycopg import Cursor  # not installed where there is only SQLite
    from psycopg.types.string import ByteaBinaryLoader

    with Cursor(connection.connection) as cursor:
        for kind in ("text", "varchar", "bytea"):
            cursor.adapters.register_loader(kind, ByteaBinaryLoader)
        cursor.execute(query, binary=True)
        while rows := cursor.fetchmany(LOT):
            yield from rows


def listed(ids: Iterable[int]) -> str:
    """Return ids as an SQL list, written out: working in thousands of parameters takes longer than the query."""
    return f"({', '.join(str(int(pk)) for pk in ids) or 'NULL'})"
