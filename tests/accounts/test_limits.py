"""How often a signed-in person may submit numbers and boxes (SEC-1). How often they may leave: always."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.models import Program
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, hidden_fields, standing

LEAVE = {"leave": "all"}


@pytest.fixture(autouse=True)
def _limited(programs: dict[str, Program], settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS


def member(email: str) -> Client:
    """Return the browser of a person who is signed in."""
    client = Client()
    client.force_login(User.objects.create_user(email))
    return client


def save(client: Client, phone: str, ip: int = 1, **boxes: str) -> int:
    """Save the preferences from an address of one's own; return the status."""
    page = hidden_fields(client.get(reverse("preferences")).content.decode())
    data = page | {"phone": phone} | boxes
    return int(client.post(reverse("preferences"), data, REMOTE_ADDR=f"203.0.113.{ip}").status_code)


def test_one_person_submits_only_so_many_numbers_whatever_the_ip() -> None:
    alice = member(ALICE)
    statuses = [save(alice, f"+1202555011{ip}", ip, program_sms="on") for ip in range(6)]
    assert statuses == [302] * 5 + [429]
    assert standing("+12025550115", "sms") == "none"
    assert User.objects.get().phone_number == "+12025550114"


def test_one_ip_submits_only_so_many_numbers_whoever_is_signed_in() -> None:
    people = [member(f"person{number}@example.com") for number in range(5)]
    assert [save(people[number % 5], f"+12025550{120 + number}") for number in range(20)] == [302] * 20
    assert save(member(ALICE), ALICES_PHONE) == 429
    assert save(member("bob@example.com"), BOBS_PHONE, ip=2) == 302


def test_leaving_is_never_refused_and_uses_nothing_up() -> None:
    alice = member(ALICE)
    assert [alice.post(reverse("preferences"), LEAVE).status_code for _ in range(30)] == [302] * 30
    assert [save(alice, ALICES_PHONE, program_sms="on") for _ in range(6)][-2:] == [302, 429]
    assert alice.post(reverse("preferences"), LEAVE).status_code == 302
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_giving_up_a_number_is_never_refused() -> None:
    alice = member(ALICE)
    assert [save(alice, ALICES_PHONE, program_sms="on") for _ in range(6)][-1] == 429
    assert save(alice, "") == 302
    assert User.objects.get().phone_number == ""
