"""Garbage that somebody puts into the database: nothing stops for it, and it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from sms_consent import sealing, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Seal, SealedRecord
from tests.people import CAROL
from tests.sms_consent.seals.conftest import Verify, literal
from tests.sms_consent.seals.test_verify import EVIDENCE, RECORDS, SEALED, SEALS, copy_of

Sql = Callable[..., None]

IS_SQLITE = connection.vendor == "sqlite"
NO_TEXT = "CAST(x'ff' AS TEXT)"
# Each is a value that the database itself takes where triggers are off.
TIMES = ("'x'", NO_TEXT, "x'ff'", "''", "7") if IS_SQLITE else ("'infinity'", "'-infinity'", "'0044-03-15 12:00 BC'")
TEXTS = ("''", "'\"'", "'é'", *((NO_TEXT, "x'ff'", "7") if IS_SQLITE else ()))
NUMBERS = ("0", "-1", *((NO_TEXT, "x'ff'", "1.5", "'null'", "'x'") if IS_SQLITE else ()))
TRUTHS = ("2", NO_TEXT, "x'31'", "'true'") if IS_SQLITE else ("true",)

RECORD = {
    **dict.fromkeys(("occurred_at", "recorded_at"), TIMES),
    **dict.fromkeys(("subject", "commitment", "words_sha256"), TEXTS),
    **dict.fromkeys(("program_id", "disclosure_id", "request_id"), NUMBERS),
    **dict.fromkeys(("stops", "proven"), TRUTHS),
}
OTHERS = {
    EVIDENCE: {"salt": TEXTS, "payload": TEXTS[1:]},
    SEALS: {
        **dict.fromkeys(("previous", "root", "key", "signature"), TEXTS),
        **dict.fromkeys(("number", "count", "total"), ("0", "99", *NUMBERS[2:])),
        "sealed_at": TIMES,
    },
    SEALED: {
        "record_id": ("-7", *NUMBERS[2:]),
        "seal_id": ("0", "99", *NUMBERS[2:]),
        "position": ("99", *NUMBERS[2:]),
        "leaf": ("x''", "x'ff'", "'a'", NO_TEXT) if IS_SQLITE else ("''", r"'\xff'"),
    },
    "sms_consent_disclosure": {"words": TEXTS, "sha256": TEXTS},
}
EDITS = [(column, value) for column, values in RECORD.items() for value in values]
if IS_SQLITE:  # which keeps the same bytes as another kind of value, and what comes after a zero
    TEXT = ("act", "source", "subject", "commitment", "words_sha256")
    EDITS += [(column, f"CAST({column} AS BLOB)") for column in (*TEXT, "occurred_at", "recorded_at")]
    EDITS += [(column, f"{column} || char(0) || 'x'") for column in (*TEXT, "occurred_at", "recorded_at")]
    EDITS += [(column, f"""{column} || '"' || char(0) || 'x'""") for column in TEXT]
    EDITS += [(column, f"""{column} || '+00:00"' || char(0) || 'x'""") for column in ("occurred_at", "recorded_at")]
    EDITS += [(column, f"replace({column}, ' ', 'T')") for column in ("occurred_at", "recorded_at")]
    EDITS += [(column, f"CAST({column} AS BLOB)") for column in ("program_id", "disclosure_id", "stops", "proven")]
OTHER_EDITS = [
    (table, column, value)
    for table, columns in OTHERS.items()
    for column, values in columns.items()
    for value in values
]
if IS_SQLITE:
    OTHER_EDITS += [(SEALS, name, f"CAST({name} AS BLOB)") for name in ("previous", "root", "key", "signature")]
    OTHER_EDITS += [(SEALED, "leaf", "CAST(leaf AS TEXT)")]
# The owner of the tables may do this; to set session_replication_role takes a superuser.
WITHOUT_CHECKS = """SET CONSTRAINTS ALL IMMEDIATE;
DO $$
DECLARE rule record;
BEGIN
  FOR rule IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE contype IN ('c', 'f') AND starts_with(conrelid::regclass::text, 'sms_consent_')
  LOOP
    EXECUTE 'ALTER TABLE ' || rule.owner || ' DROP CONSTRAINT ' || quote_ident(rule.conname);
  END LOOP;
END $$"""


@pytest.fixture
def anything(sql: Sql) -> Iterator[Sql]:
    """As `sql`, where the database's own checks are off as well."""
    if IS_SQLITE:
        sql("PRAGMA ignore_check_constraints = ON")
        sql("PRAGMA defer_foreign_keys = ON")
    else:
        sql(WITHOUT_CHECKS)
    yield sql
    if IS_SQLITE:
        sql("PRAGMA ignore_check_constraints = OFF")  # of the connection, whatever is rolled back


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is done meanwhile: a ledger of its own for every edit would take minutes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_whatever_is_edited_in_a_record_is_named(ledger: list[int], anything: Sql, verify: Verify) -> None:
    for column, value in EDITS:
        with undone():
            anything(f"UPDATE {RECORDS} SET {column} = {value} WHERE id = {ledger[2]}")
            code, said = verify()
            assert (code, f"Record #{ledger[2]} was edited" in said) == (1, True), (column, value, said)


def test_any_other_edit_is_seen(ledger: list[int], anything: Sql, verify: Verify) -> None:
    keys = {EVIDENCE: ("record_id", ledger[2]), SEALED: ("record_id", ledger[2]), SEALS: ("number", 2)}
    keys["sms_consent_disclosure"] = ("id", ConsentRecord.objects.get(pk=ledger[2]).disclosure_id or 0)
    for table, column, value in OTHER_EDITS:
        key, row = keys[table]
        with undone():
            anything(f"UPDATE {table} SET {column} = {value} WHERE {key} = {row}")
            said = verify()[1].split("\n", 2)[2]  # after the count, and the triggers that are off
            seen = "DAMAGED" in said and any(word in said for word in ("Record #", "Seal ", "Words #"))
            assert seen, (table, column, value, said)


GARBAGE = [("recorded_at", value) for value in TIMES] + [("subject", value) for value in TEXTS]


def test_garbage_does_not_end_sealing(ledger: list[int], anything: Sql, verify: Verify) -> None:
    for column, value in [*GARBAGE, ("program_id", "999")]:
        with undone():
            forged = copy_of(ledger[0], anything, **{column: value})
            if not IS_SQLITE:
                anything(f"SELECT setval(pg_get_serial_sequence('{RECORDS}', 'id'), {forged})")
            services.withdraw(CAROL, source=Source.ADMIN, circumstances=Circumstances())
            sealing.seal_new()
            sealing.seal_rest()
            bare = ConsentRecord.objects.exclude(pk__in=SealedRecord.objects.values("pk"))
            assert list(bare.values_list("pk", flat=True)) == [forged], (column, value)
            assert f"Record #{forged} is none that this site wrote" in verify()[1], (column, value)


def test_a_garbage_seal_does_not_end_sealing(ledger: list[int], anything: Sql, verify: Verify) -> None:
    names = ", ".join(field.column for field in Seal._meta.concrete_fields)
    for value in TIMES:
        with undone():
            values = names.replace("number", "3").replace("previous", "'x'").replace("sealed_at", value)
            anything(f"INSERT INTO {SEALS} ({names}) SELECT {values} FROM {SEALS} WHERE number = 2")
            services.withdraw(CAROL, source=Source.ADMIN, circumstances=Circumstances())
            sealing.seal_new()
            assert SealedRecord.objects.count() == 6, value
            assert "Seal 3 was altered" in verify()[1], value


def test_many_pieces_of_garbage_hide_no_record(
    ledger: list[int], anything: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_IN_A_SEAL", 2)
    forged = [copy_of(ledger[0], anything, subject="'x'") for _ in range(5)]
    good = copy_of(ledger[0], anything)
    sealing.seal_all()
    assert SealedRecord.objects.filter(pk=good).exists()
    assert not SealedRecord.objects.filter(pk__in=forged).exists()


def test_a_record_under_no_seal_at_all_does_not_hide(ledger: list[int], anything: Sql, verify: Verify) -> None:
    forged: Any = copy_of(ledger[0], anything, recorded_at=literal("2020-01-01 00:00:00"))
    leaf = "x'00'" if IS_SQLITE else r"'\x00'"
    anything(f"INSERT INTO {SEALED} (record_id, seal_id, position, leaf) VALUES ({forged}, 0, 0, {leaf})")
    assert f"Record #{forged} is under a seal that is missing" in verify()[1]


def test_a_record_under_nothing_does_not_hide(ledger: list[int], anything: Sql, verify: Verify) -> None:
    if IS_SQLITE:
        anything(f"CREATE TABLE copied AS SELECT * FROM {SEALED}")
        anything(f"DROP TABLE {SEALED}")
        anything(f"ALTER TABLE copied RENAME TO {SEALED}")
    else:
        anything(f"ALTER TABLE {SEALED} ALTER COLUMN seal_id DROP NOT NULL")
    forged = copy_of(ledger[0], anything, recorded_at=literal("2020-01-01 00:00:00"))
    anything(f"INSERT INTO {SEALED} (record_id, position, leaf) SELECT {forged}, 0, leaf FROM {SEALED} LIMIT 1")
    assert f"Record #{forged} is under a seal that is missing" in verify()[1]
