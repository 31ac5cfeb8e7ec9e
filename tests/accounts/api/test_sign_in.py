"""Signing in from an app: by an emailed code and a token, and no other way."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.contrib.sessions.models import Session
from post_office.models import Email

from accounts.models import User
from tests.accounts.api.app import App, wrong
from tests.accounts.test_same_answer import statements, writes
from tests.people import ALICE, BOB, Visit, Visitor

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


def test_the_code_signs_in_and_proves_the_mailbox(app: App, alice: Visitor) -> None:
    app.sign_in(ALICE, alice)
    assert EmailAddress.objects.get().verified
    told = app.call("GET", "/auth/session").json()
    assert told["data"]["user"] == {"id": User.objects.get(email=ALICE).external_id, "email": ALICE}


def test_the_token_changes_with_the_sign_in_and_the_old_one_is_gone(app: App, alice: Visitor) -> None:
    app.call("POST", "/auth/code/request", {"email": ALICE})
    before = app.token
    app.call("POST", "/auth/code/confirm", {"code": alice.code(ALICE)})
    assert app.token != before
    over = app.call("GET", "/auth/session", **{"x-session-token": before})
    assert (over.status_code, wrong(over)) == (410, {("", "http_410")})


def test_signing_out_ends_the_token(alices: App) -> None:
    assert alices.call("DELETE", "/auth/session").status_code == 401
    assert alices.call("GET", "/v1/preferences").status_code == 401


def test_a_code_is_good_for_the_app_that_asked_for_it(app: App, alice: Visitor) -> None:
    app.call("POST", "/auth/code/request", {"email": ALICE})
    other = App()
    other.call("POST", "/auth/code/request", {"email": BOB})
    assert other.call("POST", "/auth/code/confirm", {"code": alice.code(ALICE)}).status_code == 400
    assert App().call("POST", "/auth/code/confirm", {"code": alice.code(ALICE)}).status_code == 409


def test_three_wrong_codes_are_one_too_many(app: App, alice: Visitor) -> None:
    app.call("POST", "/auth/code/request", {"email": ALICE})
    tries = [app.call("POST", "/auth/code/confirm", {"code": code}) for code in ("é", "\x00", "AAAA-AAAA")]
    assert [answer.status_code for answer in tries] == [400] * 3
    over = app.call("POST", "/auth/code/confirm", {"code": alice.code(ALICE)})
    assert (over.status_code, wrong(over)) == (409, {("", "http_409")})


@pytest.mark.parametrize("spelling", ["ALICE@EXÄMPLE.com", "alice@xn--exmple-cua.com"])
def test_any_spelling_of_the_address_signs_in(app: App, spelling: str) -> None:
    app.sign_up("alice@exämple.com")
    app.call("POST", "/auth/code/request", {"email": spelling})
    assert "code" in Email.objects.latest("pk").subject.lower()


def test_asking_for_a_code_tells_nothing(alice: Visitor) -> None:
    answers, lists = [], []
    for who in ("new@example.com", ALICE):
        sqls = statements(lambda: answers.append(App().call("POST", "/auth/code/request", {"email": who})))  # noqa: B023
        lists.append(writes(sqls))
    hidden = [re.sub(r'"session_token": "\w+"', "", answer.content.decode()) for answer in answers]
    assert (hidden[0], lists[0]) == (hidden[1], lists[1])


def test_mails_with_codes_are_limited_as_on_the_page(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = dict(site.LIMITS)
    apps = [App(REMOTE_ADDR=f"203.0.113.{number}") for number in range(4)]
    answers = [app.call("POST", "/auth/code/request", {"email": ALICE}) for app in apps]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 400]
    assert wrong(answers[-1]) == {("email", "too_many_login_attempts")}
    assert apps[0].client.post("/accounts/login/", {"email": ALICE}).status_code == 200
    assert Email.objects.count() == 3


OTHER_DOORS = [
    "auth/signup",
    "auth/login",
    "auth/password/request",
    "auth/password/reset",
    "auth/email/verify",
    "auth/reauthenticate",
    "account/email",
    "account/password/change",
    "tokens/refresh",
    "config",
]


@pytest.mark.parametrize("root", ["/", "/auth/", "/auth/app/v1/", "/auth/browser/v1/", "/v1/"])
def test_nothing_else_of_allauth_is_mounted(app: App, root: str) -> None:
    body = {"email": ALICE, "password": "correct horse"}
    assert {app.call("POST", f"{root}{door}", body).status_code for door in OTHER_DOORS} == {404}
    assert not User.objects.exists()


def test_no_password_signs_in(app: App) -> None:
    boss = User.objects.create_superuser(ALICE)
    boss.set_password("correct horse")
    boss.save()
    answer = app.call("POST", "/auth/code/request", {"email": ALICE, "password": "correct horse"})
    assert wrong(answer) == {("password", "extra_forbidden")}


def test_no_answer_sets_a_cookie(visit: Visit, alices: App) -> None:
    alices.call("DELETE", "/v1/preferences/all")
    alices.call("DELETE", "/auth/session")
    alices.sign_up(BOB)
    assert not alices.client.cookies


def test_only_a_sign_in_makes_a_session(app: App) -> None:
    app.sign_up(ALICE, "+12025550101", "sms", "email")
    app.ask("+12025550102")
    app.call("GET", "/auth/session")
    assert Session.objects.count() == 0
