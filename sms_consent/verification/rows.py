"""Reading the ledger for verification: raw rows, a few thousand at a time, so that memory stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from sms_consent import seals, statements
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord

AT_ONCE = 5000  # records: a few megabytes with their evidence

_RECORDS, _EVIDENCE, _SEALED = (model._meta.db_table for model in (ConsentRecord, Evidence, SealedRecord))


class Item(NamedTuple):
    """A record as the database has it, text as bytes.

    `said` is what is sealed of it, None where it is gone; `shown` the disclosure's id, a colon and the SHA-256 of the
    words. `opened` is what its commitment was computed over: None where there is no evidence, empty
    where that was erased.
    """

    id: int
    said: bytes | None
    shown: bytes
    commitment: bytes
    recorded_at: bytes
    opened: bytes | None
    position: int | None = None
    leaf: bytes | None = None


def sealed() -> Iterator[tuple[Seal, list[Item]]]:
    """Yield each seal with what says that it is under it, by position."""
    for some in _batches():
        rows = statements.read(
            f"SELECT s.seal_id, s.record_id, {_columns()}, s.position, s.leaf FROM {_SEALED} s "  # noqa: S608 - our own names
            f"LEFT JOIN {_RECORDS} r ON r.id = s.record_id LEFT JOIN {_EVIDENCE} e ON e.record_id = s.record_id "
            "WHERE s.seal_id BETWEEN %s AND %s ORDER BY s.seal_id, s.position",
            [some[0].number, some[-1].number],
        )
        under: dict[int, list[Item]] = defaultdict(list)
        for seal, *item in rows:
            under[seal].append(Item(*item))
        yield from ((seal, under.get(seal.number, [])) for seal in some)


def _batches() -> Iterator[list[Seal]]:
    some: list[Seal] = []
    for seal in seals.stored_after():
        some.append(seal)
        if sum(it.count for it in some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def unsealed() -> Iterator[list[Item]]:
    """Yield records that are under no seal, by id."""
    last = -(2**63)  # below every id: whoever puts a record there may choose a negative one
    while found := statements.read(
        f"SELECT r.id, {_columns()} FROM {_RECORDS} r LEFT JOIN {_EVIDENCE} e ON e.record_id = r.id "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM {_SEALED} s WHERE s.record_id = r.id) AND r.id > %s "
        f"ORDER BY r.id LIMIT {AT_ONCE}",
        [last],
    ):
        yield [Item(*row) for row in found]
        last = found[-1][0]


def _columns() -> str:
    """Return the SQL for `said` to `opened`. A salt with a line feed in it could take over some of the payload."""
    text, shown = (statements.written(kind, "{0}") for kind in ("text", "whole"))
    salt, payload = text.format("e.salt"), text.format("e.payload")
    find = "strpos" if connection.vendor == "postgresql" else "instr"
    feed = "chr(10)" if connection.vendor == "postgresql" else "char(10)"
    return (
        f"{statements.sql('r')}, {shown.format('r.disclosure_id')} || ':' || {text.format('r.words_sha256')}, "
        f"r.commitment, {statements.written('time', 'r.recorded_at')}, CASE WHEN e.payload = '' THEN '' "
        f"WHEN {find}(e.salt, {feed}) > 0 THEN '?' ELSE {salt} || {feed} || {payload} END"
    )
