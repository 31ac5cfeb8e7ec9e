"""What a person can keep, and that anyone can check it with nothing of ours at hand (REC-9, ISO-1 to ISO-4, LED-6)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pyld import jsonld

from sms_consent import receipts, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Evidence, Program
from sms_consent.receipts import acts
from tests.people import ALICE, ALICES_PHONE, Visit, send_sign_up
from tests.sms_consent.seals.conftest import SCRIPT, Check, receipt_of, seal

DPV = "https://w3id.org/dpv#"
STATES = {
    f"dpv:Consent{state}" for state in ("Given", "Requested", "Withdrawn", "Expired", "Invalidated", "Refused")
} | {"dpv:RenewedConsentGiven"}


def statuses(receipt: dict[str, Any]) -> list[str]:
    """Return the states of the first consent, newest first, as the receipt tells them."""
    return [status["@type"] for status in receipt["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"]]


def test_the_mail_and_the_preference_page_lead_to_the_receipt(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    (mail,) = alice.sandbox.world.mails
    path = re.search(r"/receipts/[\w-]+/", mail.text)
    assert path
    assert "Asked for, not confirmed" in Client().get(path[0]).content.decode()
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)
    page = alice.client.get("/preferences/").content.decode()
    assert receipts.path_of(ALICE) == path[0]
    assert path[0] in page
    assert receipts.path_of(ALICES_PHONE) not in page  # nobody has proven that the number is hers


def test_the_page_says_what_was_agreed_to_under_which_words(ledger: list[int]) -> None:
    page = Client().get(receipts.path_of(ALICES_PHONE)).content.decode()
    assert ALICES_PHONE in page
    assert "Agreed to, and in force" in page
    assert "Msg &amp; data rates may apply" in page or "data rates may apply" in page
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=Circumstances(agent="eve@example.com"))
    page = Client().get(receipts.path_of(ALICES_PHONE)).content.decode()
    assert "Withdrawn on" in page
    assert "in force" not in page
    assert "eve@example.com" not in page


def test_an_act_that_staff_wrote_down_is_not_taken_for_an_erased_one(programs: object) -> None:
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(agent="eve@example.com"))
    page = Client().get(receipts.path_of(ALICE)).content.decode()
    assert (ALICE in page, "erased" in page) == (True, False)


@pytest.mark.parametrize("token", ["x" * 64, "é", "a"])
def test_a_link_that_we_never_made_leads_nowhere(programs: object, token: str) -> None:
    assert Client().get(f"/receipts/{token}/").status_code == 404
    assert Client().get(f"/receipts/{token}.json").status_code == 404


def test_a_receipt_stays_between_its_link_and_its_reader(ledger: list[int]) -> None:
    answer = Client().get(receipts.path_of(ALICE))
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in answer["Cache-Control"]
    unsubscribe = receipts.path_of(ALICE).replace("receipts", "unsubscribe")
    assert Client().get(unsubscribe).status_code == 404  # a token is for one purpose


def test_every_field_that_the_standard_makes_mandatory(ledger: list[int]) -> None:
    receipt = receipt_of(ALICE)
    assert receipt["schema:schemaVersion"] == "ISO/IEC TS 27560:2023"
    assert receipt["dct:conformsTo"].endswith("dpv-27560#receipt")
    assert receipt["dct:identifier"] == receipt["dpv:hasIdentifier"] != ""
    (record,) = receipt["dpv:hasRecordOfActivity"]
    assert record["schema:schemaVersion"]
    assert record["dct:identifier"] == record["dpv:hasIdentifier"] != ""
    assert record["dpv:hasDataSubject"]["dct:identifier"] == ALICE  # PII principal id
    (controller,) = record["dpv:hasDataController"]
    party = ("dct:identifier", "dpv:hasAddress", "dpv:hasName", "dpv:hasContact", "@type")
    assert all(controller[name] for name in party)
    assert record["dpv:hasJurisdiction"] == ["loc:US"]
    (process,) = record["dpv:hasProcess"]
    assert process["dpv:hasPurpose"][0]["dct:description"]
    assert process["dpv:hasPersonalData"] == ["pd:EmailAddress"]
    assert "Braze, Inc." in {party["dpv:hasName"] for party in process["dpv:hasRecipient"]}
    location, *durations = process["dpv:hasStorageCondition"]
    assert location["dpv:hasLocation"] == "loc:US"
    assert [duration["dpv:hasDuration"] for duration in durations] == ["P5Y", "P10Y"]
    (notice,) = record["dpv:hasNotice"]
    assert notice["dct:language"] == "en"
    assert notice["dpv:hasNotice"]["@id"].endswith("/privacy/")
    assert record["dpv:hasConsentControl"][0]["dpv:isExercisedAt"]["@id"].endswith("/preferences/")
    (status,) = record["dpv:hasConsentStatus"]
    event = ("@type", "dct:identifier", "dpv:isIndicatedAtTime", "dpv:isIndicatedBy", "dpv:hasDuration")
    assert all(status[name] for name in event)
    assert status["dpv:isIndicatedAtTime"]["@value"].endswith("+00:00")


def test_it_says_for_how_long_this_site_keeps_proof(ledger: list[int], settings: Any) -> None:
    settings.EVIDENCE_YEARS, settings.OPT_OUT_YEARS = 7, 12
    (record,) = receipt_of(ALICE)["dpv:hasRecordOfActivity"]
    _, *durations = record["dpv:hasProcess"][0]["dpv:hasStorageCondition"]
    assert [(duration["dpv:hasDuration"], duration["dct:description"]) for duration in durations] == [
        ("P7Y", "proof of the consent, after it has ended"),
        ("P12Y", "proof of an opt-out"),
    ]


def test_it_is_json_ld(ledger: list[int]) -> None:
    (node,) = jsonld.expand(receipt_of(ALICE))
    assert node["@type"] == [f"{DPV}ConsentReceipt"]
    (record,) = node[f"{DPV}hasRecordOfActivity"]
    assert record[f"{DPV}hasConsentStatus"][0]["@type"] == [f"{DPV}ConsentRequested"]
    assert record["urn:optin-site:proof"][0]["@type"] == "@json"


def test_in_europe_it_names_the_law(ledger: list[int], settings: Any) -> None:
    settings.JURISDICTIONS = ["DE"]
    (record,) = receipt_of(ALICE)["dpv:hasRecordOfActivity"]
    assert "eu-gdpr:A6-1-a" in record["dpv:hasLegalBasis"]
    assert record["dpv:hasRight"] == ["eu-gdpr:A7-3"]


def test_the_states_follow_the_acts_and_a_withdrawn_consent_never_looks_live(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    assert statuses(receipt_of(ALICES_PHONE)) == ["dpv:ConsentGiven"]
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, stops=True, circumstances=Circumstances())
    send_sign_up(Client(), "mallory@example.com", ALICES_PHONE, "sms")  # a form lifts no STOP
    receipt = receipt_of(ALICES_PHONE)
    assert statuses(receipt) == ["dpv:ConsentWithdrawn", "dpv:ConsentGiven"]
    (record,) = receipt["dpv:hasRecordOfActivity"]
    assert record["schema:isActive"] is False
    assert len(record["proof"]) == 3
    assert record["dpv:hasConsentStatus"][1]["dpv:hasDuration"]["dct:date"]
    assert set(statuses(receipt)) <= STATES


def test_it_holds_against_a_checkpoint_without_site_or_database(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=Circumstances(agent="eve@example.com"))
    seal(kept)
    code, said = check(receipt_of(ALICES_PHONE))
    assert (code, said.count("as it was sealed"), "The receipt holds." in said) == (0, 2, True), said
    assert "import optin" not in SCRIPT.read_text()
    assert len(SCRIPT.read_text().splitlines()) <= 80


def test_what_is_not_sealed_yet_says_so(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    send_sign_up(Client(), "dora@example.com", "", "email")
    assert "not sealed yet" in check(receipt_of("dora@example.com"))[1]


def test_erased_evidence_leaves_the_proof_and_names_nobody(ledger: list[int], kept: Path, check: Check) -> None:
    seal(kept)
    Evidence.objects.update(salt="", payload="")
    receipt = receipt_of(ALICE)
    assert check(receipt)[0] == 0
    assert "alice" not in json.dumps(receipt).lower()
    assert "has been erased" in Client().get(receipts.path_of(ALICE)).content.decode()


def test_a_receipt_costs_few_queries(ledger: list[int], django_assert_max_num_queries: Any) -> None:
    path = receipts.path_of(ALICE)
    for _ in range(5):
        services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances())
    assert ConsentRecord.objects.count() == 10
    with django_assert_max_num_queries(8):
        Client().get(path.rstrip("/") + ".json")


def test_its_name_gives_no_access(ledger: list[int]) -> None:
    receipt = receipt_of(ALICE)
    assert receipt["@id"].startswith("urn:optin-site:receipt-")
    assert receipts.path_of(ALICE).split("/")[2] not in json.dumps(receipt)


def test_noise_on_one_program_pushes_nothing_off(
    ledger: list[int], kept: Path, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST", 2)
    Program.objects.filter(slug="email").update(channel="sms")  # a STOP is about every program of texts
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, stops=True, circumstances=Circumstances())
    for number in range(4):
        send_sign_up(Client(), f"mallory{number}@example.com", ALICES_PHONE, "sms")
    seal(kept)
    receipt = receipt_of(ALICES_PHONE)
    assert statuses(receipt)[-2:] == ["dpv:ConsentWithdrawn", "dpv:ConsentGiven"]
    assert [len(it["proof"]) for it in receipt["dpv:hasRecordOfActivity"]] == [2, 1]
    assert check(receipt)[0] == 0
