"""`manage.py export_consents` as somebody at a terminal runs it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from accounts.models import User
from sms_consent.models import AccessRecord, ConsentRecord, Program
from sms_consent.people import subject
from tests.commands import run
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.exports.conftest import exported, read


def test_a_file_is_for_its_owner_only_and_whole(alice: User, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text("older")
    assert run("export_consents", "--output", str(file)).out == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(read(file.read_bytes().decode())) == 2
    assert [it.name for it in tmp_path.iterdir()] == ["records.csv"]


def test_where_nothing_can_be_written_it_says_so(alice: User, tmp_path: Path) -> None:
    done = run("export_consents", "--output", str(tmp_path / "missing" / "records.csv"))
    assert (done.code, "No such file or directory" in done.out) == (1, True)


@pytest.mark.parametrize("output", ["", "/", ".", "..", "{folder}", "{folder}/"])
def test_what_can_be_no_file_is_refused_before_anything_is_read(alice: User, tmp_path: Path, output: str) -> None:
    done = run("export_consents", "--output", output.format(folder=tmp_path))
    assert (done.code, "no file" in done.out) == (1, True), done.out
    assert list(tmp_path.parent.glob("*.part")) == []
    assert not AccessRecord.objects.exists()


def test_a_file_that_comes_to_nothing_leaves_nothing(alice: User, tmp_path: Path) -> None:
    (tmp_path / "records.csv").mkdir()
    assert run("export_consents", "--output", str(tmp_path / "records.csv")).code == 1
    assert [it.name for it in tmp_path.iterdir()] == ["records.csv"]


def test_one_address_however_it_is_written(alice: User) -> None:
    assert [row["phone"] for row in exported("--address", "(202) 555-0101")] == [f"'{ALICES_PHONE}"]
    assert [row["email"] for row in exported("--address", "Alice@EXAMPLE.com")] == [ALICE]


def test_a_stretch_of_time(alice: User) -> None:
    at = ConsentRecord.objects.earliest("id").occurred_at
    assert len(exported("--since", f"{at:%Y-%m-%d}")) == 2
    assert exported("--until", at.isoformat()) == []
    assert len(exported("--since", at.isoformat())) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "2026-11-24T10:00"], "has no zone"),
        (["--since", "yesterday"], "is not a time"),
        (["--program", "nothing"], "no program 'nothing'"),
        (["--address", "nobody"], "a phone number or an email address"),
        (["--what", "paths", "--address", ALICE], "goes with records and lists"),
        (["--what", "suppressed", "--since", "2026-11-24"], "--since is for records"),
    ],
)
def test_what_it_cannot_do_it_says(programs: dict[str, Program], options: list[str], said: str) -> None:
    done = run("export_consents", *options)
    assert (done.code, said in done.out) == (1, True), done.out
    assert not AccessRecord.objects.exists()


def test_every_export_is_written_down_without_an_address(alice: User) -> None:
    exported("--address", ALICE, "--program", "email")
    noted = AccessRecord.objects.get()
    assert (noted.staff, noted.action, noted.what) == ("command line", "exported", "Consent records")
    assert (noted.subject, noted.detail) == (subject(ALICE), "csv; program email; one address")
