"""Files as other systems write them: CSV and JSON Lines, broken in places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sms_consent.imports import reading as files
from sms_consent.models import ConsentRecord, Evidence
from tests.commands import Ran, run
from tests.people import ALICE, ALICES_PHONE, BOB, standing
from tests.sms_consent.imports.files import T1, email, evidence, load, refused, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]

HEADER = b"Email, program,act,occurred_at,note\n"
GOOD = f"{BOB},email,granted,{T1},\n".encode()


def load_bytes(folder: Path, content: bytes) -> Ran:
    path = folder / "rows.csv"
    path.write_bytes(content)
    return run("import_consents", str(path))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"a@example.com,email,granted\n", "fewer cells"),
        (b"a@example.com,email,granted,2020-01-01T10:00:00Z,,,\n", "more cells"),
        (b"a@example.com,email,granted,2020-01-01T10:00:00Z,caf\xe9\n", "not UTF-8"),
        (b"a@example.com,email,granted,2020-01-01T10:00:00Z," + b"x" * 200_000 + b"\n", "no CSV, or too long"),
    ],
)
def test_one_broken_row_of_csv(tmp_path: Path, row: bytes, reason: str) -> None:
    load_bytes(tmp_path, HEADER + row + b"\n" + GOOD)
    assert reason in refused(tmp_path)[2]
    assert standing(BOB, "email") == "subscribed"


def test_a_quote_that_is_never_closed_swallows_no_row_unheard(tmp_path: Path) -> None:
    """Not Bob's opt-out, least of all: the row would be taken, with all after it as its note."""
    opt_out = f"{BOB},email,withdrawn,{T1},\n".encode()
    ran = load_bytes(tmp_path, HEADER + f'{ALICE},email,granted,{T1},"I agree\n'.encode() + opt_out)
    assert (ran.code, refused(tmp_path)) == (1, {2: "the row is no CSV, or too long: it goes on to line 3"})
    assert ConsentRecord.objects.count() == 0


def test_a_header_that_is_no_csv(tmp_path: Path) -> None:
    assert "The header is no CSV." in load_bytes(tmp_path, b'"email\n' + GOOD).out


def test_lines_are_counted_in_the_file_not_in_rows(tmp_path: Path) -> None:
    note = f'{ALICE},email,granted,{T1},"two\nlines"\n'.encode()
    load_bytes(tmp_path, b"\xef\xbb\xbf" + HEADER + note + b"x,email,granted,2020,\n" + GOOD)
    assert list(refused(tmp_path)) == [4]
    assert evidence(BOB)["imported_from"] == "rows.csv, line 5"
    assert evidence(ALICE)["note"] == "two\nlines"


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("'=SUM(A1)", "=SUM(A1)"),
        ("'-1", "-1"),
        ("'@home", "@home"),
        ("''quoted'", "'quoted'"),
        ("'\tx", "\tx"),
        ("'＋1", "＋1"),
        ("'\u200b=1", "\u200b=1"),
        ("a;'=1", "a;=1"),
        ("'tis", "'tis"),
        ("a 'quoted'", "a 'quoted'"),
    ],
)
def test_the_apostrophe_that_an_export_adds_comes_off_again(tmp_path: Path, cell: str, kept: str) -> None:
    load(tmp_path, email(note=cell))
    assert evidence(ALICE)["note"] == kept


def test_numbers_behind_an_apostrophe(tmp_path: Path) -> None:
    load(tmp_path, text(address=f"'{ALICES_PHONE}"))
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_what_no_database_takes_is_left_out(tmp_path: Path) -> None:
    load(tmp_path, email(note="a\x00b", wording="a\x00b"))
    assert evidence(ALICE)["note"] == "ab"


def as_lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_json_lines(tmp_path: Path) -> None:
    said = {"boxes": {"email": True, "sms": False}, "proven": True, "note": None, "shoe_size": 9}
    ran = load_bytes(tmp_path, as_lines(email() | said, text(address="12025550101")))
    found = ConsentRecord.objects.get(program__slug="email")
    assert (found.proven, evidence(ALICE)["boxes"]) == (True, {"email": True, "sms": False})
    assert (standing(ALICES_PHONE, "sms"), ran.code) == ("subscribed", 0)
    assert "not read: shoe_size" in ran.out


def test_one_broken_line_of_json(tmp_path: Path) -> None:
    deep = b"[" * 100_000
    broken = [b"{]", b"[1]", b"\xff\xfe", deep, b"x" * files.LONGEST_LINE, b"{}"]
    load_bytes(tmp_path, as_lines(email()) + b"\n".join(broken) + b"\n\n" + as_lines(email(address=BOB)))
    assert {line: reason.split(":")[0] for line, reason in refused(tmp_path).items()} == {
        2: "the line is no JSON",
        3: "the line is no JSON object",
        4: "the line is no JSON",
        5: "the line is no JSON",
        6: "the line is too long",
        7: "no act",
    }
    assert standing(BOB, "email") == "subscribed"


def test_columns_that_no_terminal_can_show(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(json.dumps(email() | {"\ud800x": "1", "\x1b[2J": "2"}))
    assert r"Columns that are not read: \ud800x, \x1b[2J." in run("import_consents", str(path)).out


def test_half_of_a_surrogate_pair(tmp_path: Path) -> None:
    load_bytes(
        tmp_path,
        rb'{"email":"alice@example.com","program":"email","act":"granted",'
        + (rb'"occurred_at":"2020-01-01T10:00:00Z","note":"\ud800","boxes":{"\ud800":true}}' + b"\n"),
    )
    assert evidence(ALICE)["note"] == "?"


def test_an_empty_file_of_rows(tmp_path: Path) -> None:
    ran = load_bytes(tmp_path, HEADER)
    assert ("0 rows" in ran.out, ran.code, Evidence.objects.count()) == (True, 0, 0)
