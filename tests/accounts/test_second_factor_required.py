"""STAFF_MFA shuts the admin to staff without a second factor; apps, operators and erasures know of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.models import BrazeProfile
from tests.accounts.api.app import App, wrong
from tests.accounts.erasing import finish
from tests.accounts.staff import CODES, PAT, SET_UP, STEP, Clock, Phone, is_in, recovery_codes, set_up
from tests.commands import run
from tests.people import ALICE, Deliver, Visit, Visitor

pytestmark = pytest.mark.usefixtures("programs", "sandbox", "clock")

LISTS = [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]


@pytest.fixture
def needed(settings: Any) -> None:
    settings.STAFF_MFA = True


# --- The admin, with STAFF_MFA ------------------------------------------------------------------------------


@pytest.mark.usefixtures("needed")
def test_no_page_of_the_admin_opens_before_it_is_set_up(pat: Visitor) -> None:
    person = reverse("admin:accounts_user_change", args=[User.objects.get().pk])
    others = ["/admin/", "/admin/desk/", "/admin/jsi18n/", "/admin/nothing/here/", "/admin/logout/", person]
    for page in [*others, *(reverse(name) for name in LISTS)]:
        assert pat.client.get(page).headers["Location"] == f"{SET_UP}?next={page.replace('/', '%2F')}"
        assert pat.client.post(page, {"post": "yes"}).headers["Location"] == f"{SET_UP}?next=%2Fadmin%2F"


@pytest.mark.usefixtures("needed")
def test_setting_it_up_leads_back_to_where_one_wanted_to_go(pat: Visitor) -> None:
    wanted = f"{reverse('admin:sms_consent_program_changelist')}?all="
    to = pat.client.get(wanted).headers["Location"]
    _, page = set_up(pat, to)
    (onward,) = re.findall(r'<a class="button" href="([^"]+)">Go on</a>', page.content.decode())
    assert (len(recovery_codes(page)), onward) == (10, wanted)
    assert pat.client.get(onward).status_code == 200


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_leads_nowhere_else(pat: Visitor, elsewhere: str) -> None:
    page = set_up(pat, f"{SET_UP}?next={elsewhere}")[1]
    for shown in (page, pat.client.get(f"{CODES}?next={elsewhere}")):
        assert '<a class="button" href="/admin/">Go on</a>' in shown.content.decode()


@pytest.mark.usefixtures("needed")
def test_somebody_half_signed_in_is_neither_let_in_nor_offered_another_factor(
    pat: Visitor, visit: Visit, clock: Clock
) -> None:
    phone, _ = set_up(pat)
    clock.move(30)
    again = visit()
    again.sign_in(PAT)
    for page in ("/admin/", "/admin/desk/", SET_UP):
        assert again.client.get(page, follow=True).request["PATH_INFO"] == STEP
    again.client.post(STEP, {"code": phone.code()})
    assert is_in(again)


@pytest.mark.usefixtures("needed")
def test_whoever_removes_it_is_shut_out_again(pat: Visitor) -> None:
    set_up(pat)
    assert is_in(pat)
    pat.client.post("/accounts/second-factor/remove/")
    assert pat.client.get("/admin/").headers["Location"].startswith(SET_UP)


@pytest.mark.usefixtures("needed")
def test_nobody_else_notices(visit: Visit) -> None:
    alice = visit()
    assert alice.client.get("/admin/").headers["Location"].startswith("/admin/login/")
    alice.sign_up(ALICE)
    alice.sign_in(ALICE)
    assert alice.client.get("/preferences/").status_code == 200
    assert alice.client.get("/admin/", follow=True).status_code == 403


def test_without_the_setting_it_is_for_staff_to_decide(pat: Visitor) -> None:
    assert is_in(pat)


# --- Apps ---------------------------------------------------------------------------------------------------


@pytest.fixture
def half(pat: Visitor, clock: Clock) -> tuple[App, Phone]:
    """Pat's own app of the brand, behind the mailed code, and the phone."""
    phone, _ = set_up(pat)
    clock.move(30)
    app = App()
    app.call("POST", "/auth/code/request", {"email": PAT})
    assert app.call("POST", "/auth/code/confirm", {"code": pat.code(PAT)}).status_code == 401
    return app, phone


def test_an_app_is_not_signed_in_by_the_mailed_code_alone(half: tuple[App, Phone]) -> None:
    app, _ = half
    told = app.call("GET", "/auth/session")
    pending = [flow["id"] for flow in told.json()["data"]["flows"] if flow.get("is_pending")]
    assert (told.status_code, pending) == (401, ["mfa_authenticate"])
    assert app.call("GET", "/v1/preferences").status_code == 401
    assert app.call("POST", "/auth/code/confirm", {"code": "AAAA-AAAA"}).status_code == 409


def test_the_token_of_an_app_opens_nothing_as_a_cookie_before_the_second_step(half: tuple[App, Phone]) -> None:
    browser = Client()
    browser.cookies["sessionid"] = half[0].token
    assert browser.get("/admin/").status_code == 302
    assert browser.get("/preferences/").status_code == 302


def test_an_app_is_signed_in_by_the_second_code(half: tuple[App, Phone]) -> None:
    app, phone = half
    refused = app.call("POST", "/auth/second-factor", {"code": phone.wrong_code()})
    assert (refused.status_code, wrong(refused)) == (400, {("code", "incorrect_code")})
    assert app.call("POST", "/auth/second-factor", {"code": phone.code()}).status_code == 200
    assert app.preferences()["email"] == PAT


def test_an_app_without_a_mailed_code_gets_no_second_step(half: tuple[App, Phone]) -> None:
    other = App()
    assert other.call("POST", "/auth/second-factor", {"code": half[1].code()}).status_code == 401
    assert other.call("GET", "/v1/preferences").status_code == 401


# --- Operators ----------------------------------------------------------------------------------------------


def test_an_operator_takes_it_away_and_ends_every_session(
    pat: Visitor, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(pat)
    ran = run("remove_second_factor", PAT.title())
    assert (ran.code, PAT in ran.out) == (0, True)
    assert (Authenticator.objects.count(), is_in(pat)) == (0, False)
    said = [line for line in caplog.messages if "second factor" in line]
    assert (len(said), PAT in caplog.text) == (1, False)
    assert not BrazeProfile.objects.exists(), "that is no news for Braze"
    again = visit()
    again.sign_in(PAT)
    assert is_in(again)


def test_an_app_is_signed_out_as_well(half: tuple[App, Phone]) -> None:
    app, phone = half
    app.call("POST", "/auth/second-factor", {"code": phone.code()})
    run("remove_second_factor", PAT)
    assert app.call("GET", "/v1/preferences").status_code == 401


@pytest.mark.parametrize("who", ["nobody@example.com", "pat", "", "+12025550101"])
def test_an_unknown_address_is_refused(pat: Visitor, who: str) -> None:
    set_up(pat)
    ran = run("remove_second_factor", who)
    assert (ran.code, "Nobody here has this email address" in ran.out) == (1, True)
    assert (Authenticator.objects.count(), is_in(pat)) == (2, True)


def test_who_has_none_stays_signed_in(pat: Visitor) -> None:
    ran = run("remove_second_factor", PAT)
    assert (ran.code, "has no second factor" in ran.out) == (1, True)
    assert is_in(pat)


# --- An open browser ----------------------------------------------------------------------------------------

NEW_MAILBOX = "somebody.else@example.com"


def change_mailbox(colleague: Visitor) -> str:
    """Try to have another mailbox in that browser; return whose the account is then."""
    answer = colleague.client.post("/preferences/email/", {"email": NEW_MAILBOX})
    if answer.status_code == 302:
        colleague.client.post("/preferences/email/", {"code": colleague.code(NEW_MAILBOX)})
    return str(User.objects.get().email)


@pytest.mark.parametrize("has_one", [True, False])
def test_who_finds_a_colleagues_browser_takes_no_mailbox_into_it(pat: Visitor, clock: Clock, *, has_one: bool) -> None:
    """The mailbox is what opens the desk: with another one they would sign in, and set up a factor of their own."""
    if has_one:
        set_up(pat)
    clock.move(3600)
    assert "Sign in again first" in pat.client.get("/preferences/email/").content.decode()
    assert change_mailbox(pat) == PAT


def test_a_colleague_who_has_just_signed_in_may_have_another_mailbox(pat: Visitor) -> None:
    assert change_mailbox(pat) == NEW_MAILBOX


@pytest.mark.django_db(transaction=True)
def test_changes_are_in_the_log(pat: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    set_up(pat)
    said = [line for line in caplog.messages if "second factor" in line]
    assert ([line.rpartition(": ")[2] for line in said], PAT in caplog.text) == (["totp", "recovery_codes"], False)


# --- Erasures -----------------------------------------------------------------------------------------------


@pytest.fixture
def gone(pat: Visitor) -> Visitor:
    """Pat, who set one up and is no colleague any more."""
    set_up(pat)
    User.objects.update(is_staff=False, is_superuser=False)
    assert run("erase_person", PAT).code == 0
    return pat


def test_an_erasure_takes_it_along(gone: Visitor, deliver: Deliver) -> None:
    finish(deliver)
    assert (User.objects.count(), Authenticator.objects.count()) == (0, 0)


def test_who_has_signed_up_since_starts_without(gone: Visitor, visit: Visit, deliver: Deliver) -> None:
    again = visit()
    again.sign_up(PAT, "", "email")
    again.press(again.links(PAT)[-1])
    finish(deliver)
    assert (User.objects.count(), Authenticator.objects.count()) == (1, 0)
    again.sign_in(PAT)
    assert again.client.get("/preferences/").status_code == 200
