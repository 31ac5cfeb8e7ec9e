"""Limits and the defence against programs: an app's door has those of the pages, and shares their counts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as site
from django.core.signing import b64_decode
from django.test import Client
from post_office.models import Email

from accounts.models import User
from sms_consent.models import ConsentRecord
from tests.accounts.api.app import App, wrong
from tests.people import ALICE, ALICES_PHONE, send_phone_form, send_sign_up, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


@pytest.fixture
def limits(settings: Any) -> dict[str, str]:
    """The site's own limits, to be made smaller; minimum times stay off."""
    settings.ACCOUNT_RATE_LIMITS = dict(site.LIMITS)
    return settings.ACCOUNT_RATE_LIMITS  # type: ignore[no-any-return]


def phone(number: int) -> str:
    return f"+1202555{1000 + number}"


def sign_up(app: App, number: int) -> Any:
    return app.sign_up(f"person{number}@example.com", phone(number), "sms")


def ask(app: App, number: int) -> Any:
    return app.ask(phone(number))


def mail_again(app: App, number: int) -> Any:
    return app.call("POST", "/v1/sign-ups/mail", {"sign_up": "x"})


def prefer(app: App, number: int) -> Any:
    return app.call("PATCH", "/v1/preferences", {"phone": phone(number)})


def on_the_page(number: int) -> list[Any]:
    """Return the answers to the same acts in a browser."""
    client = Client()
    return [
        send_sign_up(client, f"page{number}@example.com", phone(number)),
        send_phone_form(client, phone(number)),
        client.post("/welcome/"),
    ]


DOORS: dict[str, Callable[[App, int], Any]] = {"optin_signup": sign_up, "optin_phone": ask, "optin_resend": mail_again}


@pytest.mark.parametrize("action", DOORS)
def test_one_ip_address_whether_by_app_or_page(action: str, limits: dict[str, str]) -> None:
    limits[action] = "2/m/ip"
    send = DOORS[action]
    assert [send(App(), number).status_code for number in range(3)] == [202, 202, 429]
    assert sorted(answer.status_code for answer in on_the_page(5)) == [302, 302, 429]
    assert send(App(REMOTE_ADDR="203.0.114.7"), 6).status_code == 202


@pytest.mark.parametrize("action", DOORS)
def test_one_network(action: str, limits: dict[str, str]) -> None:
    limits["optin_network"] = "2/h/key"
    answers = [DOORS[action](App(REMOTE_ADDR=f"203.0.113.{number}"), number) for number in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert wrong(answers[-1]) == {("", "too_often")}


def test_a_signed_in_person(alices: App, limits: dict[str, str]) -> None:
    assert [prefer(alices, number).status_code for number in range(6)] == [200] * 5 + [429]
    assert alices.preferences()["phone"] == phone(4)
    assert alices.call("PATCH", "/v1/preferences", {"phone": ""}).status_code == 200
    assert alices.call("DELETE", "/v1/preferences/all").status_code == 200


def test_one_number_whatever_the_door(limits: dict[str, str]) -> None:
    limits["optin_number"] = "2/d/key"
    send_phone_form(Client(), phone(1))
    App().sign_up("a@example.com", phone(1), "sms")
    before = ConsentRecord.objects.count()
    assert App().ask(phone(1)).status_code == 202
    assert App().sign_up("b@example.com", phone(1), "sms").status_code == 202
    assert ConsentRecord.objects.count() == before
    assert User.objects.filter(email="b@example.com").exists()


def test_one_mailbox(limits: dict[str, str]) -> None:
    for number in range(7):
        app = App(REMOTE_ADDR=f"198.51.{number}.1")
        taken = app.sign_up(ALICE, "", "email").json()["sign_up"]
        app.call("POST", "/v1/sign-ups/mail", {"sign_up": taken})
    assert Email.objects.count() == 5


def test_the_days_budget_of_texts(limits: dict[str, str]) -> None:
    limits["optin_prompts"] = "1/d"
    send_phone_form(Client(), phone(1))
    assert App().ask(phone(2)).status_code == 202
    assert (standing(phone(1), "sms"), standing(phone(2), "sms")) == ("pending", "none")


# --- Programs ------------------------------------------------------------------------------------------------

Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: Any, settings: Any) -> Later:
    """Switch the guard on, and let seconds pass, and no others."""
    settings.RATE_LIMITS = True
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    return pass_by


def send(app: App, door: str, opened: str, **changes: str) -> Any:
    if door == "sign-up":
        return app.sign_up(ALICE, ALICES_PHONE, "sms", opened=opened, **changes)
    return app.ask(ALICES_PHONE, opened=opened, **changes)


every_form = pytest.mark.parametrize("door", ["sign-up", "phone request"])


@every_form
def test_people_get_through(door: str, app: App, later: Later) -> None:
    opened = app.open()["opened"]
    later(2.1)
    assert send(app, door, opened).status_code == 202
    assert standing(ALICES_PHONE, "sms") in ("subscribed", "pending")


@every_form
def test_who_is_very_quick_is_told_and_nothing_is_stored(door: str, app: App, later: Later) -> None:
    opened = app.open()["opened"]
    later(1.9)
    assert wrong(send(app, door, opened)) == {("", "quick")}
    assert (User.objects.count(), ConsentRecord.objects.count(), Email.objects.count()) == (0, 0, 0)
    later(0.2)
    assert send(app, door, opened).status_code == 202


@every_form
@pytest.mark.parametrize("seconds", [1.9, 60])
def test_a_program_sees_what_everyone_sees_and_nothing_is_stored(
    door: str, seconds: float, app: App, later: Later
) -> None:
    opened = app.open()["opened"]
    later(seconds)
    bots = send(app, door, opened, comments="buy pills")
    assert (User.objects.count(), ConsentRecord.objects.count(), Email.objects.count()) == (0, 0, 0)
    later(2)
    persons = send(app, door, opened)
    assert (bots.status_code, sorted(bots.json())) == (persons.status_code, sorted(persons.json()))


def test_what_a_sign_up_is_known_by_tells_nothing(app: App, later: Later) -> None:
    taken = []
    for number, trap in enumerate(("buy pills", "buy pills", "", "")):
        seen = app.open()["opened"]
        later(60)
        taken.append(app.sign_up(f"person{number}@example.com", "", opened=seen, comments=trap).json()["sign_up"])
    found = [str(json.loads(b64_decode(token.split(":")[0].encode()))) for token in taken]
    assert [re.sub(r"[0-9a-f]", "x", handle) for handle in found] == ["x" * 64] * 4
    assert len(set(found)) == 4
    again = [app.call("POST", "/v1/sign-ups/mail", {"sign_up": token}) for token in taken]
    assert [(answer.status_code, answer.json()) for answer in again] == [(202, {})] * 4
    assert Email.objects.count() == 4  # two to each of the people


@every_form
@pytest.mark.parametrize("opened", ["", "nonsense", "\x00", "x" * 5000])
def test_a_screen_that_is_not_ours_must_be_opened_again(door: str, opened: str, app: App, later: Later) -> None:
    assert wrong(send(app, door, opened)) == {("", "expired")}


@every_form
def test_a_screen_is_good_for_a_day(door: str, app: App, later: Later) -> None:
    opened = app.open()["opened"]
    later(24 * 3600 + 1)
    assert wrong(send(app, door, opened)) == {("", "expired")}
