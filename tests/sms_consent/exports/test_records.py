"""A record leaves with everything that proves it (US-8, REC-3, REC-4), and with nothing that a spreadsheet runs."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from sms_consent import ledger, services
from sms_consent.choices import Source
from sms_consent.exports import RECORDS
from sms_consent.formulas import marked, unmarked
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Evidence, Seal, SealedRecord
from tests.commands import run
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.exports.conftest import exported

COLUMNS = (
    "id,email,phone,program,act,occurred_at,recorded_at,source,method,wording,wording_sha256,label,button,language,"
    "disclosure_version,brand,purpose,frequency,sender,page,referrer,campaign,ip,user_agent,accept_language,boxes,body,"
    "texted_to,rule,provider,provider_id,keyword,place,incentive,agent,note,external_id,proven,stops,request,subject,"
    "commitment,recorded_as,seal"
)


def of(program: str, *options: str) -> dict[str, Any]:
    """Return the only row of a program."""
    (row,) = exported("--program", program, *options)
    return dict(row)


def written(source: Source, **evidence: Any) -> ConsentRecord:
    """Write down one more record like the first, from another source and with this evidence."""
    like = ConsentRecord.objects.earliest("id")
    columns = {field.attname: getattr(like, field.attname) for field in ConsentRecord._meta.fields}
    [record] = ConsentRecord.objects.bulk_create([ConsentRecord(**columns | {"id": None, "source": source})])
    Evidence.objects.bulk_create([Evidence(record=record, salt="a", payload=ledger.canonical(evidence))])
    return record


def test_the_columns_are_what_the_import_takes(alice: User) -> None:
    assert run("export_consents").out.split("\r\n")[0] == COLUMNS


def test_a_sign_up_leaves_with_the_words_as_they_were_shown(alice: User) -> None:
    record, row = ConsentRecord.objects.get(program__slug="sms"), of("sms", "--format", "jsonl")
    assert record.disclosure is not None
    assert hashlib.sha256(row["wording"].encode()).hexdigest() == row["wording_sha256"] == record.words_sha256
    assert {name: row[name] for name in ("phone", "email", "act", "source", "recorded_as", "method", "boxes")} == {
        "phone": ALICES_PHONE,
        "email": None,
        "act": "granted",
        "source": "sign_up",
        "recorded_as": "sign_up",
        "method": "The box was ticked on the sign-up.",
        "boxes": {"sms": True, "email": True},
    }
    assert (row["label"], row["button"]) == (record.disclosure.label, record.disclosure.button_label)
    assert (row["ip"], row["user_agent"], row["page"]) == ("192.0.2.7", "Tester/1.0", "https://example.com/")
    assert (row["brand"], row["purpose"]) == (record.program.brand, "offers and news")
    assert (row["subject"], row["commitment"]) == (record.subject, record.commitment)
    assert (row["language"], row["disclosure_version"]) == ("en", 1)


def test_times_are_utc_to_the_microsecond(alice: User) -> None:
    record, row = ConsentRecord.objects.get(program__slug="sms"), of("sms")
    assert row["occurred_at"] == f"{record.occurred_at:%Y-%m-%dT%H:%M:%S.%f}+00:00"  # REC-6


def test_both_steps_of_a_double_opt_in_are_tied(alice: User) -> None:
    asked = ConsentRecord.objects.get(program__slug="email")
    how = Circumstances(ip="192.0.2.8", person="alices-id")
    services.confirm([asked.pk], address=ALICE, source=Source.SIGN_UP, circumstances=how)
    first, second = exported("--program", "email", "--format", "jsonl")
    assert (second["act"], second["request"], second["proven"]) == ("confirmed", first["id"], True)
    assert (first["ip"], second["ip"], second["external_id"]) == ("192.0.2.7", "192.0.2.8", "alices-id")


def test_an_opt_out_says_by_whom_and_that_it_stops(alice: User) -> None:
    how = Circumstances(agent="agent@example.com", note="phoned on 3 May")
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=how)
    row = exported("--program", "sms")[1]
    assert (row["act"], row["stops"]) == ("withdrawn", "false")
    assert (row["agent"], row["note"]) == ("agent@example.com", "phoned on 3 May")
    assert (row["wording"], row["disclosure_version"], row["seal"], row["boxes"]) == ("", "", "", "")


def test_what_was_imported_keeps_its_own_source_and_method(alice: User) -> None:
    record = written(Source.IMPORT, address=ALICES_PHONE, came_from="till", method="Signed at the till")
    row = next(row for row in exported() if row["id"] == str(record.pk))
    assert (row["source"], row["recorded_as"], row["method"]) == ("till", "import", "Signed at the till")


def test_erased_evidence_leaves_a_row_that_names_nobody(alice: User) -> None:
    Evidence.objects.filter(record__program__slug="sms").update(salt="", payload="")
    row = of("sms", "--format", "jsonl")
    empty = ("phone", "email", "ip", "user_agent", "page", "boxes", "note", "external_id", "label", "brand")
    assert {row[name] for name in empty} == {None}
    assert (row["act"], row["language"]) == ("granted", "en")
    assert row["commitment"] == ConsentRecord.objects.get(program__slug="sms").commitment


def test_the_seal_is_named(alice: User) -> None:
    record = ConsentRecord.objects.get(program__slug="sms")
    hashes = {"previous": "0" * 64, "root": "0" * 64, "key": "0" * 64, "signature": "0" * 128}
    seal = Seal(number=7, count=1, total=1, sealed_at=record.recorded_at, **hashes)
    Seal.objects.bulk_create([seal])
    SealedRecord.objects.bulk_create([SealedRecord(record=record, seal=seal, position=0, leaf=bytes(32))])
    assert (of("sms")["seal"], of("email")["seal"]) == ("7", "")


SIGNS = tuple("=+-@＝＋－＠")  # noqa: RUF001 - the full-width forms count too
UNSEEN = (" ", "\xa0", "\ufeff", "\u200b", "\u2060", "\x0b", "\x00", "\u3000", " \u200d \xad")
NASTY = [
    *("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'=1", "'"),
    *(f"{unseen}{sign}1" for unseen in UNSEEN for sign in "=+-@"),
    *(
        "\t\t=1",
        " \t=1",
        "\t",
        "Mozilla/5.0 (X11;=1+1;)",
        "a; =1;b",
        "a;'=1",
        ";=1",
        "a\n=1",
        "a\t\u200b@b",
        "a;;\r\n=1",
    ),
]


def runs(cell: str) -> list[str]:
    """Return the parts that a spreadsheet would run, whichever separators it knows beside the comma."""
    seen = [re.sub(r"^[\s\x00\x0b\xad\u200b-\u200f\u2060\ufeff]+", "", part) for part in re.split(r"[;\t\r\n]", cell)]
    return [part for part in [cell.lstrip(), *seen] if part.startswith(SIGNS)]


@pytest.mark.parametrize("nasty", NASTY)
def test_no_cell_is_a_formula_and_none_is_changed_for_good(alice: User, nasty: str) -> None:
    written(Source.IMPORT, address=ALICES_PHONE, user_agent=nasty, note=nasty, boxes={nasty: True})
    row = exported()[-1]
    assert [runs(row[name]) for name in ("user_agent", "note", "boxes")] == [[], [], []]
    assert unmarked(row["note"]) == nasty
    assert json.loads(unmarked(row["boxes"])) == {nasty: True}
    assert exported("--format", "jsonl")[-1]["note"] == nasty


@given(st.text(alphabet="=-'a;\t\r\n \u200b"))
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert (unmarked(marked(text)), runs(marked(text))) == (text, [])


@pytest.mark.parametrize(
    "said", ["a-b", "Mozilla/5.0 (X11; Linux x86_64)", "1 = 1; x=1", "she's; it's", "", " a ", "a;\nb"]
)
def test_what_is_no_formula_stays_as_it_is(alice: User, said: str) -> None:
    written(Source.IMPORT, address=ALICES_PHONE, note=said)
    row = exported()[-1]
    assert (row["note"], row["phone"]) == (said, f"'{ALICES_PHONE}")


def test_quotes_and_line_breaks_stay_in_one_cell(alice: User) -> None:
    said = 'She said "yes, please"\r\nand meant it, =1'
    written(Source.IMPORT, address=ALICES_PHONE, note=said)
    assert exported()[-1]["note"] == said


def test_it_is_written_while_it_is_read_and_costs_five_queries_a_page(alice: User) -> None:
    like = ConsentRecord.objects.earliest("id")
    columns = {field.attname: getattr(like, field.attname) for field in ConsentRecord._meta.fields} | {"id": None}
    ConsentRecord.objects.bulk_create([ConsentRecord(**columns) for _ in range(4_500)])
    pieces = RECORDS.text(RECORDS.everything().order_by("-occurred_at"), "csv")
    with CaptureQueriesContext(connection) as queries:
        assert next(pieces).startswith("id,email")
        assert next(pieces).count("\r\n") == 2_000
        assert len(queries) == 5  # records, evidence, seals, programs, disclosures
        rows = 2_000 + sum(piece.count("\r\n") for piece in pieces)
    assert (rows, len(queries)) == (4_502, 15)


def test_a_payload_is_json_with_whatever_people_write(alice: User) -> None:
    said = "Ja, gern – ✓ \u2028 ünïcode"
    written(Source.IMPORT, address=ALICES_PHONE, body=said)
    out = run("export_consents", "--format", "jsonl").out
    assert json.loads(out.strip("\n").split("\n")[-1])["body"] == said
