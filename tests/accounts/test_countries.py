"""The country of a number: a choice that may be left out, and numbers as people there write them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.people import ALICE, send_phone_form, send_sign_up, standing

pytestmark = pytest.mark.usefixtures("programs")
BRITISH = "+447400123456"


def check(phone: str, country: str = "US") -> dict[str, str]:
    return Client().post("/phone/check/", {"phone": phone, "phone_country": country}).json()


def test_a_number_is_read_in_the_country_that_was_chosen(client: Client) -> None:
    send_sign_up(client, ALICE, "07400 123456", "sms", phone_country="GB")
    assert standing(BRITISH, "sms") == "subscribed"


def test_the_phone_form_has_the_choice_too(client: Client) -> None:
    send_phone_form(client, "07400 123456", phone_country="GB")
    assert standing(BRITISH, "sms") == "pending"


def test_a_calling_code_counts_more_than_the_choice(client: Client) -> None:
    send_sign_up(client, ALICE, "+44 7400 123456", "sms", phone_country="US")
    assert standing(BRITISH, "sms") == "subscribed"


def test_a_country_that_is_not_served_is_no_choice(client: Client) -> None:
    answer = send_sign_up(client, ALICE, "01512 3456789", "sms", phone_country="DE")
    assert answer.status_code == 200
    assert 'id="id_phone_country_error"' in answer.content.decode()


def test_what_was_chosen_comes_back_after_an_error(client: Client) -> None:
    page = send_sign_up(client, ALICE, "12", "sms", phone_country="AU").content.decode()
    assert re.findall(r'<option value="(\w+)" selected', page) == ["AU"]


def test_where_none_was_chosen_the_default_comes_back(client: Client) -> None:
    page = send_sign_up(client, ALICE, "12", "sms").content.decode()
    assert re.findall(r'<option value="(\w+)" selected', page) == ["US"]


def test_where_there_is_one_country_there_is_no_choice(client: Client, settings: Any) -> None:
    settings.PHONE_REGIONS = ["US"]
    assert "phone_country" not in client.get("/").content.decode()


def test_countries_are_named(client: Client) -> None:
    options = re.findall(r"<option value=\"\w+\"[^>]*>([^<]+)</option>", client.get("/").content.decode())
    assert options == ["Australia +61", "United Kingdom +44", "United States +1"]


def test_a_calling_code_is_read_from_left_to_right_in_arabic_too(client: Client) -> None:
    page = client.get("/?lang=ar").content.decode()
    assert ">المملكة المتحدة \u2066+44\u2069</option>" in page


@pytest.mark.parametrize(
    ("typed", "country", "written"),
    [
        ("2025550101", "US", "(202) 555-0101"),
        ("2025", "US", "202-5"),
        ("07400123456", "GB", "07400 123456"),
        ("+447400123456", "US", "+44 7400 123456"),
        ("0491570006", "AU", "0491 570 006"),
        ("", "US", ""),
        ("ask me", "US", "ask me"),
        ("2025550101", "nowhere", "(202) 555-0101"),
    ],
)
def test_a_number_is_grouped_as_its_country_writes_it(typed: str, country: str, written: str) -> None:
    assert check(typed, country)["phone"] == written


def test_what_is_wrong_is_said_as_the_form_says_it() -> None:
    assert "+1 201-555-0123" in check("12")["error"]
    assert "cannot text numbers of that country" in check("+49 1512 3456789")["error"]
    assert check("2025550101")["error"] == check("")["error"] == ""


def test_the_check_asks_nobody_about_the_number(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.post("/phone/check/", {"phone": "2025550101"}).status_code == 200
    assert client.get("/phone/check/?phone=2025550101").status_code == 405


def test_the_check_has_a_limit(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.LIMITS | {"optin_check": "2/m/ip"}
    answers = [client.post("/phone/check/", {"phone": "12"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
