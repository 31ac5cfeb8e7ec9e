"""The one click of RFC 8058: what mail clients send, and what Braze then holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sms_consent.models import ConsentRecord, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOBS_PHONE,
    Deliver,
    Visit,
    Visitor,
    acts,
    second_email_program,
    standing,
)

URLENCODED = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
MULTIPART = (
    "multipart/form-data; boundary=x",
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
)
JSON = ("application/json", b'{"List-Unsubscribe": "One-Click"}')


def mail_client() -> Client:
    """A mail client: it has no cookie, and no page of ours."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def click(link: str, body: tuple[str, bytes] = URLENCODED) -> Any:
    return mail_client().generic("POST", link, body[1], content_type=body[0])


@pytest.fixture
def link(alice: Visitor, deliver: Deliver) -> str:
    """The link in the mails that Braze sends Alice, who gets texts and emails."""
    alice.press(alice.links(ALICE)[0])
    assert deliver() == 0
    return alice.unsubscribe_link(ALICE)


@pytest.mark.parametrize("body", [URLENCODED, MULTIPART], ids=["urlencoded", "multipart"])
def test_one_click_leaves_every_email_down_to_braze(
    link: str, body: tuple[str, bytes], deliver: Deliver, sandbox: Sandbox
) -> None:
    answer = click(link, body)
    assert (answer.status_code, answer.content) == (200, b"You have left: Emails.\n")
    assert deliver() == 0
    (profile,) = sandbox.world.profiles
    assert (profile.states[EMAIL], profile.email_subscribe) == (UNSUBSCRIBED, "unsubscribed")
    assert (profile.states[SMS], standing(ALICES_PHONE, "sms")) == (SUBSCRIBED, "subscribed")


def test_it_is_written_down_as_one_click_by_that_person(link: str) -> None:
    click(link)
    record = ConsentRecord.objects.get(act="withdrawn")
    assert record.source == "one_click"
    assert f'"person":"{User.objects.get().external_id}"' in record.evidence.payload
    assert link.split("/")[2] not in record.evidence.payload


def test_the_answer_is_short_plain_and_sets_nothing(link: str) -> None:
    answer = click(link)
    assert answer["Content-Type"].startswith("text/plain")
    assert len(answer.content) < 100
    assert (dict(answer.cookies), answer.headers.get("Location")) == ({}, None)


def test_a_second_click_is_answered_alike(link: str) -> None:
    first, second = click(link), click(link)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert standing(ALICE, "email") == "unsubscribed"


NO_CLICKS = {
    "nothing": ("application/x-www-form-urlencoded", b""),
    "another value": ("application/x-www-form-urlencoded", b"List-Unsubscribe=Two-Clicks"),
    "another field": ("application/x-www-form-urlencoded", b"Unsubscribe=One-Click"),
    "JSON": JSON,
    "text": ("text/plain", b"List-Unsubscribe=One-Click"),
    "a broken form": ("multipart/form-data; boundary=x", b"List-Unsubscribe=One-Click"),
}


@pytest.mark.parametrize("body", NO_CLICKS)
def test_a_post_without_the_words_of_the_rfc_is_no_click(link: str, body: str) -> None:
    before = list(Subscription.objects.order_by("pk").values())
    assert click(link, NO_CLICKS[body]).status_code == 400
    assert list(Subscription.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_nothing_but_a_post_changes_anything(link: str, method: str) -> None:
    before = list(Subscription.objects.order_by("pk").values())
    mail_client().generic(method, f"{link}?List-Unsubscribe=One-Click", URLENCODED[1], content_type=URLENCODED[0])
    assert list(Subscription.objects.order_by("pk").values()) == before


def test_there_is_no_limit(link: str, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.LIMITS
    assert {click(link).status_code for _ in range(40)} == {200}


# --- What the link names -----------------------------------------------------------------------------------


def test_a_program_narrows_it_down(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    second_email_program(sandbox)
    alice.sign_up(ALICE, "", "email", "tips")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    link = alice.unsubscribe_link(ALICE)
    click(f"{link}?program=tips")
    assert (standing(ALICE, "tips"), standing(ALICE, "email")) == ("unsubscribed", "subscribed")
    click(f"{link}?program=no-such-program")
    assert standing(ALICE, "email") == "unsubscribed"


def test_a_program_that_is_no_longer_offered_can_be_left(link: str) -> None:
    Program.objects.filter(slug="email").update(is_active=False)
    click(link)
    assert standing(ALICE, "email") == "unsubscribed"


def test_a_new_secret_key_changes_nothing(link: str, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one altogether", []
    assert click(link).status_code == 200
    assert standing(ALICE, "email") == "unsubscribed"


def test_the_link_of_another_site_does_nothing_here(link: str, settings: Any) -> None:
    settings.LEDGER_KEY = "the key of another site, of thirty-two bytes"
    assert click(link).status_code == 404


def test_it_goes_on_working_after_the_number_has_changed(alice: Visitor, link: str) -> None:
    alice.sign_in(ALICE)
    alice.preferences(BOBS_PHONE, "sms")
    click(link)
    click(f"{link}?program=sms")
    assert (standing(ALICE, "email"), standing(BOBS_PHONE, "sms")) == ("unsubscribed", "unsubscribed")


def test_a_number_without_a_person_leaves_its_texts(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    number_only(visit, deliver)
    link = visit().unsubscribe_link(BOBS_PHONE)
    assert click(link).content == b"You have left: Text messages.\n"
    assert deliver() == 0
    assert sandbox.world.state(SMS, BOBS_PHONE) == UNSUBSCRIBED


def test_the_link_of_a_number_outlives_its_row(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    number_only(visit, deliver)
    link = visit().unsubscribe_link(BOBS_PHONE)
    taker = visit()
    taker.sign_up("carol@example.com", BOBS_PHONE, "email")
    taker.press(taker.links("carol@example.com")[0])
    assert not User.objects.filter(email=None).exists()
    click(link)
    assert (standing(BOBS_PHONE, "sms"), standing("carol@example.com", "email")) == ("unsubscribed", "subscribed")


def number_only(visit: Visit, deliver: Deliver) -> None:
    """Make a person who is known by Bob's number only, and gets texts."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    alice.press(alice.links(ALICE)[0])
    visit().sign_up(ALICE, BOBS_PHONE, "sms")
    assert User.objects.get(email=None).phone_number == BOBS_PHONE
    assert deliver() == 0


# --- Links that name nobody --------------------------------------------------------------------------------


def test_a_person_who_is_erased_is_not_called_done(link: str, caplog: pytest.LogCaptureFixture) -> None:
    User.objects.all().delete()
    answers = [click(link), mail_client().get(link), mail_client().post(link, {"leave": "all"})]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert b"reply STOP" in answers[0].content
    assert "nobody is behind" in caplog.text


FORGED = ["x", "x" * 60, "x" * 61, "p" * 3000, "%00", "%FF%FE", "a.b", "…", "cDNm-_"]


@pytest.mark.usefixtures("programs", "sandbox")
@pytest.mark.parametrize("token", FORGED)
def test_what_we_never_made_is_a_page_that_helps(token: str) -> None:
    answer = mail_client().get(f"/unsubscribe/{token}/")
    assert answer.status_code == 404
    assert all(way in answer.content.decode() for way in ("reply STOP", "/preferences/", "mailto:"))
    assert click(f"/unsubscribe/{token}/").status_code == 404


def test_no_other_link_can_be_made_from_one(link: str) -> None:
    token = link.split("/")[2]
    for other in (token[:-1], token[1:], token.swapcase(), "q" + token[1:], token + "AAAA"):
        assert click(f"/unsubscribe/{other}/").status_code == 404
    assert acts(ALICE, "email") == ["requested", "confirmed"]
