"""The preference page: where one stands and how that came, and nothing of what others did."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sms_consent import people, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOB,
    BOBS_PHONE,
    CAROL,
    CAROLS_PHONE,
    Visit,
    Visitor,
    acts,
    hidden_fields,
    second_email_program,
    standing,
)
from tests.sms_consent.delivery.helpers import stop


def page_of(visitor: Visitor) -> str:
    return words(visitor.client.get("/preferences/").content.decode())


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1])
    return re.sub(r"\s+", " ", text)


def at_home(visit: Visit, email: str, phone: str, *boxes: str) -> Visitor:
    """Somebody who signed up, pressed the button and signed in."""
    visitor = visit()
    visitor.sign_up(email, phone, *boxes)
    visitor.press(visitor.links(email)[-1])
    visitor.sign_in(email)
    return visitor


@pytest.fixture
def home(alice: Visitor) -> Visitor:
    """Alice pressed the button and signed in; the number on her profile has never answered."""
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    return alice


@pytest.fixture
def proven(home: Visitor) -> Visitor:
    """Her handset has answered, so the number is hers."""
    User.objects.update(phone_proven_at=timezone.now())
    return home


def today() -> str:
    return f"{timezone.now():%Y}"


def test_every_program_is_there_with_its_state(visit: Visit, sandbox: Sandbox) -> None:
    second_email_program(sandbox)
    page = page_of(at_home(visit, ALICE, "", "email"))
    assert re.search(rf"Emails Subscribed since \w+\.? \d+, {today()} {ALICE}", page)
    assert "Text messages Not signed up" in page
    assert "Tips Not signed up" in page


def test_a_program_that_is_offered_no_more_is_there_for_who_has_to_do_with_it(home: Visitor, visit: Visit) -> None:
    bob = at_home(visit, BOB, BOBS_PHONE, "sms")
    Program.objects.filter(slug="email").update(is_active=False)
    assert "Emails Subscribed since" in page_of(home)
    assert "Emails" not in page_of(bob).split("What we have on record")[0]


def test_what_waits_says_for_what(alice: Visitor, programs: dict[str, Program]) -> None:
    alice.sign_in(ALICE)
    User.objects.update(phone_proven_at=timezone.now(), phone=ALICES_PHONE)
    Subscription.objects.filter(program__slug="sms").update(state="pending")
    page = page_of(alice)
    assert "Waiting for you to press the button in our mail" in page
    assert "Waiting for your answer: reply to the text that asked you" in page


def test_what_was_left_says_when(home: Visitor) -> None:
    home.client.post("/preferences/", {"leave": "email"})
    assert re.search(rf"Emails You left on \w+\.? \d+, {today()}", page_of(home))


def test_what_the_phone_stopped_says_how_to_come_back(proven: Visitor) -> None:
    stop(ALICES_PHONE)
    page = page_of(proven)
    assert re.search(r"Text messages Stopped from the phone on .* text START to \+1 202-555-0100 from it", page)


@pytest.mark.parametrize(("which", "left"), [("emails", "Emails"), ("texts", "Text messages")])
def test_a_button_leaves_a_channel(proven: Visitor, which: str, left: str) -> None:
    proven.client.post("/preferences/", {"leave": which})
    assert re.findall(r"(Text messages|Emails) You left on", page_of(proven)) == [left]


# --- History -----------------------------------------------------------------------------------------------


def history(visitor: Visitor) -> list[str]:
    html = visitor.client.get("/preferences/").content.decode().split("<details", 1)[1]
    return re.findall(r"<li>\s*<div>(.*?) <span", html)


def test_the_history_says_what_was_done_and_where(proven: Visitor) -> None:
    proven.client.post("/preferences/", {"leave": "email"})
    stop(ALICES_PHONE)
    assert history(proven) == [
        "STOP came from the phone.",
        "You left under Preferences.",
        "You pressed the button in the mail.",
        "The box was ticked on the sign-up.",
        "The box was ticked on the sign-up.",
    ]


def test_the_history_names_the_link_and_staff(home: Visitor) -> None:
    services.withdraw(ALICE, source=Source.ONE_CLICK, circumstances=Circumstances())
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(note="phoned"))
    assert history(home)[:2] == ["You told us, and we took you off.", "You left by the link in a message."]


def test_every_act_and_door_has_words(home: Visitor) -> None:
    from sms_consent import history as told
    from sms_consent.choices import Act
    from sms_consent.models import ConsentRecord

    spoken = {told.words(ConsentRecord(act=act, source=source)) for act in Act.values for source in Source.values}
    assert all(line.endswith(".") for line in spoken)


# --- A number that is not proven ---------------------------------------------------------------------------


def test_of_an_unproven_number_one_sees_what_one_asked_for(home: Visitor) -> None:
    page = page_of(home)
    assert re.search(rf"Text messages Signed up on \w+\.? \d+, {today()} \+1…01", page)
    assert "has not told us yet that it is yours" in page


def test_and_that_one_has_left(home: Visitor) -> None:
    home.client.post("/preferences/", {"leave": "sms"})
    assert re.search(rf"Text messages You left on \w+\.? \d+, {today()} \+1…01", page_of(home))


def test_and_that_one_has_joined_again(home: Visitor) -> None:
    home.client.post("/preferences/", {"leave": "sms"})
    home.preferences(ALICES_PHONE, "sms")
    assert "Text messages Signed up on" in page_of(home)


@pytest.mark.parametrize("what", ["stopped", "left by the owner", "asked for before her"])
def test_what_others_did_with_it_shows_nowhere(visit: Visit, what: str, programs: Any) -> None:
    """Mallory, who typed Bob's number, sees the same before and after, and the same whoever was first."""
    if what == "asked for before her":
        visit().sign_up(BOB, BOBS_PHONE, "sms")
    mallory, other = at_home(visit, CAROL, BOBS_PHONE, "sms"), at_home(visit, ALICE, ALICES_PHONE, "sms")
    if what == "stopped":
        stop(BOBS_PHONE)
    if what == "left by the owner":
        services.withdraw(BOBS_PHONE, source=Source.PREFERENCE_PAGE, circumstances=Circumstances(person="bob"))
    assert alike(mallory) == alike(other)
    for _again in range(2):
        for one in (mallory, other):
            one.client.post("/preferences/", {"leave": "texts"})
        assert alike(mallory) == alike(other)
        mallory.preferences(BOBS_PHONE, "sms")
        other.preferences(ALICES_PHONE, "sms")
        page = alike(mallory)
        assert ("Signed up on" in page, page) == (True, alike(other))


def alike(visitor: Visitor) -> str:
    """Return what the page says, whoever's it is."""
    page = page_of(visitor)
    return re.sub(r"\d+:\d+ [ap]\.m\.|carol|alice|\+1…0\d", "…", page)


def test_a_number_that_was_replaced_is_gone(home: Visitor) -> None:
    home.preferences(BOBS_PHONE, "sms")
    page = page_of(home)
    assert ("+1…01" in page, "+1…02" in page) == (False, True)


def test_a_number_that_somebody_else_typed_is_masked(visit: Visit) -> None:
    visit().sign_up(ALICE, BOBS_PHONE, "sms")
    alice = visit()
    alice.sign_in(ALICE)
    html = alice.client.get("/preferences/").content.decode()
    assert "+1…02" in html
    assert BOBS_PHONE not in html


# --- Who may ---------------------------------------------------------------------------------------------


def test_nobody_sees_it_without_signing_in() -> None:
    for path in ("/preferences/", "/preferences/email/"):
        assert Client().get(path).status_code == Client().post(path, {"leave": "all"}).status_code == 302


def test_joining_is_limited_and_leaving_is_not(home: Visitor, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.LIMITS
    joins = [home.preferences(ALICES_PHONE, "sms").status_code for _ in range(6)]
    leaves = [home.client.post("/preferences/", {"leave": "all"}).status_code for _ in range(30)]
    assert joins == [302] * 5 + [429]
    assert set(leaves) == {302}
    assert Subscription.objects.get(subject=people.subject(ALICE)).state == "unsubscribed"


def test_what_was_ticked_for_a_new_number_counts_although_the_old_one_was_joined_meanwhile(visit: Visit) -> None:
    """The handset answered between the page and the form: no consent that was answered with success may be missing."""
    alice = at_home(visit, ALICE, ALICES_PHONE, "sms", "email")
    page = hidden_fields(alice.client.get("/preferences/").content.decode())
    User.objects.filter(email=ALICE).update(phone_proven_at=timezone.now())
    form = page | {"phone": BOBS_PHONE, "program_sms": "on"}
    assert alice.client.post("/preferences/", form).status_code == 302
    assert Subscription.objects.get(address=BOBS_PHONE).state == "subscribed"


def old_tab(visitor: Visitor) -> dict[str, str]:
    """What the page sends if nothing is touched on it."""
    html = visitor.client.get("/preferences/").content.decode()
    number = re.search(r'<input[^>]*name="phone"[^>]*>', html)
    assert number
    value = re.search(r'value="([^"]*)"', number[0])
    return hidden_fields(html) | {"phone": value[1] if value else ""}


@pytest.mark.parametrize("before", ["", ALICES_PHONE])
def test_a_tab_from_before_the_number_was_changed_changes_nothing(visit: Visit, before: str) -> None:
    alice = at_home(visit, ALICE, before)
    tab = old_tab(alice)
    alice.preferences(BOBS_PHONE, "sms")
    answer = alice.client.post("/preferences/", tab)
    assert (answer.status_code, acts(BOBS_PHONE, "sms")) == (200, ["granted"])
    assert User.objects.get(email=ALICE).phone_number == BOBS_PHONE
    assert "was changed while this page was open" in words(answer.content.decode())


def test_and_comes_back_with_the_number_of_now_and_is_then_taken(visit: Visit) -> None:
    alice = at_home(visit, ALICE, "")
    tab = old_tab(alice)
    alice.preferences(BOBS_PHONE, "sms")
    html = alice.client.post("/preferences/", tab).content.decode()
    assert f'value="{BOBS_PHONE}"' in html
    assert alice.client.post("/preferences/", hidden_fields(html) | {"phone": ""}).status_code == 302
    assert (User.objects.get(email=ALICE).phone_number, standing(BOBS_PHONE, "sms")) == ("", "unsubscribed")


def test_what_was_typed_in_such_a_tab_is_still_there(visit: Visit) -> None:
    alice = at_home(visit, ALICE, "")
    tab = old_tab(alice) | {"phone": CAROLS_PHONE}
    alice.preferences(BOBS_PHONE, "sms")
    html = alice.client.post("/preferences/", tab).content.decode()
    assert (f'value="{CAROLS_PHONE}"' in html, standing(BOBS_PHONE, "sms")) == (True, "subscribed")
    assert alice.client.post("/preferences/", hidden_fields(html) | {"phone": CAROLS_PHONE}).status_code == 302
    assert User.objects.get(email=ALICE).phone_number == CAROLS_PHONE


def test_a_box_that_was_not_shown_asks_for_its_words_to_be_read(visit: Visit) -> None:
    alice = at_home(visit, ALICE, ALICES_PHONE, "sms", "email")
    User.objects.filter(email=ALICE).update(phone_proven_at=timezone.now())
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 200
    assert User.objects.get(email=ALICE).phone_number == ALICES_PHONE
