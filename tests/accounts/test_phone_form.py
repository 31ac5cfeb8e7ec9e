"""The phone form: what it shows, what it takes, what it writes down, and that everyone gets the same answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sms_consent import disclosures, selectors
from sms_consent.choices import Door
from sms_consent.models import BrazeProfile, ConsentRecord, Disclosure, Program, Subscription
from tests.accounts.test_same_answer import seen, statements, writes
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOBS_PHONE,
    CAROLS_PHONE,
    Visit,
    acts,
    hidden_fields,
    send_phone_form,
    send_sign_up,
    standing,
)
from tests.sms_consent.delivery.helpers import stop

pytestmark = pytest.mark.usefixtures("programs")


def words_of_the_form() -> Disclosure:
    return Disclosure.objects.get(program__slug="sms", door=Door.PHONE_FORM)


def second_program() -> Program:
    """Return another program of texts with words for the phone form."""
    program = Program.objects.get(slug="sms")
    program.pk, program.slug, program.name = None, "alerts", "Alerts"
    program.subscription_group_id, program.position = "5a4d0000-0000-4000-8000-00000000000a", 5
    program.purpose, program.sender = "restock alerts", "+12025550111"
    program.save()
    publish(program, "Restock alerts by text")
    selectors.forget_offers()
    return program


def publish(program: Program, label: str) -> Disclosure:
    text = disclosures.PHONE_FORM_DRAFT
    draft = disclosures.draft(program, door=Door.PHONE_FORM, language="en", text=text, label=label, button="Ask me")
    return disclosures.publish(draft)


def stored() -> int:
    return User.objects.count() + ConsentRecord.objects.count() + Subscription.objects.count()


def test_the_words_stand_beside_the_button_that_agrees(client: Client) -> None:
    page = client.get("/phone/").content.decode()
    button = re.search(r"<button[^>]*>([^<]+)</button>", page)
    assert button is not None
    assert button[1] == words_of_the_form().button_label
    assert 'aria-describedby="words"' in button[0]
    assert "By pressing this button I agree" in re.sub(r"<[^>]+>", "", page)
    assert 'type="checkbox"' not in page


def test_a_request_waits_whatever_the_program_takes_at_sign_up(client: Client) -> None:
    assert not Program.objects.get(slug="sms").confirm_sign_ups
    answer = send_phone_form(client, "(202) 555-0101")
    assert (answer.status_code, answer.url) == (302, "/phone/sent/?program=sms")
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == ("pending", ["requested"])
    assert [(person.email, person.phone_number) for person in User.objects.all()] == [(None, ALICES_PHONE)]
    assert BrazeProfile.objects.get().due_at is not None


def test_a_number_that_somebody_holds_makes_nobody(client: Client) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE)
    before = User.objects.values().get()
    send_phone_form(Client(), ALICES_PHONE)
    assert User.objects.values().get() == before
    assert standing(ALICES_PHONE, "sms") == "pending"


def test_the_record_says_what_was_shown_and_pressed(client: Client) -> None:
    send_phone_form(client, ALICES_PHONE)
    record = ConsentRecord.objects.select_related("evidence").get()
    shown = json.loads(record.evidence.payload)
    assert (record.source, record.disclosure, record.proven) == ("phone_form", words_of_the_form(), False)
    assert (shown["button"], shown["address"], shown["ip"]) == ("Text me", ALICES_PHONE, "127.0.0.1")
    assert shown["page"] == "http://testserver/phone/"
    assert "boxes" not in shown


@pytest.mark.parametrize("phone", ["", "12", "phone", "+49 1512 3456789", "\x00", "1" * 100])
def test_what_is_no_number_that_is_served_is_refused(client: Client, phone: str) -> None:
    answer = send_phone_form(client, phone)
    assert answer.status_code == 200
    assert 'id="id_phone_error"' in answer.content.decode()
    assert stored() == 0


def test_words_that_have_changed_are_shown_before_anything_is_agreed_to(client: Client) -> None:
    page = hidden_fields(client.get("/phone/").content.decode())
    newest = publish(Program.objects.get(slug="sms"), "Other words")
    selectors.forget_offers()
    answer = client.post("/phone/", page | {"phone": ALICES_PHONE})
    again = answer.content.decode()
    assert "These words have changed" in again
    assert "Other words" in again
    assert stored() == 0
    client.post("/phone/", hidden_fields(again) | {"phone": ALICES_PHONE})
    assert ConsentRecord.objects.get().disclosure == newest


def test_words_that_another_process_has_just_published_are_taken(client: Client) -> None:
    page = hidden_fields(client.get("/phone/").content.decode())
    newest = publish(Program.objects.get(slug="sms"), "Other words")
    shown = {"phone": ALICES_PHONE, "disclosure": f"{newest.pk}-{newest.sha256}"}
    assert client.post("/phone/", page | shown).status_code == 302
    assert ConsentRecord.objects.get().disclosure == newest


@pytest.mark.parametrize("version", ["", "1", "x" * 500, "\x00"])
def test_words_that_were_never_shown_are_never_agreed_to(client: Client, version: str) -> None:
    assert send_phone_form(client, ALICES_PHONE, disclosure=version).status_code == 200
    assert stored() == 0


# --- Which program --------------------------------------------------------------------------------------


def test_the_address_chooses_the_program(client: Client) -> None:
    second_program()
    assert send_phone_form(client, ALICES_PHONE, "/phone/?program=alerts").url == "/phone/sent/?program=alerts"
    assert (standing(ALICES_PHONE, "alerts"), standing(ALICES_PHONE, "sms")) == ("pending", "none")
    assert "+12025550111" in client.get("/phone/sent/?program=alerts").content.decode()


@pytest.mark.parametrize("slug", ["email", "nonsense", "\x00"])
def test_there_is_no_form_for_what_sends_no_texts(client: Client, slug: str) -> None:
    assert client.get("/phone/", {"program": slug}).status_code == 404


def test_a_program_that_is_switched_off_meanwhile_is_not_joined(client: Client) -> None:
    program = second_program()
    page = hidden_fields(client.get("/phone/?program=alerts").content.decode())
    program.is_active = False
    program.save()
    selectors.forget_offers()
    answer = client.post("/phone/?program=alerts", page | {"phone": ALICES_PHONE})
    assert "These words have changed" in answer.content.decode()
    assert hidden_fields(answer.content.decode())["program"] == "sms"
    assert stored() == 0


def test_without_a_program_there_is_the_sign_up(client: Client) -> None:
    Program.objects.filter(slug="sms").update(is_active=False)
    selectors.forget_offers()
    assert client.get("/phone/").url == "/"


# --- The same for everyone (rule 10) --------------------------------------------------------------------


@pytest.fixture
def some_are_known(visit: Visit) -> None:
    """Alice is subscribed, Bob waits, Carol stopped, Dave was asked often enough, Eve is known by number only."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    visit().ask_for_texts(BOBS_PHONE)
    visit().sign_up("carol@example.com", CAROLS_PHONE, "sms")
    stop(CAROLS_PHONE)
    visit().ask_for_texts("+12025550104")
    Subscription.objects.filter(address="+12025550104").update(renewals=2, requested_at="2026-01-01T00:00Z")
    User.objects.create(phone="+12025550105", password="!")


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize(
    "known",
    [ALICES_PHONE, BOBS_PHONE, CAROLS_PHONE, "+12025550104", "+12025550105"],
    ids=["subscribed", "pending", "stopped", "asked enough", "no history"],
)
def test_the_same_answer_and_the_same_writes(known: str) -> None:
    answers, lists = [], []
    for phone in ("+12025550199", known):
        client = Client()
        client.get("/phone/")
        sqls = statements(lambda: answers.append(send_phone_form(client, phone)))  # noqa: B023
        lists.append((writes(sqls), len(sqls)))
    assert seen(answers[0]) == seen(answers[1])
    assert lists[0] == lists[1]
    assert lists[0][1] <= 9


def test_the_next_page_is_the_same_and_says_how_to_undo_a_stop(client: Client) -> None:
    then = client.get(send_phone_form(client, ALICES_PHONE).url)
    assert seen(then) == seen(Client().get("/phone/sent/?program=sms"))
    assert 'text <strong>START</strong> to <a class="whole" href="sms:+12025550100"' in then.content.decode()


def test_the_form_is_guarded_against_other_sites_and_caches() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/phone/", {"phone": ALICES_PHONE}).status_code == 403
    assert "no-store" in client.get("/phone/")["Cache-Control"]
    assert client.get("/phone/")["X-Frame-Options"] == "DENY"


def test_the_same_number_a_second_time_is_nothing_new(client: Client) -> None:
    for other in (client, Client()):
        assert send_phone_form(other, ALICES_PHONE).status_code == 302
    assert acts(ALICES_PHONE, "sms") == ["requested"]
    assert User.objects.count() == 1


def test_stories_9_and_10_a_form_changes_nothing_for_who_is_subscribed_or_has_stopped(visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    visit().ask_for_texts(ALICES_PHONE)
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    stop(ALICES_PHONE)
    visit().ask_for_texts(ALICES_PHONE)
    found: Any = Subscription.objects.get(address=ALICES_PHONE)
    assert (found.state, found.standing.is_stopped) == ("unsubscribed", True)
