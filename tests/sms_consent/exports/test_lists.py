"""Who is subscribed now, who must be left alone (EM-15), and every way in (CTA-18)."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from sms_consent import disclosures, selectors, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Disclosure, Keyword, Program, Subscription
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE
from tests.sms_consent.admin.conftest import BROWSER, agree
from tests.sms_consent.exports.conftest import exported


def leave(address: str, *, source: Source = Source.ADMIN, stops: bool = False) -> None:
    services.withdraw(address, source=source, circumstances=Circumstances(note="asked to"), stops=stops)


def test_who_is_subscribed_and_since_when(alice: User) -> None:
    asked = ConsentRecord.objects.get(program__slug="email")
    services.confirm([asked.pk], address=ALICE, source=Source.SIGN_UP, circumstances=BROWSER)
    confirmed = ConsentRecord.objects.get(act="confirmed")
    by_address = {row["address"]: row for row in exported("--what", "subscribed", "--format", "jsonl")}
    assert set(by_address) == {ALICE, ALICES_PHONE}
    assert by_address[ALICE] == {
        "address": ALICE,
        "channel": "email",
        "program": "email",
        "since": f"{confirmed.occurred_at:%Y-%m-%dT%H:%M:%S.%f}+00:00",
        "request": asked.pk,
        "external_id": alice.external_id,
    }


def test_whoever_waits_or_has_left_is_not_among_the_subscribed(alice: User) -> None:
    leave(ALICES_PHONE)
    assert exported("--what", "subscribed") == []


def test_a_number_that_a_family_shares_names_them_all(alice: User) -> None:
    bob = User.objects.create_user("bob@example.com", phone=ALICES_PHONE)
    (row,) = exported("--what", "subscribed")
    assert row["external_id"] == f"{alice.external_id} {bob.external_id}"


def test_the_suppression_list_holds_what_it_must_and_nothing_else(alice: User) -> None:
    agree("sms", BOBS_PHONE)
    leave(ALICES_PHONE, source=Source.KEYWORD, stops=True)
    leave(ALICE)
    left = Subscription.objects.get(program__slug="sms", address=ALICES_PHONE)
    assert exported("--what", "suppressed", "--format", "jsonl", "--program", "sms") == [
        {
            "address": ALICES_PHONE,
            "subject": subject(ALICES_PHONE),
            "program": "sms",
            "left_at": f"{left.left_at:%Y-%m-%dT%H:%M:%S.%f}+00:00",
            "stopped": True,
        }
    ]
    assert [row["stopped"] for row in exported("--what", "suppressed", "--program", "email")] == ["false"]


def test_an_erased_address_stays_suppressed_by_its_hash(alice: User) -> None:
    leave(ALICE)
    Subscription.objects.filter(address=ALICE).update(address="")
    (row,) = exported("--what", "suppressed")
    assert (row["address"], row["subject"]) == ("", subject(ALICE))


def test_asking_again_after_an_opt_out_does_not_lift_the_suppression(alice: User) -> None:
    leave(ALICE)
    agree("email", ALICE)
    assert Subscription.objects.get(program__slug="email").state == "pending"
    assert [row["address"] for row in exported("--what", "suppressed")] == [ALICE]


def test_who_came_back_is_on_the_suppression_list_no_more(alice: User) -> None:
    leave(ALICE)
    agree("email", ALICE)
    asked = ConsentRecord.objects.filter(program__slug="email", act="requested").latest("id")
    services.confirm([asked.pk], address=ALICE, source=Source.SIGN_UP, circumstances=BROWSER)
    assert exported("--what", "suppressed") == []


def test_a_thousand_addresses_may_each_rest_on_words_of_their_own(alice: User) -> None:
    like = Subscription.objects.get(program__slug="sms")
    words = Disclosure.objects.bulk_create(
        [
            Disclosure(program=like.program, language="en", version=number, label=f"L{number}", draft="x")
            for number in range(100, 1_200)
        ]
    )
    columns = {field.attname: getattr(like.request, field.attname) for field in ConsentRecord._meta.fields}
    records = ConsentRecord.objects.bulk_create(
        [ConsentRecord(**columns | {"id": None, "disclosure_id": one.pk}) for one in words]
    )
    subscribed = {"program": like.program, "state": "subscribed"}
    Subscription.objects.bulk_create(
        [Subscription(**subscribed, request=one, subject=str(one.pk), address=f"+1202{one.pk}") for one in records]
    )
    assert len({row["disclosure_version"] for row in exported("--program", "sms")}) == 1_101
    assert len({row["request"] for row in exported("--what", "subscribed")}) == 1_101


def test_every_way_in_is_listed_with_its_words(programs: dict[str, Program], settings: Any) -> None:
    settings.SITE_URL = "https://optin.example.com"
    ways = exported("--what", "paths", "--format", "jsonl")
    assert [(way["program"], way["door"], way["keyword"], way["url"]) for way in ways] == [
        ("sms", "Sign-up: an unticked box", None, "https://optin.example.com/accounts/signup/"),
        ("sms", "Preferences: an unticked box", None, "https://optin.example.com/preferences/"),
        ("sms", "Phone form", None, "https://optin.example.com/phone/?program=sms"),
        ("sms", "Keyword", "START to +1 202-555-0100", "https://optin.example.com/text/start/"),
        ("sms", "Keyword", "UNSTOP to +1 202-555-0100", "https://optin.example.com/text/unstop/"),
        ("email", "Sign-up: an unticked box", None, "https://optin.example.com/accounts/signup/"),
        ("email", "Preferences: an unticked box", None, "https://optin.example.com/preferences/"),
    ]
    assert "at any time" not in ways[0]["wording"]
    assert "(https://optin.example.com/terms/)" in ways[0]["wording"]
    assert {"STOP", "UNSUBSCRIBE", "END"} <= set(ways[0]["opt_out_words"].split(", "))
    assert (ways[5]["confirmed_by"], ways[5]["help_words"]) == ("the button in a mail to the address", None)


def test_a_keyword_is_a_way_in_with_its_place_and_its_number(programs: dict[str, Program]) -> None:
    start = Keyword.objects.get(word="start")
    Keyword.objects.filter(word="unstop").update(is_active=False)
    Keyword.objects.filter(word="start").update(place="posters", asks_confirmation=True)
    Keyword.objects.create(word="nomas", number=start.number, meaning="opt_out")
    (way,) = [way for way in exported("--what", "paths") if way["door"] == "Keyword"]
    assert (way["keyword"], way["place"]) == ("START to +1 202-555-0100", "posters")
    assert way["confirmed_by"] == "a yes from the handset (double opt-in)"
    assert way["opt_in_words"] == "START"
    assert {"NOMAS", "STOP"} <= set(way["opt_out_words"].split(", "))


def test_only_the_newest_words_of_a_language_are_listed(programs: dict[str, Program]) -> None:
    newer = disclosures.draft(
        programs["email"], language="en", text=disclosures.EMAIL_DRAFT, label="Newer", button="Go"
    )
    disclosures.publish(newer)
    foreign = disclosures.draft(
        programs["email"], language="pt", text=disclosures.EMAIL_DRAFT, label="Sim", button="Ir"
    )
    disclosures.publish(foreign)
    selectors.forget_offers()
    ways = exported("--what", "paths", "--program", "email")
    assert {(way["language"], way["label"]) for way in ways} == {("en", "Newer"), ("pt", "Sim")}


def test_a_frame_on_another_site_is_a_way_in(programs: dict[str, Program], settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    (way,) = [way for way in exported("--what", "paths") if way["door"] == "Phone form in a frame"]
    assert way["place"] == "https://shop.example.com"
    assert way["url"] == "http://127.0.0.1:8000/embed/phone/?program=sms"


def test_a_program_that_is_off_has_no_way_in(programs: dict[str, Program]) -> None:
    Program.objects.filter(slug="sms").update(is_active=False)
    assert {way["program"] for way in exported("--what", "paths")} == {"email"}


def test_answers_are_told_only_where_this_site_gives_them(programs: dict[str, Program], settings: Any) -> None:
    assert {(way["answered_by"], way["help_answer"]) for way in exported("--what", "paths", "--program", "sms")} == {
        ("Braze", "")
    }
    settings.TEXT_REPLIES = True
    way = exported("--what", "paths", "--program", "sms")[0]
    assert way["answered_by"] == "this site"
    assert "Message and data rates may apply" in way["help_answer"]
