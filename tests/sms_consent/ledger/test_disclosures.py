"""Publishing words: what they must say, and that they stay as they were shown (stories 31 and 32)."""

from __future__ import annotations

import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures, ledger, selectors
from sms_consent.exceptions import DisclosureError
from sms_consent.models import ConsentRecord, Disclosure, Evidence, Program
from tests.people import ALICE, ALICES_PHONE, hidden_fields, send_sign_up

LACKING = [
    ("CTA-7", "from {brand}", "from us"),
    ("CTA-8", "text messages (SMS)", "communications"),
    ("CTA-9", "{purpose}", "things"),
    ("CTA-10", "recurring", "occasional"),
    ("CTA-10", "automated ", ""),
    ("CTA-11", "{frequency}.", ""),
    ("CTA-12", "Message and data rates may apply.", ""),
    ("CTA-13", "Consent is not a condition of any purchase.", ""),
    ("CTA-14", "HELP", "AID"),
    ("CTA-14", "STOP", "HALT"),
    ("CTA-15", "[Terms]({terms})", "Terms"),
    ("CTA-15", "[Privacy Policy]({privacy})", "Privacy Policy"),
    ("CTA-15", "[Terms]({terms})", "[Terms](https://example.org/)"),
]


def draft(program: Program, text: str) -> Disclosure:
    return disclosures.draft(program, language="en", text=text, label="Text me", button="Sign up")


@pytest.mark.parametrize(("number", "words", "instead"), LACKING)
def test_words_that_lack_something_are_not_published(
    programs: dict[str, Program], number: str, words: str, instead: str
) -> None:
    lacking = draft(programs["sms"], disclosures.SMS_DRAFT.replace(words, instead))
    with pytest.raises(DisclosureError, match=number) as refusal:
        disclosures.publish(lacking)
    assert len(refusal.value.problems) == 1
    assert not Disclosure.objects.get(pk=lacking.pk).published_at


def test_words_must_say_that_messages_are_promotional(programs: dict[str, Program]) -> None:
    programs["sms"].purpose = "notices"
    silent = draft(programs["sms"], disclosures.SMS_DRAFT.replace("promotional ", ""))
    with pytest.raises(DisclosureError, match="CTA-9"):
        disclosures.publish(silent)


def test_an_email_must_say_how_to_leave(programs: dict[str, Program]) -> None:
    silent = draft(programs["email"], disclosures.EMAIL_DRAFT.replace("unsubscribe", "go"))
    with pytest.raises(DisclosureError, match="EM-12"):
        disclosures.publish(silent)


def test_an_unknown_placeholder_is_named(programs: dict[str, Program]) -> None:
    with pytest.raises(DisclosureError, match=r"\{brnad\}"):
        disclosures.publish(draft(programs["sms"], disclosures.SMS_DRAFT + "{brnad}"))


def test_words_may_be_broken_into_lines(programs: dict[str, Program]) -> None:
    broken = disclosures.SMS_DRAFT.replace(" ", "\n")
    assert disclosures.problems(disclosures.render(broken, programs["sms"]), programs["sms"], "en") == []


def test_published_words_are_frozen_as_rendered(programs: dict[str, Program]) -> None:
    words = disclosures.publish(draft(programs["sms"], disclosures.SMS_DRAFT))
    Program.objects.update(brand="Other", frequency="Hourly")
    words.refresh_from_db()
    assert "from Example Brand" in words.words
    assert words.sha256 == hashlib.sha256(words.words.encode()).hexdigest()


def test_words_are_published_once(programs: dict[str, Program]) -> None:
    published = Disclosure.objects.get(program=programs["sms"], door="form")
    with pytest.raises(DisclosureError, match="frozen"):
        disclosures.publish(published)


# --- On the form ----------------------------------------------------------------------------------------

NEW_WORDS = disclosures.SMS_DRAFT + " Now with a twist."


def test_story_31_an_edited_program_leaves_old_records_as_they_were(
    programs: dict[str, Program], client: Client
) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE, "sms")
    Program.objects.filter(slug="sms").update(brand="Other", frequency="Hourly")
    record = ConsentRecord.objects.select_related("disclosure").get()
    proof = Evidence.objects.get()
    assert record.disclosure is not None
    assert "Example Brand" in record.disclosure.words
    assert record.words_sha256 == hashlib.sha256(record.disclosure.words.encode()).hexdigest()
    assert record.commitment == ledger.commitment(proof.salt, proof.payload)
    assert "Other" not in proof.payload


def test_story_32_words_that_changed_while_the_form_was_open(programs: dict[str, Program], client: Client) -> None:
    opened = hidden_fields(client.get("/").content.decode())
    disclosures.publish(draft(programs["sms"], NEW_WORDS))
    selectors.forget_offers()
    answer = client.post(
        "/", opened | {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on", "program_email": "on"}
    )
    page = answer.content.decode()
    assert "with a twist" in page
    assert ticked(page) == ["program_email"]
    assert ConsentRecord.objects.count() == 0
    again = hidden_fields(page) | {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on"}
    assert client.post("/", again).url == reverse("welcome")  # type: ignore[attr-defined]


@pytest.mark.parametrize("forged", ["", "1", "0-" + "0" * 64, "x" * 5000, "\x00"])
def test_a_forged_version_shows_the_form_again(programs: dict[str, Program], client: Client, forged: str) -> None:
    answer = send_sign_up(client, ALICE, ALICES_PHONE, "sms", disclosure_sms=forged)
    assert answer.status_code == 200
    assert ticked(answer.content.decode()) == []
    assert ConsentRecord.objects.count() == 0


def test_the_same_words_under_a_new_label_are_another_version(programs: dict[str, Program], client: Client) -> None:
    opened = hidden_fields(client.get("/").content.decode())
    disclosures.publish(draft(programs["sms"], disclosures.SMS_DRAFT))
    selectors.forget_offers()
    answer = client.post("/", opened | {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on"})
    assert answer.status_code == 200


def test_words_that_another_process_has_just_published_are_taken(programs: dict[str, Program], client: Client) -> None:
    client.get("/")  # this process remembers the old words
    published = disclosures.publish(draft(programs["sms"], NEW_WORDS))
    version = selectors.Offer(programs["sms"], published).version
    answer = send_sign_up(client, ALICE, ALICES_PHONE, "sms", disclosure_sms=version)
    assert answer.status_code == 302
    assert ConsentRecord.objects.get().disclosure == published


def ticked(page: str) -> list[str]:
    boxes = [tag for tag in page.split("<input")[1:] if 'type="checkbox"' in tag.split(">")[0]]
    return [box.split('name="')[1].split('"')[0] for box in boxes if " checked" in box.split(">")[0]]


# --- For keywords ---------------------------------------------------------------------------------------


def test_words_for_keywords_must_say_the_same_and_speak_of_no_box(programs: dict[str, Program]) -> None:
    for text, lacks in (
        (disclosures.KEYWORD_DRAFT.replace("Message and data rates may apply.", ""), "CTA-12"),
        (disclosures.SMS_DRAFT, "must not speak of a box"),
    ):
        words = draft(programs["sms"], text)
        words.door = "keyword"
        with pytest.raises(DisclosureError, match=lacks):
            disclosures.publish(words)


def test_words_for_keywords_are_never_shown_beside_a_box(programs: dict[str, Program], client: Client) -> None:
    before = client.get("/").content.decode()
    newest = draft(programs["sms"], disclosures.KEYWORD_DRAFT)
    newest.door = "keyword"
    disclosures.publish(newest)
    selectors.forget_offers()
    assert "By texting" not in client.get("/").content.decode()
    assert hidden_fields(before)["disclosure_sms"] == hidden_fields(client.get("/").content.decode())["disclosure_sms"]


# --- For the phone form ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "lacks"), [("SMS_DRAFT", "must not speak of a box"), ("EMAIL_DRAFT", "CTA-8")])
def test_words_for_a_button_must_say_the_same_and_speak_of_no_box(
    programs: dict[str, Program], text: str, lacks: str
) -> None:
    words = draft(programs["sms"], getattr(disclosures, text))
    words.door = "phone_form"
    with pytest.raises(DisclosureError, match=lacks):
        disclosures.publish(words)


def test_words_for_a_button_are_never_shown_beside_a_box(programs: dict[str, Program], client: Client) -> None:
    before = hidden_fields(client.get("/").content.decode())["disclosure_sms"]
    newest = draft(programs["sms"], disclosures.PHONE_FORM_DRAFT)
    newest.door = "phone_form"
    disclosures.publish(newest)
    selectors.forget_offers()
    assert hidden_fields(client.get("/").content.decode())["disclosure_sms"] == before


def test_emails_have_no_phone_form(programs: dict[str, Program]) -> None:
    words = draft(programs["email"], disclosures.EMAIL_DRAFT)
    words.door = "phone_form"
    with pytest.raises(ValidationError, match="Only a program of text messages"):
        words.full_clean()
