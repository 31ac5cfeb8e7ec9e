"""Reading the ledger for verification: raw rows, a few thousand at a time, so that memory stays as it is.

One table after the other by lists of ids: asked for a join, a database reads whole tables for each few thousand rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from sms_consent import statements
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord

AT_ONCE = 5000  # records: a few megabytes with their evidence

_RECORDS, _EVIDENCE, _SEALED = (model._meta.db_table for model in (ConsentRecord, Evidence, SealedRecord))


class Item(NamedTuple):
    """A record as the database has it; `record` and `evidence` (salt, payload) are None where they are gone."""

    id: int
    record: statements.Row | None
    evidence: tuple[str, str] | None
    position: int | None = None
    leaf: bytes | None = None


def sealed() -> Iterator[tuple[Seal, list[Item]]]:
    """Yield each seal with what says that it is under it, by position."""
    for some in _batches():
        places = _read(
            f"SELECT seal_id, record_id, position, leaf FROM {_SEALED} "  # noqa: S608 - our own names, as below
            "WHERE seal_id BETWEEN %s AND %s ORDER BY seal_id, position",
            [some[0].number, some[-1].number],
        )
        ids = [place[1] for place in places]
        records, proofs = statements.of_records(ids), _evidence(ids)
        under = {
            seal: [Item(pk, records.get(pk), proofs.get(pk), position, leaf) for _, pk, position, leaf in group]
            for seal, group in groupby(places, key=itemgetter(0))
        }
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


def unsealed() -> Iterator[list[Item]]:
    """Yield records that are under no seal, by id."""
    last = -(2**63)  # below every id: whoever puts a record there may choose a negative one
    while found := _read(
        f"SELECT r.id FROM {_RECORDS} r LEFT JOIN {_SEALED} s ON s.record_id = r.id "  # noqa: S608
        "WHERE s.record_id IS NULL AND r.id > %s ORDER BY r.id LIMIT %s",
        [last, AT_ONCE],
    ):
        ids = [pk for (pk,) in found]
        records, proofs = statements.of_records(ids), _evidence(ids)
        yield [Item(pk, records[pk], proofs.get(pk)) for pk in ids]
        last = ids[-1]


def _evidence(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    listed = statements.listed(ids)
    rows = _read(f"SELECT record_id, salt, payload FROM {_EVIDENCE} WHERE record_id IN {listed}")  # noqa: S608
    return {pk: (salt, payload) for pk, salt, payload in rows}


def _read(sql: str, values: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
