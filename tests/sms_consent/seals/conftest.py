"""A ledger with something in it, and a copy of it that may be tampered with."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from sms_consent import receipts, triggers
from sms_consent.models import ConsentRecord, Program
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROL, send_sign_up

SCRIPT = Path(__file__).resolve().parents[3] / "docs/verify_receipt.py"


@pytest.fixture
def ledger(programs: dict[str, Program]) -> list[int]:
    """Five records under two seals; their ids, as they were sealed."""
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email")
    send_sign_up(Client(), BOB, BOBS_PHONE, "sms", "email")
    call_command("seal_ledger", stdout=io.StringIO())
    send_sign_up(Client(), CAROL, "", "email")
    call_command("seal_ledger", stdout=io.StringIO())
    return list(ConsentRecord.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def unguarded(ledger: list[int]) -> Iterator[None]:
    """Take the triggers away until the test ends, and with them whatever it did."""
    with transaction.atomic():
        triggers.lift()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def sql(unguarded: None) -> Callable[..., None]:
    """Run a statement as whoever has the database's password would."""

    def run(statement: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return run


def literal(utc: str) -> str:
    """Return a time as the database in use keeps it."""
    return f"'{utc}'" if connection.vendor == "sqlite" else f"'{utc}+00:00'"


Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify() -> Verify:
    """Run verify_ledger; returns its exit code and all that it said."""

    def run(*arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        try:
            call_command("verify_ledger", *arguments, stdout=said, stderr=said)
        except SystemExit as end:
            return int(end.code or 0), said.getvalue()
        except CommandError as error:
            return 1, str(error)
        return 0, said.getvalue()

    return run


def receipt_of(address: str) -> dict[str, Any]:
    """Return the receipt as machines get it."""
    answer = Client().get(receipts.path_of(address).rstrip("/") + ".json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/ld+json")
    return dict(json.loads(answer.content))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of seals that is kept elsewhere."""
    return tmp_path / "seals"


def seal(kept: Path) -> None:
    """Seal what is new, and keep the seals elsewhere."""
    call_command("seal_ledger", "--checkpoint", str(kept), stdout=io.StringIO())


Check = Callable[[dict[str, Any]], tuple[int, str]]


@pytest.fixture
def check(kept: Path, tmp_path: Path) -> Check:
    """Run the script as whoever has only the receipt and the checkpoint does."""

    def run(receipt: dict[str, Any]) -> tuple[int, str]:
        file = tmp_path / "receipt.json"
        file.write_text(json.dumps(receipt))
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), str(file), str(kept)], capture_output=True, text=True, cwd=tmp_path
        )
        return done.returncode, done.stdout + done.stderr

    return run
