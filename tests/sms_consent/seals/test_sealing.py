"""How seals come about: every record once, in one chain, whoever commits when (LED-9)."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sms_consent import ledger, sealing, seals, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Program, Seal, SealedRecord, Tally
from sms_consent.statements import of_records
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, send_sign_up
from tests.sms_consent.seals.conftest import Verify, literal


def test_what_is_sealed_of_a_record_is_all_that_it_holds_as_canonical_json(programs: dict[str, Program]) -> None:
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email")
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances())
    for record in ConsentRecord.objects.all():
        said = {field.name: field.value_from_object(record) for field in ConsentRecord._meta.concrete_fields}
        said |= {name: said[name].isoformat(timespec="microseconds") for name in ("occurred_at", "recorded_at")}
        assert of_records([record.pk])[record.pk].decode() == ledger.canonical(said)


def test_the_worker_seals_what_is_new(programs: dict[str, Program], sandbox: Any, tidy_and_deliver: Deliver) -> None:
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email")
    tidy_and_deliver()
    assert list(SealedRecord.objects.values_list("seal", "position").order_by("position")) == [(1, 0), (1, 1)]
    assert seals.is_signed(Seal.objects.get())


def test_nothing_new_makes_no_seal(ledger: list[int]) -> None:
    sealing.seal_new()
    assert sealing.seal_all() == 0
    assert Seal.objects.count() == 2


def test_what_is_new_is_looked_up_once_for_many_seals(
    programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_IN_A_SEAL", 1)
    for number in range(3):
        services.withdraw(f"{number}@example.com", source=Source.ADMIN, circumstances=Circumstances())
    with CaptureQueriesContext(connection) as queries:
        sealing.seal_all()
    looked = [query for query in queries if "NOT" in query["sql"] and "ORDER BY" in query["sql"]]
    assert (Seal.objects.count(), len(looked)) == (SealedRecord.objects.count(), 2)  # and there is nothing left
    assert Seal.objects.count() >= 3


def test_what_another_sealer_takes_meanwhile_ends_nothing(
    programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    def seal_next(seconds: float) -> None:
        if bare := sealing._unsealed(None).first():
            sealing._make_seal([bare.pk])

    monkeypatch.setattr(sealing, "MOST_IN_A_SEAL", 1)
    monkeypatch.setattr(sealing.time, "sleep", seal_next)
    for number in range(6):
        services.withdraw(f"{number}@example.com", source=Source.ADMIN, circumstances=Circumstances())
    sealing.seal_all()
    assert SealedRecord.objects.count() == ConsentRecord.objects.count() >= 6


def test_every_record_counts_once(ledger: list[int]) -> None:
    sealing.seal_all()
    counted = {(row.program.slug, row.act, row.language): row.count for row in Tally.objects.select_related("program")}
    assert counted == {("sms", "granted", "en"): 2, ("email", "requested", "en"): 3}


def test_a_record_that_says_it_is_old_is_sealed_by_the_daily_look(ledger: list[int], sql: Callable[..., None]) -> None:
    sql("DELETE FROM sms_consent_sealedrecord WHERE record_id = %s", ledger[0])
    old = literal("2020-01-01 00:00:00")
    sql(f"UPDATE sms_consent_consentrecord SET recorded_at = {old} WHERE id = %s", ledger[0])
    sealing.seal_new()
    assert not SealedRecord.objects.filter(pk=ledger[0]).exists()
    sealing.seal_rest()
    assert SealedRecord.objects.get(pk=ledger[0]).seal_id == 3


class TestCheckpoints:
    def seal(self, file: Path) -> str:
        said = io.StringIO()
        call_command("seal_ledger", "--checkpoint", str(file), stdout=said)
        return said.getvalue()

    def test_the_file_gets_what_it_lacks(self, ledger: list[int], tmp_path: Path) -> None:
        file = tmp_path / "seals"
        assert "2 seals appended" in self.seal(file)
        assert "0 seals appended" in self.seal(file)
        send_sign_up(Client(), BOB, ALICES_PHONE, "sms")
        assert "1 seals appended" in self.seal(file)
        assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2, 3]

    def test_a_line_that_was_cut_short_is_written_again(
        self, ledger: list[int], tmp_path: Path, verify: Verify
    ) -> None:
        file = tmp_path / "seals"
        self.seal(file)
        whole = file.read_bytes()
        file.write_bytes(whole[:-50])
        self.seal(file)
        assert file.read_bytes() == whole
        assert verify("--checkpoint", str(file))[0] == 0

    def test_nothing_that_is_there_is_ever_written_to(
        self, ledger: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on storage that takes only appends."""
        file, modes = tmp_path / "seals", []
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda it, mode="r", **kw: modes.append(mode) or opened(it, mode, **kw))
        self.seal(file)
        file.write_bytes(file.read_bytes()[:-50])
        self.seal(file)
        assert set(modes) - {"rb", "wb"} == {"a+b"}  # the others are this test's own
        assert len(file.read_text().splitlines()) == 2

    @pytest.mark.parametrize("content", [b"", b"\xff\x00\xfe", b"\n", b"{}"])
    def test_a_file_without_seals_is_no_agreement(
        self, ledger: list[int], tmp_path: Path, verify: Verify, content: bytes
    ) -> None:
        file = tmp_path / "seals"
        file.write_bytes(content)
        code, said = verify("--checkpoint", str(file))
        assert (code, str(file) in said, "Nothing is damaged" in said) == (1, True, False), said

    @pytest.mark.parametrize("content", ["my notes", "my notes\nand more\n", '{"number": 1}\n'])
    def test_another_file_is_left_alone(self, ledger: list[int], tmp_path: Path, content: str) -> None:
        file = tmp_path / "notes"
        file.write_text(content)
        with pytest.raises(CommandError):
            self.seal(file)
        assert file.read_text() == content

    def test_the_file_of_another_ledger_is_not_continued(
        self, ledger: list[int], tmp_path: Path, verify: Verify
    ) -> None:
        file = tmp_path / "seals"
        self.seal(file)
        file.write_text(file.read_text().replace('"total":5', '"total":6'))
        with pytest.raises(CommandError, match="does not have like that"):
            self.seal(file)
        assert "Seal 2 in the file bears no valid signature" in verify("--checkpoint", str(file))[1]

    def test_after_a_restore_that_lost_something_a_new_file_is_begun(
        self, ledger: list[int], tmp_path: Path, verify: Verify
    ) -> None:
        old, new = tmp_path / "seals", tmp_path / "seals-since-the-restore"
        with transaction.atomic():
            services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances())
            self.seal(old)
            transaction.set_rollback(True)
        kept = old.read_bytes()
        with pytest.raises(CommandError, match="begin a new file"):
            self.seal(old)
        assert "Seal 3 in the file is not in the ledger" in verify("--checkpoint", str(old))[1]
        assert "2 seals appended" in self.seal(new)
        assert (verify("--checkpoint", str(new))[0], old.read_bytes()) == (0, kept)


def _write_late(number: int, until: float) -> None:
    """Sign up again and again, each time committing some time after the records were written."""
    try:
        for turn in range(1000):
            if time.monotonic() > until:
                return
            with transaction.atomic():
                services.withdraw(f"{number}-{turn}@example.com", source=Source.ADMIN, circumstances=Circumstances())
                time.sleep(0.02 * ((number + turn) % 5))
    finally:
        connections.close_all()


def _seal_until(until: float) -> None:
    try:
        while time.monotonic() < until:
            sealing.seal_new()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_late_writers_and_two_sealers_make_one_chain_with_every_record_in_it_once(
    programs: dict[str, Program], verify: Verify
) -> None:
    until = time.monotonic() + 1.5
    threads = [threading.Thread(target=_write_late, args=(number, until)) for number in range(4)]
    threads += [threading.Thread(target=_seal_until, args=(until + 0.5,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealing.seal_new()
    written = set(ConsentRecord.objects.values_list("pk", flat=True))
    assert len(written) > 4  # several of each writer beside the sealers, however busy the machine
    assert set(SealedRecord.objects.values_list("pk", flat=True)) == written
    assert (
        sum(Seal.objects.values_list("count", flat=True))
        == len(written)
        == sum(Tally.objects.values_list("count", flat=True))
    )
    if connection.vendor == "postgresql":
        assert Seal.objects.count() > 2
    assert verify()[0] == 0
