"""The sign-up and the phone form of an app: what is offered, taken and written down."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from sms_consent import selectors
from sms_consent.choices import Door
from sms_consent.models import ConsentRecord, Disclosure, Program
from sms_consent.sandbox import Sandbox
from tests.accounts.api.app import App, wrong
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, acts, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


def evidence(record: ConsentRecord) -> Any:
    return json.loads(record.evidence.payload)


def test_what_is_offered_comes_with_the_words_in_force(app: App) -> None:
    seen = app.open()
    assert [offer["program"] for offer in seen["sign_up"]] == ["sms", "email"]
    for offer in seen["sign_up"] + seen["phone"]:
        pk, digest = offer["disclosure"].split("-")
        assert sha256(offer["words"].encode()).hexdigest() == digest == Disclosure.objects.get(pk=pk).sha256


def test_the_pieces_are_the_words_with_links_that_work_outside_a_browser(app: App, settings: Any) -> None:
    pieces = app.open()["phone"][0]["pieces"]
    links = [piece["url"] for piece in pieces if piece["url"]]
    assert links == [f"{settings.SITE_URL}/terms/", f"{settings.SITE_URL}/privacy/"]
    assert "Reply HELP for help or STOP to cancel" in "".join(piece["text"] for piece in pieces)


def test_a_sign_up_subscribes_and_braze_hears_of_it(app: App, deliver: Deliver, sandbox: Sandbox) -> None:
    assert app.sign_up(ALICE, "(202) 555-0101", "sms", "email").status_code == 202
    assert deliver() == 0
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("subscribed", "pending")
    assert [profile.phone for profile in sandbox.world.profiles] == [ALICES_PHONE]


def test_the_button_in_its_mail_confirms_the_emails(app: App, visit: Visit) -> None:
    app.sign_up(ALICE, "", "email")
    call_command("send_mail", "--once")
    visitor = visit()
    visitor.press(visitor.links(ALICE)[0])
    assert acts(ALICE, "email") == ["requested", "confirmed"]


def test_the_evidence_says_that_it_was_an_app_and_what_was_shown(app: App) -> None:
    app.client = Client(headers={"user-agent": "Shop/7 (iPhone)"}, REMOTE_ADDR="203.0.113.9")
    app.sign_up(ALICE, ALICES_PHONE, "sms", campaign="spring", time_zone="America/New_York")
    record = ConsentRecord.objects.get()
    proof = evidence(record)
    assert (record.source, record.disclosure.door, record.words_sha256) == ("api", "form", record.disclosure.sha256)
    assert proof["boxes"] == {"sms": True, "email": False}
    assert (proof["user_agent"], proof["ip"]) == ("Shop/7 (iPhone)", "203.0.113.9")
    assert (proof["page"], proof["campaign"]) == ("http://testserver/api/v1/sign-ups", "spring")
    assert User.objects.get().time_zone == "America/New_York"


def test_a_sign_up_without_a_box_agrees_to_nothing(app: App) -> None:
    assert app.sign_up(ALICE, ALICES_PHONE).status_code == 202
    assert not ConsentRecord.objects.exists()


def test_the_mail_comes_again(app: App, visit: Visit) -> None:
    number = app.sign_up(ALICE, "", "email").json()["sign_up"]
    for token in (number, "nonsense", f"{number}x"):
        assert app.call("POST", "/v1/sign-ups/mail", {"sign_up": token}).status_code == 202
    call_command("send_mail", "--once")
    assert len(visit().links(ALICE)) == 2


def test_a_phone_is_asked_and_says_yes(app: App, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    assert app.ask("202 555 0101").json() == {"sender": settings.SMS_NUMBER}
    deliver()
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == ("pending", ["requested"])
    (subscription,) = [call for call in sandbox.world.calls if "status/set" in str(call)]
    assert "use_double_opt_in_logic" in str(subscription)


def test_who_asks_twice_is_asked_once_whichever_the_door(app: App, client: Client) -> None:
    for _ in range(2):
        app.ask(ALICES_PHONE)
    record = ConsentRecord.objects.get()
    assert (record.source, record.disclosure.door) == ("api", Door.PHONE_FORM)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"email": "nobody"}, {("email", "invalid")}),
        ({"email": ""}, {("email", "required")}),
        ({"phone": "12"}, {("phone", "invalid")}),
        ({"phone": "+4915112345678"}, {("phone", "region")}),
        ({"phone": ""}, {("phone", "required")}),
        ({"programs": {"sms": "1-stale"}}, {("programs.sms", "stale")}),
        ({"programs": {"nothing": "1-x"}}, {("programs.nothing", "not_offered")}),
        ({"programs": {"sms": True}}, {("programs.sms", "string_type")}),
        ({"program": "sms"}, {("program", "extra_forbidden")}),
        ({"email": None}, {("email", "string_type")}),
    ],
)
def test_what_is_wrong_is_said_with_the_name_of_the_field(app: App, changes: dict[str, Any], found: Any) -> None:
    answer = app.sign_up(ALICE, ALICES_PHONE, "sms", **changes)
    assert (answer.status_code, answer.json()["status"], wrong(answer)) == (400, 400, found)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"phone": ""}, {("phone", "required")}),
        ({"disclosure": "1-stale"}, {("", "stale")}),
        ({"program": "nothing"}, {("program", "not_offered")}),
    ],
)
def test_what_is_wrong_with_a_phone_request(app: App, changes: dict[str, str], found: Any) -> None:
    answer = app.ask(ALICES_PHONE, **changes)
    assert (answer.status_code, wrong(answer)) == (400, found)


def test_no_phone_is_asked_where_no_program_of_texts_is_offered(app: App) -> None:
    seen = app.open()
    Program.objects.filter(slug="sms").update(is_active=False)
    selectors.forget_offers()
    body = {"phone": ALICES_PHONE, "opened": seen["opened"], "program": "sms", "disclosure": "1-x"}
    assert wrong(app.call("POST", "/v1/phone-requests", body)) == {("program", "not_offered")}


def test_messages_are_in_the_language_that_is_asked_for(app: App, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    answer = app.call("POST", "/auth/code/request", {"email": BOB + "@"}, **{"accept-language": "de"})
    assert answer.headers["Content-Language"] == "de"
    assert "gültige" in answer.json()["errors"][0]["message"]
