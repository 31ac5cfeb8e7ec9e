"""Whatever is done to the ledger behind the site's back is found, and the record named (LED-4, LED-5)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from sms_consent import sealing, seals
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord
from tests.sms_consent.seals.conftest import Verify, literal

RECORDS, EVIDENCE = "sms_consent_consentrecord", "sms_consent_evidence"
SEALS, SEALED = "sms_consent_seal", "sms_consent_sealedrecord"

Sql = Callable[..., None]


def test_a_ledger_that_nobody_touched(ledger: list[int], verify: Verify) -> None:
    code, said = verify()
    assert (code, "5 records under 2 seals, 0 not sealed yet" in said) == (0, True), said


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("act", "withdrawn"),
        ("source", "keyword"),
        ("stops", True),
        ("proven", True),
        ("subject", "0" * 64),
        ("commitment", "0" * 64),
        ("words_sha256", "0" * 64),
        ("occurred_at", "2020-01-01 00:00:00+00:00"),
        ("recorded_at", "2020-01-01 00:00:00+00:00"),
    ],
)
def test_an_edited_column_is_found(ledger: list[int], sql: Sql, verify: Verify, column: str, value: Any) -> None:
    sql(f"UPDATE {RECORDS} SET {column} = %s WHERE id = %s", value, ledger[2])
    code, said = verify()
    assert (code, f"Record #{ledger[2]} was edited" in said, f"first bad record is #{ledger[2]}." in said) == (
        1,
        True,
        True,
    ), said


def test_an_edit_that_is_hashed_anew_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    sql(f"UPDATE {RECORDS} SET act = 'withdrawn' WHERE id = %s", ledger[0])
    leaf = sealing.merkle.leaf_hash(sealing.statements.of_records([ledger[0]])[ledger[0]])
    sql(f"UPDATE {SEALED} SET leaf = %s WHERE record_id = %s", leaf, ledger[0])
    assert f"first bad record is #{ledger[0]}." in verify()[1]


def test_other_evidence_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    sql(f"UPDATE {EVIDENCE} SET payload = '{{}}' WHERE record_id = %s", ledger[1])
    assert f"Record #{ledger[1]} has other evidence" in verify()[1]


def test_lost_evidence_is_found_and_erased_evidence_is_said(ledger: list[int], sql: Sql, verify: Verify) -> None:
    Evidence.objects.filter(pk=ledger[0]).update(salt="", payload="")
    sql(f"DELETE FROM {EVIDENCE} WHERE record_id = %s", ledger[1])
    said = verify()[1]
    assert "1 with their evidence erased" in said
    assert f"Record #{ledger[1]} has lost its evidence" in said
    assert f"#{ledger[0]} " not in said


def test_other_words_are_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    shown = ConsentRecord.objects.get(pk=ledger[0]).disclosure_id
    sql("UPDATE sms_consent_disclosure SET words = words || '!' WHERE id = %s", shown)
    assert f"Record #{ledger[0]} shows other words" in verify()[1]


def test_a_deleted_record_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    sql(f"DELETE FROM {RECORDS} WHERE id = %s", ledger[1])
    assert f"Record #{ledger[1]} was deleted" in verify()[1]


def test_a_record_deleted_with_every_trace_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    for table, key in ((SEALED, "record_id"), (EVIDENCE, "record_id"), (RECORDS, "id")):
        sql(f"DELETE FROM {table} WHERE {key} = %s", ledger[1])
    assert f"first bad record is #{ledger[1]}." in verify()[1]


def copy_of(pk: int, sql: Sql, **changes: str) -> int:
    """Put another record beside this one, with evidence of its own."""
    names = [field.column for field in ConsentRecord._meta.concrete_fields if field.column != "id"]
    new = ConsentRecord.objects.latest("pk").pk + 1
    values = ", ".join(changes.get(name, name) for name in names)
    sql(f"INSERT INTO {RECORDS} (id, {', '.join(names)}) SELECT {new}, {values} FROM {RECORDS} WHERE id = %s", pk)
    sql(f"INSERT INTO {EVIDENCE} SELECT {new}, salt, payload FROM {EVIDENCE} WHERE record_id = %s", pk)
    return new


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_record_put_into_the_past_is_found(ledger: list[int], sql: Sql, verify: Verify, *, is_sealed: bool) -> None:
    forged = copy_of(ledger[0], sql, recorded_at=literal("2020-01-01 00:00:00"))
    if is_sealed:
        sealing.seal_all()
    assert f"Record #{forged} was put into the past" in verify()[1]


def test_a_record_slipped_under_a_seal_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    forged = copy_of(ledger[0], sql)
    leaf = bytes(SealedRecord.objects.get(pk=ledger[0]).leaf)
    sql(f"INSERT INTO {SEALED} (record_id, seal_id, position, leaf) VALUES (%s, 1, 4, %s)", forged, leaf)
    said = verify()[1]
    assert f"Record #{forged} was edited" in said
    assert "Seal 1 is over 4 records" in said


def test_records_in_another_order_are_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    for pk, position in ((ledger[0], 99), (ledger[1], 0), (ledger[0], 1)):
        sql(f"UPDATE {SEALED} SET position = %s WHERE record_id = %s", position, pk)
    assert f"Record #{ledger[0]} is not where it was" in verify()[1]


@pytest.mark.parametrize(
    ("column", "value"), [("root", "0" * 64), ("previous", "f" * 64), ("signature", "0" * 128), ("total", 99)]
)
def test_an_altered_seal_is_found(ledger: list[int], sql: Sql, verify: Verify, column: str, value: Any) -> None:
    sql(f"UPDATE {SEALS} SET {column} = %s WHERE number = 2", value)
    assert "Seal 2 was altered" in verify()[1]


def seal_anew(number: int, sql: Sql) -> None:
    """Sign a seal again over what the ledger holds now."""
    leaves = []
    for row in SealedRecord.objects.filter(seal=number).order_by("position"):
        leaves.append(sealing.merkle.leaf_hash(sealing.statements.of_records([row.pk])[row.pk]))
        sql(f"UPDATE {SEALED} SET leaf = %s WHERE record_id = %s", leaves[-1], row.pk)
    seal = Seal.objects.get(number=number)
    seal.root = sealing.merkle.root(leaves).hex()
    seals.sign(seal)
    sql(
        f"UPDATE {SEALS} SET root = %s, key = %s, signature = %s WHERE number = %s",
        seal.root,
        seal.key,
        seal.signature,
        number,
    )


def test_a_seal_made_anew_with_another_key_is_found(ledger: list[int], sql: Sql, verify: Verify, settings: Any) -> None:
    sql(f"UPDATE {RECORDS} SET act = 'withdrawn' WHERE id = %s", ledger[4])
    settings.SEAL_KEY = "somebody else's key, somebody else's key"
    seal_anew(2, sql)
    settings.SEAL_KEY = ""
    assert "Seal 2 was made anew" in verify()[1]


def test_a_seal_made_anew_with_our_own_key_breaks_the_chain(ledger: list[int], sql: Sql, verify: Verify) -> None:
    sql(f"UPDATE {RECORDS} SET act = 'withdrawn' WHERE id = %s", ledger[0])
    seal_anew(1, sql)
    assert "Seal 2 does not follow from the one before" in verify()[1]


def test_the_newest_seal_made_anew_with_our_own_key_is_found_by_a_checkpoint(
    ledger: list[int], sql: Sql, verify: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "seals"
    call_command("seal_ledger", "--checkpoint", str(kept), stdout=io.StringIO())
    sql(f"UPDATE {RECORDS} SET act = 'withdrawn' WHERE id = %s", ledger[4])
    seal_anew(2, sql)
    assert "Record #" not in verify()[1]
    code, said = verify("--checkpoint", str(kept))
    assert (code, "Seal 2 is not the one in the file" in said) == (1, True), said


def test_a_former_key_does_not_come_back(ledger: list[int], sql: Sql, verify: Verify, settings: Any) -> None:
    former = Seal.objects.get(number=1).key
    settings.SEAL_FORMER_KEYS = [former.upper()]
    settings.SEAL_KEY = "the newer key, the newer key, the newer key"
    seal_anew(2, sql)
    assert "Seal" not in verify()[1].split("\n", 1)[1]
    copy_of(ledger[0], sql)
    sealing.seal_all()
    settings.SEAL_KEY, in_use = "", seals.our_keys()
    seal_anew(3, sql)  # by whoever has kept the former one
    settings.SEAL_KEY = "the newer key, the newer key, the newer key"
    assert former in in_use
    assert "Seal 3 bears a former key" in verify()[1]


def test_a_missing_seal_is_found(ledger: list[int], sql: Sql, verify: Verify) -> None:
    sql(f"DELETE FROM {SEALS} WHERE number = 1")
    assert "Seal 1 is missing.\n" in (said := verify()[1]), said
    sql(f"DELETE FROM {SEALS} WHERE number = 2")
    assert f"first bad record is #{ledger[0]}." in verify()[1]


def test_a_tail_that_was_cut_off_is_found_by_a_checkpoint_alone(
    ledger: list[int], sql: Sql, verify: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "seals"
    call_command("seal_ledger", "--checkpoint", str(kept), stdout=io.StringIO())
    assert verify("--checkpoint", str(kept))[0] == 1  # the triggers are off, and that alone is damage
    for table, key in ((SEALED, "record_id"), (EVIDENCE, "record_id"), (RECORDS, "id")):
        sql(f"DELETE FROM {table} WHERE {key} = %s", ledger[4])
    sql(f"DELETE FROM {SEALS} WHERE number = 2")
    assert "Seal" not in verify()[1].replace("1 seals", "")
    said = verify("--checkpoint", str(kept))[1]
    assert f"Seal 2 in the file is not in the ledger: what came after #{ledger[3]} was cut off." in said


def test_missing_triggers_are_found(unguarded: None, verify: Verify) -> None:
    code, said = verify()
    assert (code, "missing or altered: sms_consent_access" in said) == (1, True), said


def test_what_is_not_sealed_yet_is_verified_as_far_as_it_can_be(ledger: list[int], sql: Sql, verify: Verify) -> None:
    new = copy_of(ledger[0], sql)
    assert "1 not sealed yet" in verify()[1]
    sql(f"UPDATE {EVIDENCE} SET payload = '{{}}' WHERE record_id = %s", new)
    assert f"Record #{new} has other evidence" in verify()[1]
