"""What seals are signed with is changed while several sealers run: none of them makes damage that stays (LED-9)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Seal
from tests.people import Deliver
from tests.sms_consent.seals.conftest import Verify

NEWER = "the newer key, the newer key, the newer key"
OTHER = "another key, another key, another key"

Run = Callable[..., None]


@pytest.fixture
def run_with(settings: Any) -> Run:
    """Take the settings of another sealer, which was started at another time."""

    def run(key: str, *former: str) -> None:
        settings.SEAL_KEY, settings.SEAL_FORMER_KEYS = key, list(former)

    return run


def leave() -> None:
    """Write one record more."""
    address = f"{ConsentRecord.objects.count()}@example.com"
    services.withdraw(address, source=Source.ADMIN, circumstances=Circumstances())


def seal() -> str:
    """Have something new, and seal it and what waited."""
    leave()
    said = io.StringIO()
    call_command("seal_ledger", stdout=said)
    return said.getvalue()


def test_a_sealer_with_the_former_key_does_not_sign_after_the_newer(
    ledger: list[int], run_with: Run, verify: Verify
) -> None:
    former = Seal.objects.get(number=1).key
    run_with(NEWER, former)
    seal()
    run_with("")
    with pytest.raises(CommandError, match="start this again with the new one"):
        seal()
    run_with(NEWER, former)
    assert "2 records sealed" in seal()
    assert verify()[0] == 0


def test_nor_does_a_worker_and_its_log_says_so(
    ledger: list[int], run_with: Run, sandbox: Any, tidy_and_deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    run_with(NEWER, Seal.objects.get(number=1).key)
    seal()
    run_with("")
    leave()
    tidy_and_deliver()
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert Seal.objects.count() == 3
    assert said
    assert all(f"seal 3 bears the key {Seal.objects.get(number=3).key}" in words for words in said), said


def test_a_new_key_waits_until_it_is_told_of_the_former(ledger: list[int], run_with: Run) -> None:
    former = Seal.objects.get(number=1).key
    run_with(NEWER)
    with pytest.raises(CommandError, match=former):
        seal()
    run_with(NEWER, former.upper())
    assert "2 records sealed" in seal()


def test_a_former_key_is_not_taken_up_again(ledger: list[int], run_with: Run, verify: Verify) -> None:
    former = Seal.objects.get(number=1).key
    run_with(NEWER, former)
    seal()
    newer = Seal.objects.get(number=3).key
    run_with("", newer)
    with pytest.raises(CommandError, match="A former key never comes back"):
        seal()
    run_with(OTHER, former, newer)
    seal()
    assert verify()[0] == 0
