"""What a review found: false alarms on a ledger that is at work, clocks that were wrong, garbage in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sms_consent import sealing, services, verification
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, SealedRecord
from tests.people import ALICE, CAROL
from tests.sms_consent.seals.conftest import Verify, literal
from tests.sms_consent.seals.test_verify import EVIDENCE, RECORDS, Sql, copy_of


def leave(address: str) -> None:
    services.withdraw(address, source=Source.ADMIN, circumstances=Circumstances())


def test_sealing_during_a_verification_is_no_damage(ledger: list[int]) -> None:
    def seal_another(done: int) -> None:
        if SealedRecord.objects.count() < 6:
            leave(ALICE)
            sealing.seal_all()

    assert verification.verify(progress=seal_another).damage == []


@pytest.mark.parametrize("pk", [-5, -(2**63), 2**63 - 1])
def test_a_record_with_an_odd_id_is_verified(ledger: list[int], sql: Sql, verify: Verify, pk: int) -> None:
    forged = copy_of(ledger[0], sql, recorded_at=literal("2020-01-01 00:00:00"))
    for table, key in ((RECORDS, "id"), (EVIDENCE, "record_id")):
        sql(f"UPDATE {table} SET {key} = {pk} WHERE {key} = %s", forged)
    assert f"Record #{pk} was put into the past" in verify()[1]


def test_a_seal_of_more_records_than_fit_in_memory_is_named(ledger: list[int], sql: Sql, verify: Verify) -> None:
    most = 2**63 - 1 if connection.vendor == "sqlite" else 2**31 - 1
    sql(f"UPDATE sms_consent_seal SET count = {most} WHERE number = 1")
    assert "Seal 1 was altered" in verify()[1]


class TestClocks:
    """One machine's clock was years ahead for a moment, or somebody put a record there that says so."""

    @pytest.fixture
    def ahead(self, ledger: list[int], sql: Sql) -> int:
        forged = copy_of(ledger[0], sql, recorded_at=literal("2099-01-01 00:00:00"))
        if connection.vendor == "postgresql":
            sql(f"SELECT setval(pg_get_serial_sequence('{RECORDS}', 'id'), %s)", forged)
        sealing.seal_all()
        return forged

    def test_what_comes_after_is_sealed_within_the_minute(self, ahead: int) -> None:
        leave(CAROL)
        sealing.seal_new()
        assert SealedRecord.objects.count() == ConsentRecord.objects.count()

    def test_what_comes_after_is_no_damage(self, ahead: int, verify: Verify) -> None:
        leave(CAROL)
        assert "put into the past" not in verify()[1]
        sealing.seal_all()
        assert "put into the past" not in verify()[1]

    def test_what_is_really_put_into_the_past_is_found(self, ahead: int, sql: Sql, verify: Verify) -> None:
        old = timezone.now() - timedelta(hours=2)
        forged = copy_of(ahead - 1, sql, recorded_at=literal(f"{old:%Y-%m-%d %H:%M:%S}"))
        assert f"Record #{forged} was put into the past" in verify()[1]
        sealing.seal_all()
        assert f"Record #{forged} was put into the past" in verify()[1]
