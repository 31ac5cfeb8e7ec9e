"""What is refused, with line and reason, while the good rows go in (DAT-1, DAT-4, DAT-6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sms_consent.models import ConsentRecord, Subscription
from tests.commands import run
from tests.people import ALICE, BOB, standing
from tests.sms_consent.imports.files import email, load, refused, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]

SOON = (timezone.now() + timedelta(hours=1)).isoformat()
REFUSED: list[tuple[dict[str, str], str]] = [
    (email(occurred_at=""), "no time"),
    (email(occurred_at="2020-01-01T10:00:00"), "no zone"),
    (email(occurred_at="2020-01-01"), "no zone"),
    (email(occurred_at="31/12/2019 10:00 +0000"), "not a time"),
    (email(occurred_at="0001-01-01T00:00:00+14:00"), "not a time"),
    (email(occurred_at=SOON), "yet to come"),
    (email(program="sweepstakes"), "unknown program"),
    (email(act=""), "no act"),
    (email(act="clicked"), "unknown act"),
    (email(address=""), "no address"),
    (email(address="alice@@example.com"), "not an email address"),
    (email(address="a" * 250 + "@example.com"), "not an email address"),
    (text(address=""), "no address"),
    (text(address="555-0101"), "not a phone number"),
    (text(address="n/a"), "not a phone number"),
    (text(address="+49 30 901820"), "not served"),
    (email(proven="maybe"), "proven must be"),
    (email(boxes="ticked"), "boxes must be"),
    (email(boxes='{"email": 1}'), "boxes must be"),
    (email(label="x" * 201), "label or button is longer"),
    (email(button="x" * 61), "label or button is longer"),
    (email(external_id="x" * 256), "external_id is longer"),
]


def test_each_row_is_refused_for_its_own_reason_and_the_others_go_in(tmp_path: Path) -> None:
    ran = load(tmp_path, *(row for row, _ in REFUSED), email(address=BOB))
    found = refused(tmp_path)
    wrong = [
        (row, found.get(line)) for line, (row, reason) in enumerate(REFUSED, 2) if reason not in found.get(line, "")
    ]
    assert (wrong, len(found)) == ([], len(REFUSED))
    assert (standing(BOB, "email"), ran.code) == ("subscribed", 1)
    assert ConsentRecord.objects.count() == 1


def test_an_opt_out_is_not_refused_for_what_does_not_matter(tmp_path: Path) -> None:
    ran = load(
        tmp_path,
        text("withdrawn", address="+49 30 901820"),
        email("withdrawn", "a@example.com", proven="maybe"),
        email("withdrawn", "b@example.com", boxes="ticked"),
        email("withdrawn", "c@example.com", label="x" * 201, wording="Bye"),
        email("withdrawn", "d@example.com", external_id="x" * 256),
        email("withdrawn", "e@example.com", phone="n/a"),
    )
    assert (ran.code, Subscription.objects.filter(state="unsubscribed").count()) == (0, 6)


def test_zones_as_other_systems_write_them(tmp_path: Path) -> None:
    times = ["2020-01-01 10:00:00 UTC", "2020-01-01T12:00:00+0200", "2020-01-01 03:00:00 -07:00"]
    ran = load(tmp_path, *(email(occurred_at=at) for at in times))
    assert ConsentRecord.objects.get().occurred_at.isoformat() == "2020-01-01T10:00:00+00:00"
    assert ran.code == 0


def test_one_number_however_it_is_written(tmp_path: Path) -> None:
    ran = load(
        tmp_path, *(text(address=it) for it in ("+1 (202) 555-0101", "2025550101", "12025550101", "0012025550101"))
    )
    assert "1 added, 3 here already" in ran.out


def test_the_error_file_names_lines_and_reasons_and_nobody(tmp_path: Path) -> None:
    ran = load(tmp_path, email(occurred_at=""), email(), email(program="x"))
    assert (tmp_path / "rows.csv.errors.csv").read_text().splitlines() == [
        "line,reason",
        "2,no time (occurred_at)",
        "4,unknown program",
    ]
    assert "2 refused" in ran.out
    assert ALICE not in ran.out


def test_there_is_no_error_file_when_nothing_is_refused(tmp_path: Path) -> None:
    load(tmp_path, email(occurred_at=""))
    assert load(tmp_path, email()).code == 0
    assert not (tmp_path / "rows.csv.errors.csv").exists()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("email,program,act", "lacks occurred_at"),
        ("program,act,occurred_at", "lacks email or phone"),
        ("", "lacks"),
        ("email,program,act,occurred_at,email", "names a column twice"),
    ],
)
def test_a_header_that_cannot_do(tmp_path: Path, header: str, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n")
    ran = run("import_consents", str(path))
    assert (says in ran.out, ran.code) == (True, 1)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in run("import_consents", str(tmp_path / "none.csv")).out


def test_an_error_file_that_cannot_be_written_is_found_out_before_anything_is(tmp_path: Path) -> None:
    (tmp_path / "rows.csv.errors.csv").mkdir()
    ran = load(tmp_path, email())
    assert ("cannot be written" in ran.out, ConsentRecord.objects.count()) == (True, 0)


def test_columns_that_nobody_reads_are_named_once(tmp_path: Path) -> None:
    ran = load(tmp_path, email(shoe_size="9", id="1", seal="2"), email(address=BOB, shoe_size="8"))
    assert "Columns that are not read: shoe_size." in ran.out


def test_a_country_is_served_or_not_by_the_setting(tmp_path: Path, settings: Any) -> None:
    settings.PHONE_REGIONS = ["AU"]
    load(tmp_path, text(address="0491 570 006"), text(address="+1 202 555 0101"))
    assert standing("+61491570006", "sms") == "subscribed"
    assert "not served" in refused(tmp_path)[3]
