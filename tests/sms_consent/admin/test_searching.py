"""An address is found however it is written, by nothing less than all of it, and no URL names it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.people import address_of, subject
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE
from tests.sms_consent.admin.conftest import join, staff

PHONES = [
    "+12025550101",
    "2025550101",
    "(202) 555-0101",
    " 1-202-555-0101 ",
    "tel:+1-202-555-0101",
    "0012025550101",
    "+1 202.555.0101",
]
EMAILS = [ALICE, "Alice@Example.COM", "  ALICE@example.com "]
LEDGER = "admin:sms_consent_consentrecord_changelist"
BY_ADDRESS = [LEDGER, "admin:sms_consent_subscription_changelist"]
BY_PERSON = ["admin:sms_consent_brazeprofile_changelist", "admin:accounts_user_changelist"]


def look_up(client: Client, url: str, text: str) -> Any:
    return client.post(reverse(url), {"look_up": text}, follow=True)


@pytest.mark.parametrize("written", PHONES)
def test_a_phone_is_the_same_however_it_is_written(written: str) -> None:
    assert address_of(written) == ALICES_PHONE


@pytest.mark.parametrize("written", ["", "bob", "12", "bob@", "@", "+1", "x" * 300, "\x00", "💥@💥"])
def test_what_is_no_address_is_none(written: str) -> None:
    assert address_of(written) == ""


@pytest.mark.parametrize("url", BY_ADDRESS)
@pytest.mark.parametrize("written", [*PHONES[:3], *EMAILS])
def test_rows_of_an_address_are_found(boss: Client, url: str, written: str, alice: User) -> None:
    join(BOB, BOBS_PHONE)
    for page in (look_up(boss, url, written), boss.get(reverse(url), {"q": written})):
        found = list(page.context["cl"].result_list)
        assert [row.subject for row in found] == [subject(address_of(written))]


@pytest.mark.parametrize("url", BY_PERSON)
@pytest.mark.parametrize("written", [*PHONES[:3], *EMAILS, "external_id"])
def test_a_person_is_found_by_address_and_by_id(boss: Client, url: str, written: str, alice: User) -> None:
    join(BOB, BOBS_PHONE)
    page = look_up(boss, url, alice.external_id if written == "external_id" else written)
    assert [row.external_id for row in page.context["cl"].result_list] == [alice.external_id]


@pytest.mark.parametrize("url", BY_ADDRESS + BY_PERSON)
@pytest.mark.parametrize("written", ["alice", "example.com", "+1202555", "0101", "nobody@example.com", "%", ","])
def test_a_part_of_an_address_finds_nobody(boss: Client, url: str, written: str, alice: User) -> None:
    page = look_up(boss, url, written)
    assert page.status_code == 200
    assert not page.context["cl"].result_list


@pytest.mark.parametrize("url", BY_ADDRESS + BY_PERSON)
def test_a_search_for_a_name_says_what_can_be_searched_for(boss: Client, url: str, alice: User) -> None:
    said = "Search by an exact phone number or email address"
    assert said in look_up(boss, url, "alice").content.decode()
    known = subject(ALICE) if url in BY_ADDRESS else alice.external_id
    assert said not in look_up(boss, url, known).content.decode()


@pytest.mark.parametrize("url", BY_ADDRESS + BY_PERSON)
@pytest.mark.parametrize("written", [ALICE, ALICES_PHONE])
def test_the_url_of_a_search_names_nobody(boss: Client, url: str, written: str, alice: User) -> None:
    answer = boss.post(reverse(url), {"look_up": written})
    assert answer.status_code == 302
    for part in ("alice", "2025550101"):
        assert part not in answer.url.lower()


def test_a_search_keeps_the_filters(boss: Client, alice: User) -> None:
    answer = boss.post(f"{reverse(LEDGER)}?act__exact=confirmed&p=3", {"look_up": ALICE})
    assert "act__exact=confirmed" in answer.url
    assert "p=3" not in answer.url
    assert not boss.get(answer.url).context["cl"].result_list


def test_the_search_box_posts(boss: Client, alice: User) -> None:
    page = boss.get(reverse(LEDGER)).content.decode()
    assert '<form id="changelist-search" method="post"' in page
    assert 'name="look_up"' in page


def test_staff_without_permission_search_nothing(alice: User) -> None:
    client = staff("view_program")
    for url in BY_ADDRESS + BY_PERSON:
        assert client.post(reverse(url), {"look_up": ALICE}).status_code == 403
