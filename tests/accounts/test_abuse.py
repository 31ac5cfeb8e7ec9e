"""What one visitor, one network, one number and one day may ask for, at every door (SEC-1 to SEC-6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts.models import Confirmation, User
from sms_consent.models import ConsentRecord, Subscription
from tests.people import ALICE, ALICES_PHONE, hidden_fields, send_phone_form, send_sign_up, standing
from tests.sms_consent.delivery.helpers import asks_first

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

HOST = "https://shop.example.com"


@pytest.fixture(autouse=True)
def limits(settings: Any) -> dict[str, str]:
    """The site's own limits, to be made smaller; minimum times stay off."""
    settings.ACCOUNT_RATE_LIMITS = dict(site.LIMITS)
    settings.EMBED_ORIGINS = [HOST]
    return settings.ACCOUNT_RATE_LIMITS  # type: ignore[no-any-return]


def phone(number: int) -> str:
    return f"+1202555{1000 + number}"


def browser(ip: str = "203.0.113.7") -> Client:
    return Client(REMOTE_ADDR=ip)


def sign_up(client: Client, number: int) -> Any:
    return send_sign_up(client, f"person{number}@example.com", phone(number), "sms")


def resend(client: Client, number: int) -> Any:
    return client.post("/welcome/")


def prefer(client: Client, number: int) -> Any:
    client.force_login(User.objects.get_or_create(email=f"member{number}@example.com")[0])
    page = hidden_fields(client.get("/preferences/").content.decode())
    return client.post("/preferences/", page | {"phone": phone(number)})


def fill_in(client: Client, number: int) -> Any:
    return send_phone_form(client, phone(number))


def fill_in_the_frame(client: Client, number: int) -> Any:
    return send_phone_form(client, phone(number), "/embed/phone/")


DOORS: dict[str, tuple[Callable[[Client, int], Any], int]] = {
    "sign-up": (sign_up, 20),
    "resend": (resend, 5),
    "preferences": (prefer, 20),
    "phone form": (fill_in, 10),
    "embedded phone form": (fill_in_the_frame, 10),
}


@pytest.mark.parametrize("door", DOORS)
def test_one_ip_address(door: str) -> None:
    send, most = DOORS[door]
    client = browser()
    assert {send(client, number).status_code for number in range(most)} == {302}
    before = ConsentRecord.objects.count(), User.objects.exclude(phone=None).count()
    refused = send(client, most)
    assert (refused.status_code, "Too many tries" in refused.content.decode()) == (429, True)
    assert (ConsentRecord.objects.count(), User.objects.exclude(phone=None).count()) == before
    assert send(browser("203.0.114.7"), most + 1).status_code == 302


def test_the_two_phone_forms_share_one_limit() -> None:
    client = browser()
    assert {fill_in(client, number).status_code for number in range(10)} == {302}
    assert fill_in_the_frame(client, 11).status_code == 429


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("same", "other"),
    [
        (["203.0.113.1", "203.0.113.200", "::ffff:203.0.113.9"], "203.0.112.1"),
        (["2001:db8:0:1::1", "2001:db8:0:1:ffff::9", "2001:db8:0:1::2"], "2001:db8:0:2::1"),
    ],
    ids=["/24", "/64"],
)
def test_one_network(door: str, same: list[str], other: str, limits: dict[str, str]) -> None:
    limits["optin_network"] = "2/h/key"
    send, _ = DOORS[door]
    assert [send(browser(ip), number).status_code for number, ip in enumerate(same)] == [302, 302, 429]
    assert send(browser(other), 9).status_code == 302


def test_all_doors_together_are_one_network(limits: dict[str, str]) -> None:
    limits["optin_network"] = "5/h/key"
    assert [send(browser(), number).status_code for number, (send, _) in enumerate(DOORS.values())] == [302] * 5
    assert fill_in(browser("203.0.113.99"), 8).status_code == 429


def test_a_visitor_cannot_choose_their_ip_address(settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    said = [browser_behind_a_proxy(f"198.51.100.{number}, 203.0.113.7") for number in range(11)]
    assert [fill_in(client, number).status_code for number, client in enumerate(said)] == [302] * 10 + [429]
    assert fill_in(browser_behind_a_proxy("203.0.113.7, 192.0.2.1"), 20).status_code == 302


def browser_behind_a_proxy(forwarded: str) -> Client:
    return Client(REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": forwarded})


# --- Withheld: the same answer, and nothing is written --------------------------------------------------


def from_everywhere(number: int, send: Callable[[Client], Any]) -> list[Any]:
    return [send(browser(f"198.51.{octet}.1")) for octet in range(number)]


@pytest.mark.parametrize("page", ["/phone/", "/embed/phone/"])
def test_one_number_at_the_phone_form(page: str, limits: dict[str, str]) -> None:
    limits["optin_number"] = "3/d/key"
    other = Client()
    for _ in range(3):
        send_phone_form(other, ALICES_PHONE, page)
    Subscription.objects.all().delete()
    answers = from_everywhere(2, lambda client: send_phone_form(client, ALICES_PHONE, page))
    assert {(answer.status_code, answer.url) for answer in answers} == {(302, f"{page}sent/?program=sms")}
    assert standing(ALICES_PHONE, "sms") == "none"
    assert send_phone_form(Client(), phone(1), page).status_code == 302
    assert standing(phone(1), "sms") == "pending"


def test_one_number_at_the_sign_up_keeps_the_rest_of_it(limits: dict[str, str]) -> None:
    limits["optin_number"] = "1/d/key"
    send_phone_form(Client(), ALICES_PHONE)
    assert send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert ConsentRecord.objects.filter(program__slug="sms").count() == 1
    assert standing(ALICE, "email") == "pending"
    assert User.objects.filter(email=ALICE).exists()


def test_one_number_at_the_preferences_is_refused_openly(limits: dict[str, str]) -> None:
    limits["optin_number"] = "1/d/key"
    client = Client()
    client.force_login(User.objects.create_user(ALICE))
    page = hidden_fields(client.get("/preferences/").content.decode())
    data = page | {"phone": ALICES_PHONE, "program_sms": "on"}
    assert [client.post("/preferences/", data).status_code for _ in range(2)] == [302, 429]


def test_one_email_address() -> None:
    from_everywhere(8, lambda client: send_sign_up(client, ALICE, "", "email"))
    assert (Email.objects.count(), Confirmation.objects.count()) == (5, 8)


def test_whether_a_number_is_known_makes_no_difference(limits: dict[str, str]) -> None:
    limits["optin_number"] = "3/d/key"
    send_sign_up(Client(), ALICE, ALICES_PHONE, "sms")
    for number in (ALICES_PHONE, phone(2)):
        answers = from_everywhere(4, lambda client: send_phone_form(client, number))  # noqa: B023
        assert {answer.status_code for answer in answers} == {302}
    assert ConsentRecord.objects.filter(subject=Subscription.objects.get(address=phone(2)).subject).count() == 1


def test_the_days_budget_of_texts(limits: dict[str, str], caplog: Any) -> None:
    limits["optin_prompts"] = "2/d"
    answers = [fill_in(Client(), number) for number in range(4)]
    assert {answer.status_code for answer in answers} == {302}
    assert [standing(phone(number), "sms") for number in range(4)] == ["pending", "pending", "none", "none"]
    assert caplog.text.count("The limit optin_prompts") == 1


def test_sign_ups_spend_of_the_budget_only_where_they_ask(limits: dict[str, str]) -> None:
    limits["optin_prompts"] = "1/d"
    for number in range(3):
        sign_up(Client(), number)
    assert [standing(phone(number), "sms") for number in range(3)] == ["subscribed"] * 3
    asks_first()
    for number in range(3, 6):
        sign_up(Client(), number)
    assert [standing(phone(number), "sms") for number in range(3, 6)] == ["pending", "none", "none"]
    assert User.objects.count() == 6


def test_the_budget_of_each_other_country(limits: dict[str, str]) -> None:
    limits["optin_prompts_abroad"] = "1/d"
    limits["optin_prompts"] = "4/d"
    numbers = ["+61491570006", "+61491570156", "+61491570157", "+447400123456", "+12025550101", "+12025550102"]
    for number in numbers:
        send_phone_form(Client(), number)
    found = [standing(number, "sms") for number in numbers]
    assert found == ["pending", "none", "none", "pending", "pending", "pending"]


def test_one_ip_address_that_asks_for_many_countries_is_stopped(limits: dict[str, str], caplog: Any) -> None:
    limits["optin_countries"] = "2/d"
    numbers = ["+12025550101", "+61491570006", "+447400123456", "+12025550102"]
    for number in numbers:
        assert send_phone_form(browser(), number).status_code == 302
    assert [standing(number, "sms") for number in numbers] == ["pending", "pending", "none", "none"]
    assert "optin_countries" in caplog.text
    send_phone_form(browser("203.0.113.8"), "+12025550103")
    assert standing("+12025550103", "sms") == "pending"


def test_the_days_after_it_is_a_new_budget(limits: dict[str, str], monkeypatch: Any) -> None:
    limits["optin_prompts"] = "1/d"
    for number in range(2):
        fill_in(Client(), number)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    fill_in(Client(), 3)
    assert [standing(phone(number), "sms") for number in (0, 1, 3)] == ["pending", "none", "pending"]


def test_without_limits_there_are_none(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    assert {fill_in(browser(), number % 3).status_code for number in range(30)} == {302}
