"""What a record holds, and what its evidence proves before and after it is erased."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from sms_consent import ledger, selectors
from sms_consent.disclosures import draft, publish
from sms_consent.models import ConsentRecord, Disclosure, Evidence, Program
from tests.people import ALICE, ALICES_PHONE, send_sign_up

AGENT = "Mozilla/5.0 (of Alice)"


@pytest.fixture(autouse=True)
def _signed_up(programs: dict[str, Program]) -> None:
    send_sign_up(Client(headers={"user-agent": AGENT}, REMOTE_ADDR="203.0.113.7"), ALICE, ALICES_PHONE, "sms", "email")


def everything_in(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
        return repr(cursor.fetchall())


def test_a_record_holds_nothing_personal_in_clear() -> None:
    kept = everything_in("sms_consent_consentrecord")
    assert not any(secret in kept for secret in ("alice", "2025550101", "203.0.113.7", "Mozilla"))


def test_the_evidence_says_who_where_and_how() -> None:
    proof = json.loads(Evidence.objects.get(record__program__slug="sms").payload)
    assert (proof["address"], proof["ip"], proof["user_agent"]) == (ALICES_PHONE, "203.0.113.7", AGENT)
    assert proof["boxes"] == {"sms": True, "email": True}
    assert proof["page"] == "http://testserver/accounts/signup/"


def test_an_unticked_box_is_evidence_and_not_an_act() -> None:
    send_sign_up(Client(), "bob@example.com", "", "email")
    newest = ConsentRecord.objects.select_related("evidence").latest("pk")
    assert json.loads(newest.evidence.payload)["boxes"] == {"sms": False, "email": True}
    assert ConsentRecord.objects.count() == 3


def test_the_commitment_proves_the_evidence() -> None:
    for proof in Evidence.objects.select_related("record"):
        assert ledger.commitment(proof.salt, proof.payload) == proof.record.commitment
        assert ledger.commitment(proof.salt, proof.payload + " ") != proof.record.commitment


def test_evidence_can_be_blanked_and_a_kept_copy_still_proves_the_record() -> None:
    copy = Evidence.objects.first()
    assert copy is not None
    assert Evidence.objects.filter(pk=copy.pk).update(salt="", payload="") == 1
    record = ConsentRecord.objects.get(pk=copy.pk)
    assert record.commitment == ledger.commitment(copy.salt, copy.payload)


@pytest.mark.parametrize("changes", [{"payload": "{}", "salt": ""}, {"payload": "", "salt": "x"}, {"payload": "back"}])
def test_evidence_can_only_be_blanked_and_never_filled_again(changes: dict[str, str]) -> None:
    Evidence.objects.update(salt="", payload="")
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.update(**changes)


def test_two_people_with_the_same_evidence_have_different_commitments() -> None:
    first, second = ConsentRecord.objects.values_list("commitment", flat=True)
    assert first != second


def test_a_records_words_are_those_of_its_disclosure() -> None:
    for record in ConsentRecord.objects.select_related("disclosure"):
        assert record.disclosure is not None
        assert record.words_sha256 == record.disclosure.sha256


def test_the_same_form_again_leaves_no_record_and_the_same_form_under_new_words_does() -> None:
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email")
    assert ConsentRecord.objects.count() == 2
    newest = Disclosure.objects.get(program__slug="sms", door="form")
    publish(draft(newest.program, language="en", text=newest.draft, label="Texts, please", button="Sign up"))
    selectors.forget_offers()
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email")
    shown = ConsentRecord.objects.filter(program__slug="sms").order_by("pk").values_list("disclosure__label", flat=True)
    assert list(shown) == [newest.label, "Texts, please"]
