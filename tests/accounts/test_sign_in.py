"""Sign-in by an emailed code, for everyone, and no other way in."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse
from post_office.models import Email

from accounts.models import User
from sms_consent.models import BrazeProfile, Disclosure, Program
from tests.people import ALICE, Visit, send_sign_up

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

PASSWORD_PAGES = ["password/reset/", "password/change/", "password/set/", "password/reset/done/"]
OTHER_DOORS = ["email/", "confirm-email/x/", "phone/", "signup/passkey/", "3rdparty/", "2fa/"]


@pytest.mark.parametrize("path", PASSWORD_PAGES + OTHER_DOORS)
def test_nothing_else_of_allauth_is_mounted(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"/accounts/{path}").status_code == 404
    assert admin_client.post(f"/accounts/{path}", {"password1": "x" * 12}).status_code == 404


@pytest.mark.parametrize("name", ["account_reset_password", "account_change_password", "account_set_password"])
def test_no_password_page_has_a_name(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_staff_cannot_get_a_password_either(admin_client: Client) -> None:
    assert admin_client.get("/admin/password_change/").status_code == 404


def test_the_admin_takes_no_password(client: Client) -> None:
    boss = User.objects.create_superuser(ALICE)
    boss.set_password("correct horse")
    boss.save()
    answer = client.post("/admin/login/", {"username": ALICE, "password": "correct horse"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_the_sign_in_takes_no_password(client: Client) -> None:
    boss = User.objects.create_superuser(ALICE)
    boss.set_password("correct horse")
    boss.save()
    client.post("/accounts/login/", {"login": ALICE, "email": ALICE, "password": "correct horse"})
    assert "_auth_user_id" not in client.session


def test_somebody_without_rights_does_not_get_into_the_admin(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE)
    alice.sign_in(ALICE)
    assert alice.client.get("/admin/", follow=True).status_code == 403


def test_an_unproven_address_signs_in_by_code_and_is_proven_by_it(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE)
    assert not EmailAddress.objects.get().verified
    alice.sign_in(ALICE)
    assert EmailAddress.objects.get().verified
    assert alice.client.get("/preferences/").status_code == 200


@pytest.mark.parametrize("page", ["/admin/", "/preferences/"])
def test_the_first_page_after_a_code_speaks_of_no_confirming(page: str, visit: Visit) -> None:
    """Who typed in a code has signed in; that it proved the mailbox too is not what they came for."""
    call_command("create_admin", ALICE, verbosity=0)
    alice = visit()
    alice.sign_in(ALICE)
    answer = alice.client.get(page)
    assert (answer.status_code, "You have confirmed" in answer.content.decode()) == (200, False)


def test_a_code_is_good_for_nobody_elses_browser(visit: Visit) -> None:
    alice, mallory = visit(), visit()
    alice.sign_up(ALICE)
    mallory.client.post("/accounts/login/", {"email": "mallory@example.com"})
    for _ in range(3):
        mallory.client.post("/accounts/login/code/confirm/", {"code": "AAAA-AAAA"})
    assert mallory.client.get("/preferences/").status_code == 302


def test_an_unknown_address_is_sent_to_the_same_place(client: Client) -> None:
    send_sign_up(client, ALICE)
    answers = [Client().post("/accounts/login/", {"email": email}) for email in (ALICE, "nobody@example.com")]
    assert answers[0].headers["Location"] == answers[1].headers["Location"] == "/accounts/login/code/confirm/"
    assert Email.objects.count() == 3


@pytest.mark.parametrize("spelling", ["ALICE@EXÄMPLE.com", "alice@xn--exmple-cua.com"])
def test_any_spelling_of_the_address_signs_in(client: Client, spelling: str) -> None:
    send_sign_up(client, "alice@exämple.com")
    Client().post("/accounts/login/", {"email": spelling})
    assert "code" in Email.objects.latest("pk").subject.lower()


def test_a_sign_in_is_no_news_for_braze(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE)
    alice.press(alice.links(ALICE)[0])
    before = BrazeProfile.objects.get().version
    alice.sign_in(ALICE)
    assert BrazeProfile.objects.get().version == before
    assert User.objects.get().last_login


def test_sign_in_mails_are_limited_for_an_address(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS
    for number in range(5):
        Client(REMOTE_ADDR=f"203.0.113.{number}").post("/accounts/login/", {"email": ALICE})
    assert Email.objects.count() == 3


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_sign_in_leads_nowhere_else(visit: Visit, elsewhere: str) -> None:
    alice = visit()
    alice.sign_up(ALICE)
    answer = alice.client.post("/accounts/login/", {"email": ALICE, "next": elsewhere})
    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


# --- Commands --------------------------------------------------------------------------------------------


def test_create_admin_makes_one_who_signs_in_by_code(visit: Visit) -> None:
    for _ in range(2):
        call_command("create_admin", "Boss@Example.com", verbosity=0)
    boss = visit()
    boss.sign_in("boss@example.com")
    assert boss.client.get("/admin/").status_code == 200
    assert User.objects.count() == 1


def test_djangos_own_createsuperuser_makes_one_who_gets_in_as_well(visit: Visit) -> None:
    call_command("createsuperuser", email="Boss@Example.com", interactive=False, verbosity=0)
    boss = visit()
    boss.sign_in("boss@example.com")
    assert boss.client.get("/admin/").status_code == 200


def test_create_admin_promotes_somebody_who_signed_up(client: Client) -> None:
    send_sign_up(client, ALICE)
    call_command("create_admin", ALICE, verbosity=0)
    assert User.objects.get().is_superuser
    assert not User.objects.get().has_usable_password()


def test_create_admin_refuses_what_is_no_address() -> None:
    with pytest.raises(CommandError, match="valid email"):
        call_command("create_admin", "boss")
    assert not User.objects.exists()


def test_default_programs_are_made_once_and_then_left_to_the_admin() -> None:
    Program.objects.filter(slug="sms").update(name="Mine")
    call_command("create_default_programs", verbosity=0)
    assert [program.name for program in Program.objects.all()] == ["Mine", "Emails"]
    assert Disclosure.objects.filter(published_at__isnull=False, door="form").count() == 2
