"""What a seal says of a record: all that the record holds, as canonical JSON. The leaf of the Merkle tree is its hash.

Built from raw columns, because verifying has to go through a hundred thousand of them a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from sms_consent.models import ConsentRecord

NAMES: tuple[str, ...] = (
    "id",
    "program_id",
    "disclosure_id",
    "words_sha256",
    "act",
    "source",
    "stops",
    "proven",
    "request_id",
    "subject",
    "commitment",
    "occurred_at",
    "recorded_at",
)

Row = tuple[Any, ...]


# Times as `moment` writes them, made by the database: that is cheaper than making datetimes of them here.
_TIME = {
    "postgresql": """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')""",
    "sqlite": "replace({0}, ' ', 'T') || CASE WHEN length({0}) > 19 THEN '+00:00' ELSE '.000000+00:00' END",
}


def columns(table: str) -> str:
    """Return the SQL for `NAMES` of a record's table or alias."""
    time = _TIME[connection.vendor]
    return ", ".join((time if name.endswith("_at") else "{0}").format(f"{table}.{name}") for name in NAMES)


def statement(row: Row) -> str:
    """Return what is sealed of a record, from its columns in the order of `NAMES`.

    Canonical: keys sorted, no blanks, times in UTC to the microsecond (LED-3, REC-6). What stands in it are numbers,
    hashes and fixed words, none of which JSON has to escape.
    """
    pk, program, disclosure, words, act, source, stops, proven, request, subject, commitment, occurred, recorded = row
    return (
        f'{{"act":"{act}","commitment":"{commitment}","disclosure":{disclosure or "null"},"id":{pk},'
        f'"occurred_at":"{occurred}","program":{program},"proven":{"true" if proven else "false"},'
        f'"recorded_at":"{recorded}","request":{request or "null"},"source":"{source}",'
        f'"stops":{"true" if stops else "false"},"subject":"{subject}","words_sha256":"{words}"}}'
    )


def moment(at: datetime) -> str:
    """Return a time in UTC as "2026-11-24T17:12:22.123456+00:00"."""
    return at.isoformat(timespec="microseconds")


def of_records(ids: Iterable[int]) -> dict[int, Row]:
    """Return the columns of these records by id."""
    table = ConsentRecord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns('r')} FROM {table} r WHERE r.id IN {listed(ids)}")  # noqa: S608 - our own names
        return {row[0]: row for row in cursor.fetchall()}


def listed(ids: Iterable[int]) -> str:
    """Return ids as an SQL list, written out: working in thousands of parameters takes longer than the query."""
    return f"({', '.join(str(int(pk)) for pk in ids) or 'NULL'})"
