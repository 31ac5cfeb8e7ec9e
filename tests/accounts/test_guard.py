"""Programs that fill in forms see what people see and reach nothing; people in all their habits get through (SEC-4)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as site
from django.core import signing
from django.test import Client
from post_office.models import Email

from accounts.models import Confirmation, User
from sms_consent.models import BrazeProfile, ConsentRecord
from sms_consent.sandbox import Sandbox
from tests.accounts.test_same_answer import seen
from tests.people import ALICE, ALICES_PHONE, Deliver, hidden_fields, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

Later = Callable[[float], None]
FORMS = {
    "/": {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on", "program_email": "on"},
    "/phone/": {"phone": ALICES_PHONE},
    "/embed/phone/": {"phone": ALICES_PHONE},
}
every_form = pytest.mark.parametrize("page", FORMS)


@pytest.fixture(autouse=True)
def _guarded(settings: Any) -> None:
    settings.RATE_LIMITS = True
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS
    settings.EMBED_ORIGINS = ["https://shop.example.com"]


@pytest.fixture
def later(monkeypatch: Any) -> Later:
    """Let seconds pass, and no others: a slow machine is not to make a program look slow."""
    now = [time.time()]

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "time", lambda: now[0])
    return pass_by


def opened(client: Client, page: str) -> dict[str, str]:
    return hidden_fields(client.get(page).content.decode()) | FORMS[page]


def stored() -> int:
    rows = (User, ConsentRecord, Confirmation, Email, BrazeProfile)
    return sum(model.objects.count() for model in rows)  # type: ignore[attr-defined]


@every_form
def test_people_get_through(page: str, client: Client, later: Later) -> None:
    data = opened(client, page)
    later(2.1)
    assert client.post(page, data).status_code == 302
    assert standing(ALICES_PHONE, "sms") in ("subscribed", "pending")


def has_come_back_whole(client: Client, page: str, again: str) -> None:
    """Nothing that was entered is lost, and pressed once more it is taken."""
    assert f'value="{ALICES_PHONE}"' in again
    assert len(re.findall(r'<input[^>]*type="checkbox"[^>]* checked', again)) == (2 if page == "/" else 0)
    assert client.post(page, hidden_fields(again) | FORMS[page]).status_code == 302
    assert standing(ALICES_PHONE, "sms") in ("subscribed", "pending")


@every_form
def test_who_is_very_quick_is_asked_to_press_once_more_and_loses_nothing(
    page: str, client: Client, later: Later, deliver: Deliver, sandbox: Sandbox
) -> None:
    data = opened(client, page)
    later(1.9)
    again = client.post(page, data).content.decode()
    deliver()
    assert (stored(), sandbox.world.calls) == (0, [])
    assert "That was very quick" in again
    later(0.2)
    has_come_back_whole(client, page, again)


@every_form
def test_what_is_wrong_is_said_alone_however_quick(page: str, client: Client, later: Later) -> None:
    answer = client.post(page, opened(client, page) | {"phone": "12"}).content.decode()
    assert ('id="id_phone_error"' in answer, "very quick" in answer) == (True, False)


@every_form
@pytest.mark.parametrize("seconds", [1.9, 61.9])
def test_a_program_sees_what_everyone_sees_and_nothing_is_stored(
    page: str, seconds: float, later: Later, deliver: Deliver, sandbox: Sandbox
) -> None:
    bot, person = Client(), Client()
    bots, persons = opened(bot, page), opened(person, page)
    later(seconds)
    answer = bot.post(page, bots | {"comments": "buy pills"})
    deliver()
    assert (stored(), sandbox.world.calls) == (0, [])
    later(2)
    assert seen(answer) == seen(person.post(page, persons))
    assert seen(bot.get(answer.url)) == seen(person.get(answer.url))


def handles(later: Later) -> list[str]:
    """Return what the cookies of two programs and of two people say, above the time and the signature."""
    found = []
    for number, trap in enumerate(("buy pills", "buy pills", "", "")):
        client = Client()
        data = opened(client, "/") | {"email": f"person{number}@example.com", "comments": trap}
        later(60)
        found.append(client.post("/", data).cookies["welcome"].value.split(":")[0])
    assert Confirmation.objects.count() == 2
    return found


def test_a_cookie_tells_neither_programs_from_people_nor_how_many_there_are(later: Later) -> None:
    found = handles(later)
    assert [re.sub(r"[0-9a-f]", "x", handle) for handle in found] == ["x" * 64] * 4
    assert len({handle[start:][:16] for handle in found for start in (0, 16, 32, 48)}) == 16  # alike in no part


def test_a_program_gets_no_mail_by_asking_again(client: Client) -> None:
    client.post("/", opened(client, "/") | {"comments": "buy pills"})
    assert client.post("/welcome/").status_code == 302
    assert Email.objects.count() == 0


@every_form
def test_what_is_wrong_is_said_to_programs_too(page: str, client: Client) -> None:
    answer = client.post(page, opened(client, page) | {"phone": "12", "comments": "x"})
    assert 'id="id_phone_error"' in answer.content.decode()
    assert 'value="x"' not in answer.content.decode()


@every_form
@pytest.mark.parametrize("sent", [None, "", "nonsense", "\x00", "x" * 5000, "W10:1abc:sig"])
def test_a_form_whose_page_is_not_ours_is_asked_for_once_more(
    page: str, sent: str | None, client: Client, later: Later
) -> None:
    data = opened(client, page)
    data.pop("opened")
    answer = client.post(page, data | ({} if sent is None else {"opened": sent}))
    assert answer.status_code == 200
    assert stored() == 0
    later(3)
    assert client.post(page, hidden_fields(answer.content.decode()) | FORMS[page]).status_code == 302
    assert stored() > 0


def test_a_page_signed_for_something_else_does_not_count(client: Client) -> None:
    forged = signing.dumps({"at": 0.0, "from": ""}, salt="something else")
    assert client.post("/phone/", opened(client, "/phone/") | {"opened": forged}).status_code == 200


@every_form
def test_a_page_left_open_overnight_comes_back_with_everything_in_it(page: str, client: Client, later: Later) -> None:
    data = opened(client, page)
    later(24 * 3600 + 1)
    again = client.post(page, data).content.decode()
    assert "had been open for too long" in again
    later(3)
    has_come_back_whole(client, page, again)


def test_after_a_mistake_nobody_waits_again(client: Client, later: Later) -> None:
    data = opened(client, "/phone/")
    later(5)
    again = hidden_fields(client.post("/phone/", data | {"phone": "12"}).content.decode())
    assert client.post("/phone/", again | {"phone": ALICES_PHONE}).status_code == 302
    assert standing(ALICES_PHONE, "sms") == "pending"


def test_going_back_and_sending_again_works_all_day(client: Client, later: Later) -> None:
    data = opened(client, "/phone/")
    later(5)
    client.post("/phone/", data)
    later(23 * 3600)
    assert client.post("/phone/", data | {"phone": "+12025550102"}).status_code == 302
    assert standing("+12025550102", "sms") == "pending"


@every_form
def test_the_trap_is_for_nobody(page: str, client: Client) -> None:
    html = client.get(page).content.decode()
    hidden = re.search(r'<div class="visually-hidden" aria-hidden="true">(.*?)</div>', html, re.DOTALL)
    assert hidden is not None
    (field,) = re.findall(r"<input[^>]*>", hidden[1])
    assert all(it in field for it in ('name="comments"', 'tabindex="-1"', 'autocomplete="off"', 'type="text"'))


def test_load_tests_need_not_wait(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = False
    settings.ACCOUNT_RATE_LIMITS = False
    data = opened(client, "/phone/")
    data.pop("opened")
    assert client.post("/phone/", data).status_code == 302
    assert standing(ALICES_PHONE, "sms") == "pending"
    assert "data-pause-ms" not in client.get("/phone/").content.decode()
