"""Reading the ledger for verification: raw rows, a few thousand at a time, so that memory stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from sms_consent import seals, statements
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord

AT_ONCE = 5000  # records: a few megabytes with their evidence

_RECORDS, _EVIDENCE, _SEALED = (model._meta.db_table for model in (ConsentRecord, Evidence, SealedRecord))


class Item(NamedTuple):
    """A record as the database has it, text as bytes.

    `said` is what is sealed of it, None where it is gone. `opened` is what its commitment was computed over: None where
    there is no evidence, empty where that was erased.
    """

    id: int
    said: bytes | None
    disclosure: int | None
    words: bytes
    commitment: bytes
    opened: bytes | None
    position: int | None = None
    leaf: bytes | None = None


Row = tuple[Any, ...]  # the fields of an Item, and a seal: making Items of all of them takes as long as hashing


def sealed() -> Iterator[tuple[Seal, Iterable[Row]]]:
    """Yield each seal with what says that it is under it, by position; to be gone through before the next is asked for.

    What is under a number between theirs that no seal has is passed over.
    """
    for some in _batches():
        under = f"s.seal_id BETWEEN {some[0].number:d} AND {some[-1].number:d}"
        near = _near(under)
        rows = statements.stream(
            f"SELECT s.record_id, {_columns()}, s.position, {_leaf()}, s.seal_id FROM {_SEALED} s "  # noqa: S608 - our own names
            f"LEFT JOIN {_RECORDS} r ON r.id = s.record_id{near.format('r.id')} "
            f"LEFT JOIN {_EVIDENCE} e ON e.record_id = s.record_id{near.format('e.record_id')} "
            f"WHERE {under} ORDER BY s.seal_id, s.position"
        )
        groups = groupby(rows, key=itemgetter(-1))
        found = next(groups, None)
        for seal in some:
            while found and found[0] < seal.number:
                found = next(groups, None)
            yield seal, found[1] if found and found[0] == seal.number else ()


def _leaf() -> str:
    """Return the SQL for a leaf. SQLite keeps the same bytes as a text, which nobody can read: that is none."""
    return "s.leaf" if connection.vendor == "postgresql" else "CASE WHEN s.leaf >= x'' THEN s.leaf END"


def _near(under: str) -> str:
    """Tell PostgreSQL where the rows of a batch are, or it reads whole tables for each. SQLite looks up every row."""
    if connection.vendor != "postgresql":
        return ""
    ((first, last),) = statements.read(f"SELECT min(record_id), max(record_id) FROM {_SEALED} s WHERE {under}")  # noqa: S608
    return f" AND {{0}} BETWEEN {first:d} AND {last:d}" if first is not None else ""


def _batches() -> Iterator[list[Seal]]:
    some: list[Seal] = []
    for seal in seals.stored_after():
        some.append(seal)
        if sum(it.count for it in some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def unsealed() -> Iterator[list[Row]]:
    """Yield records that are under no seal, by id."""
    least = -(2**63)  # the least id that there can be: whoever puts a record there may choose any
    while found := statements.read(
        f"SELECT r.id, {_columns()}, NULL, NULL, NULL FROM {_RECORDS} r LEFT JOIN {_EVIDENCE} e ON e.record_id = r.id "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM {_SEALED} s WHERE s.record_id = r.id) AND r.id >= {least:d} "
        f"ORDER BY r.id LIMIT {AT_ONCE}"
    ):
        yield found
        least = found[-1][0] + 1


def _columns() -> str:
    """Return the SQL for `said` to `opened`. What is evidence only by its bytes, a blob, is opened by nothing."""
    if connection.vendor == "postgresql":
        opened = "CASE e.payload WHEN '' THEN '' ELSE e.salt || chr(10) || e.payload END"
    else:
        opened = """CASE WHEN e.payload = '' THEN '' WHEN typeof(e.salt) = 'text' AND typeof(e.payload) = 'text'
            THEN e.salt || char(10) || e.payload ELSE '?' END"""
    return (
        f"CASE WHEN r.id IS NOT NULL THEN {statements.sql('r')} END, r.disclosure_id, r.words_sha256, r.commitment, "
        f"CASE WHEN e.record_id IS NOT NULL THEN {opened} END"
    )
