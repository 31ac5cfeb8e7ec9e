"""Runs of an import: dry, repeated, in several chunks, killed and run again (DAT-2)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from sms_consent.imports.running import CHUNK
from sms_consent.models import BrazeProfile, ConsentRecord, Disclosure, Evidence, GlobalEmail, Program, Subscription
from tests.commands import run
from tests.people import ALICE, ALICES_PHONE, BOB, standing
from tests.sms_consent.delivery.conftest import ROOT, database_url
from tests.sms_consent.imports.files import T1, T2, T3, email, load, refused, text, write_csv

COUNTED = (User, ConsentRecord, Evidence, Subscription, BrazeProfile, GlobalEmail, Disclosure)
WORDINGS = 1600  # more than are remembered
START_UP = 60.0  # seconds a process may take to come up on a busy machine


def counts() -> list[int]:
    return [model.objects.count() for model in COUNTED]


def crowd(count: int) -> Iterator[dict[str, str]]:
    """Yield rows: three of four people agree, under many wordings, and every fourth row is the opt-out of one."""
    for number in range(count):
        words = {"wording": f"Words {number % WORDINGS}", "external_id": f"crm-{number}"}
        address = f"person{number - 1 if number % 4 == 3 else number}@example.com"
        yield email("withdrawn", address, occurred_at=T2) if number % 4 == 3 else email("granted", address, **words)


@pytest.mark.django_db
@pytest.mark.usefixtures("programs")
def test_a_dry_run_says_what_an_import_does_and_does_nothing(tmp_path: Path) -> None:
    load(tmp_path, email(address=BOB), text("withdrawn", address="+12025550109"))
    before = counts()
    rows = [
        email(occurred_at=T1, wording="Old words"),
        email("withdrawn", occurred_at=T2),
        email(occurred_at=T3),
        email(address=BOB),
        email(address=BOB, occurred_at=T3),
        text("withdrawn"),
        text(address="+12025550109", occurred_at=T3),
        text(occurred_at=""),
    ]
    dry = load(tmp_path, *rows, options=["--dry-run"])
    assert counts() == before
    assert (list(refused(tmp_path)), dry.code) == ([9], 1)
    wet = load(tmp_path, *rows)
    for said, done in (("6 would be added, 1 here", "6 added, 1 here"), ("would be newly", "are now newly")):
        assert said in dry.out
        assert done in wet.out
    assert "1 (1 email) are now newly subscribed at Braze." in wet.out
    assert "1 (1 sms) are now newly unsubscribed at Braze." in wet.out
    assert "welcome" in dry.out
    done = dry.out.replace("would be newly", "are now newly").replace("would be added", "added")
    assert done == f"A dry run: nothing is written down.\n{wet.out}"


@pytest.mark.django_db
@pytest.mark.usefixtures("programs")
def test_acts_of_one_address_are_dealt_with_together_however_far_apart_they_stand(tmp_path: Path) -> None:
    between = [email(address=f"a{number}@example.com") for number in range(2 * CHUNK)]
    rows = [email(), *between, email("withdrawn", occurred_at=T2), *between]
    dry = load(tmp_path, *rows, options=["--dry-run"])
    assert f"{2 * CHUNK + 2} would be added, {2 * CHUNK} here already" in dry.out
    assert f"{2 * CHUNK} ({2 * CHUNK} email) would be newly subscribed" in dry.out
    assert "1 (1 email) would be newly unsubscribed" in dry.out


@pytest.mark.django_db
@pytest.mark.usefixtures("programs")
def test_very_many_acts_of_one_address(tmp_path: Path) -> None:
    times = [f"20{year:02}-{month:02}-01T10:00:00Z" for year in range(25) for month in range(1, 13)]
    acts = [email("withdrawn" if number % 2 else "granted", occurred_at=at) for number, at in enumerate(times)]
    load(tmp_path, *acts, *(email(occurred_at=at.replace("-01T", "-02T")) for at in times[:-1]))
    assert (standing(ALICE, "email"), ConsentRecord.objects.count()) == ("unsubscribed", 2 * len(times) - 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("programs")
def test_again_adds_nothing(tmp_path: Path) -> None:
    rows = [email(wording="Words"), text(), text("withdrawn", occurred_at=T2), email("requested", address=BOB)]
    load(tmp_path, *rows)
    before = counts()
    again = load(tmp_path, *rows)
    assert ("0 added, 4 here already" in again.out, counts()) == (True, before)
    assert "0 are now newly subscribed at Braze." in again.out
    assert [standing(ALICE, "email"), standing(ALICES_PHONE, "sms")] == ["subscribed", "unsubscribed"]


@pytest.mark.django_db(transaction=True)
def test_killed_and_run_again_it_ends_as_if_nothing_had_been(tmp_path: Path, programs: dict[str, Program]) -> None:
    words, count = Disclosure.objects.count(), 2000
    path = write_csv(tmp_path / "rows.csv", list(crowd(count)))
    process = _start(path)
    assert _wait_for_records(process)
    process.kill()
    process.wait()
    killed_at = ConsentRecord.objects.count()
    assert 0 < killed_at < count
    ran = run("import_consents", str(path))
    assert f"{count - killed_at:,} added, {killed_at:,} here already" in ran.out
    assert counts() == [
        count // 2,  # of four rows, two are about somebody who stays
        *(count, count),
        *(3 * count // 4, count // 2, count // 4),
        words + 3 * WORDINGS // 4,  # the rows of opt-outs have none
    ]
    assert Subscription.objects.filter(state="subscribed").count() == count // 2


def _start(path: Path) -> subprocess.Popen[bytes]:
    env = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "optin_site.settings"}
    return subprocess.Popen([sys.executable, "manage.py", "import_consents", str(path)], cwd=ROOT, env=env)


def _wait_for_records(process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + START_UP
    while time.monotonic() < until and process.poll() is None:
        if ConsentRecord.objects.exists():
            return True
        time.sleep(0.01)
    return False
