"""The page behind the unsubscribe link: it shows, and takes away, and never gives."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sms_consent.models import ConsentRecord
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROL, Deliver, Visit, Visitor, standing
from tests.sms_consent.delivery.helpers import seen


@pytest.fixture
def link(alice: Visitor, deliver: Deliver) -> str:
    """The link in the mails that Braze sends Alice, who gets texts and emails."""
    alice.press(alice.links(ALICE)[0])
    assert deliver() == 0
    return alice.unsubscribe_link(ALICE)


def press(link: str, which: str) -> Any:
    """Press a button of the page, in a browser that has never been here."""
    return Client(enforce_csrf_checks=True).post(link, {"leave": which})


LEFT = {
    "emails": ("unsubscribed", "subscribed"),
    "texts": ("subscribed", "unsubscribed"),
    "all": ("unsubscribed", "unsubscribed"),
    "email": ("unsubscribed", "subscribed"),
    "sms": ("subscribed", "unsubscribed"),
}


@pytest.mark.parametrize("which", LEFT)
def test_each_button_leaves_what_it_says(link: str, which: str) -> None:
    page = press(link, which)
    assert page.status_code == 200
    assert "You have left" in page.content.decode()
    assert (standing(ALICE, "email"), standing(ALICES_PHONE, "sms")) == LEFT[which]


def test_everything_is_left_at_braze_too(link: str, deliver: Deliver, sandbox: Sandbox) -> None:
    press(link, "all")
    assert deliver() == 0
    assert (seen(sandbox, EMAIL, ALICE), seen(sandbox, SMS, ALICES_PHONE)) == (UNSUBSCRIBED, UNSUBSCRIBED)
    assert set(ConsentRecord.objects.filter(act="withdrawn").values_list("source", flat=True)) == {"one_click"}


def test_the_page_shows_where_one_stands_and_no_address(link: str) -> None:
    page = Client().get(link).content.decode()
    assert "Signed up" in page
    assert "a…@example.com" in page
    assert not any(address in page for address in (ALICE, ALICES_PHONE, "555-0101", "on record"))


def test_it_sets_no_cookie_and_tells_no_other_site(link: str) -> None:
    for page in (Client().get(link), press(link, "all")):
        assert dict(page.cookies) == {}
        assert page["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("form", [{"phone": "+12025550177"}, {"program_email": "on"}, {"email": BOB}, {"leave": "no"}])
def test_the_link_gives_no_right_but_to_leave(link: str, form: dict[str, str]) -> None:
    before = list(User.objects.values()), ConsentRecord.objects.count()
    page = Client().post(link, form)
    assert (page.status_code, "Nothing was changed" in page.content.decode()) == (400, True)
    assert (list(User.objects.values()), ConsentRecord.objects.count()) == before


def test_the_program_that_the_mail_was_about_comes_first(link: str) -> None:
    page = Client().get(f"{link}?program=email").content.decode()
    first = re.findall(r'name="leave" value="(\w+)"', page)[0]
    assert first == "email"


def test_who_typed_a_strangers_number_cannot_silence_it_by_link(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    mallory = visit()
    mallory.sign_up(CAROL, ALICES_PHONE, "sms", "email")
    mallory.press(mallory.links(CAROL)[0])
    deliver()
    page = press(mallory.unsubscribe_link(CAROL), "all").content.decode()
    assert "reply STOP" in page
    assert (standing(ALICES_PHONE, "sms"), standing(CAROL, "email")) == ("subscribed", "unsubscribed")


def test_who_signed_a_stranger_up_cannot_unsubscribe_her_later(visit: Visit, deliver: Deliver) -> None:
    mallory, alice = visit(), visit()
    mallory.sign_up(ALICE, BOBS_PHONE, "sms", "email")
    deliver()
    texted = mallory.unsubscribe_link(BOBS_PHONE)
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    assert "a…@example.com" not in press(texted, "all").content.decode()
    assert (standing(ALICE, "email"), standing(ALICES_PHONE, "sms")) == ("subscribed", "subscribed")
    assert standing(BOBS_PHONE, "sms") == "unsubscribed"


def test_a_number_is_left_by_whom_it_was_asked_for(link: str, visit: Visit) -> None:
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    press(link, "texts")
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_the_page_leads_to_the_preferences_and_never_signs_in(link: str) -> None:
    browser = Client()
    page = browser.get(link).content.decode()
    assert 'href="/preferences/"' in page
    assert browser.get("/preferences/").status_code == 302
