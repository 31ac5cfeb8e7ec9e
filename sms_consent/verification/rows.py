"""Reading the ledger for verification: raw rows, a few thousand at a time, so that memory stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import connection

from sms_consent import statements
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord

AT_ONCE = 5000  # records: a few megabytes with their evidence

# The columns of a row: where it is sealed, what is sealed of it, its evidence. All but the id may be null.
SEAL, POSITION, LEAF, ID, STATEMENT = 0, 1, 2, 3, slice(4, 4 + len(statements.NAMES))
DISCLOSURE, WORDS, COMMITMENT, RECORDED = (
    4 + statements.NAMES.index(name) for name in ("disclosure_id", "words_sha256", "commitment", "recorded_at")
)
SALT, PAYLOAD = -2, -1

Row = tuple[Any, ...]


_RECORDS, _EVIDENCE, _SEALED = (model._meta.db_table for model in (ConsentRecord, Evidence, SealedRecord))


def sealed() -> Iterator[tuple[Seal, list[Row]]]:
    """Yield each seal with the rows that say they are under it, by position."""
    for some in _batches():
        rows = _read(
            f"s.record_id, {statements.columns('r')}, e.salt, e.payload FROM {_SEALED} s "
            f"LEFT JOIN {_RECORDS} r ON r.id = s.record_id LEFT JOIN {_EVIDENCE} e ON e.record_id = s.record_id "
            "WHERE s.seal_id BETWEEN %s AND %s ORDER BY s.seal_id, s.position",
            [some[0].number, some[-1].number],
        )
        under = {number: list(group) for number, group in groupby(rows, key=lambda row: row[SEAL])}
        yield from ((seal, under.get(seal.number, [])) for seal in some)


def _batches() -> Iterator[list[Seal]]:
    some: list[Seal] = []
    for seal in Seal.objects.order_by("number").iterator(AT_ONCE):
        some.append(seal)
        if sum(it.count for it in some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def unsealed() -> Iterator[list[Row]]:
    """Yield the rows of records that are under no seal, by id."""
    last = 0
    while rows := _read(
        f"r.id, {statements.columns('r')}, e.salt, e.payload FROM {_RECORDS} r "
        f"LEFT JOIN {_SEALED} s ON s.record_id = r.id LEFT JOIN {_EVIDENCE} e ON e.record_id = r.id "
        "WHERE s.record_id IS NULL AND r.id > %s ORDER BY r.id LIMIT %s",
        [last, AT_ONCE],
    ):
        yield rows
        last = rows[-1][ID]


def _read(sql: str, values: list[int]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.seal_id, s.position, s.leaf, {sql}", values)
        return list(cursor.fetchall())
