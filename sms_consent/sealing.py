"""Sealing: new records come under a seal, chained to the one before, and are counted. Sign-ups never wait for it.

One sealer at a time by an advisory lock (PostgreSQL) or because there is one writer (SQLite); that a seal's number and
predecessor and a record's membership are unique is the guarantee (LED-9). A record that was committed late is sealed
later: what is not yet sealed is looked up, never inferred from ids or times that were seen before.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from sms_consent import merkle, seals, statements
from sms_consent.models import ConsentRecord, Disclosure, Program, Seal, SealedRecord, Tally

logger = logging.getLogger(__name__)

MOST_IN_A_SEAL = 1000  # a write transaction of some 50 ms on SQLite, whose writer nobody may wait longer for
LOOKED_UP_AT_ONCE = 50_000  # ids: to find what is new may take going past all that is sealed, too long for each seal
LATEST_COMMIT = timedelta(hours=1)  # how long after it was written a record may be committed and still be seen at once
SECONDS_AT_ONCE = 2.0  # of the worker's time: deliveries that are in no hurry wait for it
BREATH = 0.02  # seconds: who waits for SQLite's writer never gets in between without a gap
LOCK = 0x5EA1

Values = dict[str, Any]  # what is sealed of a record, by name
Counted = tuple[date, int, str, str, str]  # day, program, act, source, language


def seal_new() -> bool:
    """Seal what was written since the last seal, for two seconds at most; return whether there may be more.

    The worker does it every minute.
    """
    return _seal_a_while(_unsealed(_since()))


def seal_rest() -> bool:
    """Look through the whole ledger for records without a seal, however old; return whether there may be more.

    The worker does it every day.
    """
    return _seal_a_while(_unsealed(None))


def seal_all() -> int:
    """Seal everything that is not sealed; return how many records that was.

    Raises SealKeyError where a newer key than ours has signed.
    """
    return _seal(_unsealed(None)).records


def _seal_a_while(unsealed: QuerySet[ConsentRecord]) -> bool:
    try:
        return _seal(unsealed, until=time.monotonic() + SECONDS_AT_ONCE).is_cut_short
    except seals.SealKeyError as error:
        logger.error("%s", error)
        return False


def _since() -> datetime | None:
    """Return from when on to look for what is new; None for "from the beginning".

    From the newest sealed record, which may be hours old after a long backlog; but where that one comes from a clock
    that was ahead, from when it was sealed or from now, or nothing would be seen until that time has come.
    """
    place = SealedRecord.objects.order_by("-seal_id", "-position").values_list("pk", flat=True).first()
    seal = seals.newest()
    said = statements.of_records([place]).get(place) if place is not None and seal else None
    found = statements.sound(said, _programs()) if said else None
    if found is None or seal is None:
        return None  # there is none, or somebody has put something else in its place
    try:
        sealed_at = datetime.fromisoformat(statements.moment(seal.sealed_at))
    except ValueError:
        return None
    return min(datetime.fromisoformat(found["recorded_at"]), sealed_at, timezone.now()) - LATEST_COMMIT


def _programs() -> set[int]:
    return set(Program.objects.values_list("pk", flat=True))


def _unsealed(since: datetime | None) -> QuerySet[ConsentRecord]:
    bare = ConsentRecord.objects.exclude(Exists(SealedRecord.objects.filter(record=OuterRef("pk"))))
    bare = bare.filter(recorded_at__gte=since) if since else bare
    return bare.order_by("recorded_at", "pk")


class Sealed(NamedTuple):
    """How many records were sealed, and whether the time was up before all of them were."""

    records: int
    is_cut_short: bool = False


def _seal(unsealed: QuerySet[ConsentRecord], *, until: float = float("inf")) -> Sealed:
    """Make seals until nothing is left, or the time is up. Looked up before the transaction: that may take a while.

    What no site can have written (`statements.sound`) is passed over, and `verify_ledger` names it.
    """
    total = skipped = 0
    bare, ids = unsealed.values_list("pk", flat=True), list[int]()
    while ids := ids or list(bare[skipped : skipped + LOOKED_UP_AT_ONCE]):
        some, ids = sorted(ids[:MOST_IN_A_SEAL]), ids[MOST_IN_A_SEAL:]
        try:
            sealed, unsound = _make_seal(some)
        except IntegrityError:
            logger.info("Another sealer was faster.")
            break
        total, skipped = total + sealed, skipped + unsound
        if not sealed and not unsound:
            if not ids:
                break
            ids = []  # another sealer is at it: what it leaves is looked up again
        if time.monotonic() > until:
            return Sealed(total, is_cut_short=True)
        time.sleep(BREATH)
    if skipped:
        logger.error("%d records are none that this site wrote, and stay unsealed: run verify_ledger.", skipped)
    return Sealed(total)


@transaction.atomic
def _make_seal(ids: Sequence[int]) -> tuple[int, int]:
    """Put these records, in this order, under one seal; return how many, and how many cannot be.

    Neither where another sealer is at it.
    """
    if not _lock():
        return 0, 0
    taken = _sealed_already(ids)
    found, programs = statements.of_records(pk for pk in ids if pk not in taken), _programs()
    said = {pk: statements.sound(found[pk], programs) for pk in ids if pk in found}
    records = {pk: values for pk, values in said.items() if values}
    if records:
        leaves = [merkle.leaf_hash(found[pk]) for pk in records]
        seal = _next_seal(leaves)
        Seal.objects.bulk_create([seal])
        _put_under(seal, list(records), leaves)
        _count(records.values())
    return len(records), len(said) - len(records)


def _sealed_already(ids: Iterable[int]) -> set[int]:
    table = SealedRecord._meta.db_table
    rows = statements.read(f"SELECT record_id FROM {table} WHERE record_id IN {statements.listed(ids)}")  # noqa: S608
    return {pk for (pk,) in rows}


def _put_under(seal: Seal, records: Sequence[int], leaves: Sequence[bytes]) -> None:
    """Write down what is under a seal. Without model instances: making those would take most of the transaction."""
    table = SealedRecord._meta.db_table
    sql = f"INSERT INTO {table} (record_id, seal_id, position, leaf) VALUES (%s, %s, %s, %s)"  # noqa: S608 - our own name
    places = enumerate(zip(records, leaves, strict=True))
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(record, seal.number, position, leaf) for position, (record, leaf) in places])


def _lock() -> bool:
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _next_seal(leaves: Sequence[bytes]) -> Seal:
    last = seals.newest()
    if last:
        seals.check_key_after(last)
    seal = Seal(
        number=last.number + 1 if last else 1,
        previous=seals.fingerprint(last) if last else seals.NOTHING_BEFORE,
        count=len(leaves),
        total=len(leaves) + (last.total if last else 0),
        root=merkle.root(leaves).hex(),
        sealed_at=timezone.now(),
    )
    seals.sign(seal)
    return seal


def _count(rows: Collection[Values]) -> None:
    """Add these records to the tallies: each is sealed once, and so counted once."""
    added = _sort_by_kind(rows)
    days = {key[0] for key in added}
    before = {
        (row.day, row.program_id, row.act, row.source, row.language): row.count
        for row in Tally.objects.select_for_update().filter(day__in=days)
    }
    Tally.objects.bulk_create(
        [
            Tally(
                day=day, program_id=program, act=act, source=source, language=language,
                count=count + before.get((day, program, act, source, language), 0),
            )
            for (day, program, act, source, language), count in added.items()
        ],
        update_conflicts=True,
        unique_fields=["day", "program", "act", "source", "language"],
        update_fields=["count"],
    )  # fmt: skip


def _sort_by_kind(rows: Collection[Values]) -> Counter[Counted]:
    shown = {row["disclosure"] for row in rows if row["disclosure"]}
    languages = dict(Disclosure.objects.filter(pk__in=shown).values_list("pk", "language"))
    return Counter(
        (
            date.fromisoformat(row["recorded_at"][:10]),
            row["program"],
            row["act"],
            row["source"],
            languages.get(row["disclosure"]) or "",
        )
        for row in rows
    )
