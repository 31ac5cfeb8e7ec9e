"""Staff may have a second factor; who has one is asked for it after the mailed code, and gets nowhere in between."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as site
from django.test import Client
from post_office.models import Email

from accounts.models import User
from tests.accounts.staff import (
    CHECK,
    CODES,
    DOWNLOAD,
    NEW_CODES,
    PAGES,
    PAT,
    REMOVE,
    SET_UP,
    STEP,
    Clock,
    Phone,
    is_in,
    recovery_codes,
    set_up,
)
from tests.people import ALICE, Visit, Visitor, hidden_fields

pytestmark = pytest.mark.usefixtures("programs", "sandbox", "clock")


@pytest.fixture
def phone(pat: Visitor, clock: Clock) -> Phone:
    """The phone of Pat, who has set it up. It shows another code by now."""
    found = set_up(pat)[0]
    clock.move(30)
    return found


def test_it_is_set_up_by_the_code_that_the_app_shows(pat: Visitor) -> None:
    assert "Set it up" in pat.client.get(PAGES).content.decode()
    _, page = set_up(pat)
    assert page.request["PATH_INFO"] == CODES
    assert len(set(recovery_codes(page))) == 10
    overview = pat.client.get(PAGES).content.decode()
    assert ("Set up on" in overview, "10 left." in overview) == (True, True)


def test_a_wrong_code_sets_nothing_up(pat: Visitor) -> None:
    phone = Phone(pat.client.get(SET_UP).content.decode())
    page = pat.client.post(SET_UP, {"code": phone.wrong_code()}).content.decode()
    assert "This code is wrong" in page
    assert Phone(page).secret == phone.secret, "what was scanned must stay what is asked for"
    assert not Authenticator.objects.exists()


def test_a_sign_in_asks_for_it_and_the_admin_is_shut_in_between(pat: Visitor, phone: Phone, visit: Visit) -> None:
    again = visit()
    again.client.post("/accounts/login/", {"email": PAT, "next": "/admin/sms_consent/program/"})
    answer = again.client.post(
        "/accounts/login/code/confirm/", {"code": again.code(PAT), "next": "/admin/sms_consent/program/"}
    )
    assert answer.headers["Location"] == STEP
    for page in ("/admin/", "/admin/desk/", "/preferences/", PAGES, SET_UP, CODES):
        assert again.client.get(page, follow=True).request["PATH_INFO"] == STEP, page
    assert again.client.post(STEP, {"code": phone.code()}).headers["Location"] == "/admin/sms_consent/program/"
    assert is_in(again)


def test_a_wrong_code_signs_nobody_in_and_the_field_says_so(pat: Visitor, phone: Phone, visit: Visit) -> None:
    again = visit()
    again.sign_in(PAT)
    page = again.client.post(STEP, {"code": phone.wrong_code()}).content.decode()
    (field,) = re.findall(r'<input[^>]*name="code"[^>]*>', page)
    for attribute in ('autocomplete="one-time-code"', 'inputmode="numeric"', 'aria-describedby="id_code_error"'):
        assert attribute in field
    assert 'id="id_code_error"><li>This code is wrong' in page
    assert not is_in(again)


@pytest.mark.parametrize("sent", [{}, {"code": ""}, {"code": "é"}, {"code": "1" * 400_000}, {"credential": "{}"}])
def test_nothing_else_is_taken_for_a_code(pat: Visitor, phone: Phone, visit: Visit, sent: dict[str, str]) -> None:
    again = visit()
    again.sign_in(PAT)
    assert again.client.post(STEP, sent).status_code in (200, 302)
    assert not is_in(again)


def test_a_code_is_good_once(pat: Visitor, phone: Phone, visit: Visit, clock: Clock) -> None:
    first, second = visit(), visit()
    for colleague in (first, second):
        colleague.sign_in(PAT)
        colleague.client.post(STEP, {"code": phone.code()})
    assert (is_in(first), is_in(second)) == (True, False)
    clock.move(30)
    second.client.post(STEP, {"code": phone.code()})
    assert is_in(second)


def test_the_code_that_set_it_up_is_used_up(pat: Visitor, visit: Visit) -> None:
    phone, again = set_up(pat)[0], visit()
    again.sign_in(PAT)
    again.client.post(STEP, {"code": phone.code()})
    assert not is_in(again)


def test_a_code_is_not_good_later(pat: Visitor, phone: Phone, visit: Visit, clock: Clock) -> None:
    again, seen = visit(), phone.code()
    clock.move(31)
    again.sign_in(PAT)
    again.client.post(STEP, {"code": seen})
    assert not is_in(again)


def test_a_recovery_code_signs_in_once(pat: Visitor, visit: Visit) -> None:
    code = recovery_codes(set_up(pat)[1])[0]
    first, second = visit(), visit()
    for colleague in (first, second):
        colleague.sign_in(PAT)
        colleague.client.post(STEP, {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)
    assert "9 left." in pat.client.get(PAGES).content.decode()


def test_tries_are_limited(pat: Visitor, phone: Phone, visit: Visit, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS
    again = visit()
    again.sign_in(PAT)
    for _ in range(5):
        again.client.post(STEP, {"code": phone.wrong_code()})
    page = again.client.post(STEP, {"code": phone.code()})
    assert "Too many tries" in page.content.decode()
    assert not is_in(again)


# --- Changing it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [REMOVE, CODES, NEW_CODES, DOWNLOAD])
def test_changing_it_needs_another_code(pat: Visitor, phone: Phone, visit: Visit, clock: Clock, page: str) -> None:
    again = visit()
    again.sign_in(PAT)
    again.client.post(STEP, {"code": phone.code()})
    answer = again.client.get(page)
    assert answer.headers["Location"].startswith(f"{CHECK}?next=")
    check = answer.headers["Location"]
    assert "This code is wrong" in again.client.post(check, {"code": phone.wrong_code()}).content.decode()
    assert again.client.get(page).status_code == 302
    clock.move(30)
    assert again.client.post(check, {"code": phone.code()}).headers["Location"] == page
    assert again.client.get(page).status_code == 200


def test_what_was_sent_before_the_check_is_done_after_it(pat: Visitor, phone: Phone, clock: Clock) -> None:
    clock.move(6 * 60)
    check = pat.client.post(REMOVE).headers["Location"]
    assert Authenticator.objects.exists()
    form = hidden_fields(pat.client.get(check).content.decode())
    pat.client.post(CHECK, form | {"code": phone.code()})
    assert not Authenticator.objects.exists()


def test_once_removed_the_mailed_code_is_enough_and_recovery_codes_are_void(pat: Visitor, visit: Visit) -> None:
    set_up(pat)
    assert pat.client.post(REMOVE).headers["Location"] == PAGES
    assert not Authenticator.objects.exists()
    again = visit()
    again.sign_in(PAT)
    assert is_in(again)


def test_new_recovery_codes_take_the_place_of_the_old(pat: Visitor, visit: Visit) -> None:
    old = recovery_codes(set_up(pat)[1])
    new = recovery_codes(pat.client.post(NEW_CODES, follow=True))
    assert (len(new), set(new) & set(old)) == (10, set())
    assert pat.client.get(DOWNLOAD).content.decode().split() == new
    again = visit()
    again.sign_in(PAT)
    again.client.post(STEP, {"code": old[0]})
    assert not is_in(again)


def test_a_browser_that_was_left_signed_in_sets_up_nothing(pat: Visitor, clock: Clock) -> None:
    secret = Phone(pat.client.get(SET_UP).content.decode())
    clock.move(15 * 60 + 1)
    pat.client.post(SET_UP, {"code": secret.code()})
    assert not Authenticator.objects.exists()
    form = hidden_fields(pat.client.get(f"{SET_UP}?next=/admin/desk/").content.decode())
    to = pat.client.post("/accounts/logout/", form).headers["Location"]
    page = pat.client.post(to, {"email": PAT}, follow=True)
    answer = pat.client.post(page.request["PATH_INFO"], {"code": pat.code(PAT)} | _next(to))
    assert answer.headers["Location"] == f"{SET_UP}?next=/admin/desk/"
    set_up(pat)
    assert Authenticator.objects.exists()


def _next(url: str) -> dict[str, str]:
    page = Client().get(url).content.decode()
    return {"next": hidden_fields(page)["next"]}


def test_setting_it_up_ends_the_sessions_that_a_mailed_code_alone_has_opened(pat: Visitor, visit: Visit) -> None:
    elsewhere = visit()
    elsewhere.sign_in(PAT)
    assert is_in(elsewhere)
    set_up(pat)
    assert (is_in(elsewhere), is_in(pat)) == (False, True)


# --- The pages ----------------------------------------------------------------------------------------------


def test_the_admin_leads_there(pat: Visitor) -> None:
    assert f'<a href="{PAGES}">Second factor</a>' in pat.client.get("/admin/").content.decode()


def test_pages_have_nothing_that_the_policy_forbids_and_are_kept_nowhere(pat: Visitor, phone: Phone) -> None:
    shown = [pat.client.get(page) for page in (PAGES, CODES, NEW_CODES, REMOVE, CHECK)]
    pat.client.post(REMOVE)
    shown.append(pat.client.get(SET_UP))
    assert 'src="data:image/svg+xml;base64,' in shown[-1].content.decode()
    for answer in shown:
        assert answer.status_code == 200
        assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.content.decode()) == []
        assert "no-store" in answer.headers["Cache-Control"]


def test_pages_are_in_english_like_the_admin(pat: Visitor) -> None:
    page = pat.client.get(SET_UP, headers={"accept-language": "de"}).content.decode()
    assert '<html lang="en"' in page


@pytest.mark.parametrize("page", [PAGES, SET_UP, CHECK, REMOVE, CODES, NEW_CODES, DOWNLOAD])
def test_visitors_have_no_such_page(page: str, visit: Visit) -> None:
    alice = visit()
    for method in (alice.client.get, alice.client.post):
        assert method(page).headers["Location"].startswith("/accounts/login/")
    alice.sign_up(ALICE)
    alice.sign_in(ALICE)
    assert (alice.client.get(page).status_code, alice.client.post(page).status_code) == (404, 404)
    assert PAGES not in alice.client.get("/preferences/").content.decode()


def test_without_a_mailed_code_there_is_no_second_step(pat: Visitor, phone: Phone, visit: Visit) -> None:
    stranger = visit()
    assert stranger.client.post(STEP, {"code": phone.code()}).headers["Location"] == "/accounts/login/"
    assert not is_in(stranger)


def test_who_was_staff_is_still_asked(pat: Visitor, phone: Phone, visit: Visit) -> None:
    User.objects.update(is_staff=False, is_superuser=False)
    again = visit()
    again.sign_in(PAT)
    assert again.client.get("/preferences/").status_code == 302
    again.client.post(STEP, {"code": phone.code()})
    assert (again.client.get("/preferences/").status_code, again.client.get(PAGES).status_code) == (200, 404)


@pytest.mark.django_db(transaction=True)
def test_the_mailbox_is_told_whatever_changes(pat: Visitor, phone: Phone) -> None:
    """A colleague who finds such a mail without having done anything knows what to do."""
    pat.client.post(NEW_CODES)
    pat.client.post(REMOVE)
    mails = Email.objects.filter(to=PAT).exclude(subject__contains="sign-in code").order_by("pk")
    subjects = ["Authenticator App Activated", "New Recovery Codes Generated", "Authenticator App Deactivated"]
    assert [mail.subject for mail in mails] == subjects
    assert all("If it wasn’t you" in mail.message for mail in mails)
    assert [line in mails[0].message for line in ("Authenticator app activated.", "IP address: ")] == [True, True]
