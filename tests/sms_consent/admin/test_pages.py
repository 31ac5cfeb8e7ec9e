"""Every page opens, with data and without, at a constant price, and shows addresses only where it must."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from sms_consent import disclosures, lines, outbox
from sms_consent.models import BrazeLine, Keyword, Program
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import join

LISTS = sorted(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry)
READ_ONLY = ["consentrecord", "subscription", "brazeprofile", "globalemail", "brazeline"]


def one_of_each(programs: dict[str, Program]) -> None:
    lines.stop("/users/track", BrazeLine.Lane.REST, reason="401: wrong key", refused="x")
    disclosures.draft(programs["sms"], language="en", text="Say {brand}.", label="Texts", button="Go")
    outbox.mark_left(ALICE)


def test_only_what_staff_may_see_is_registered() -> None:
    names = {model._meta.label for model in admin.site._registry}
    assert names == {
        "accounts.User",
        "auth.Group",
        "post_office.Email",
        "sms_consent.AccessRecord",
        "sms_consent.BrazeLine",
        "sms_consent.BrazeProfile",
        "sms_consent.GlobalEmail",
        "sms_consent.ConsentRecord",
        "sms_consent.Disclosure",
        "sms_consent.Erasure",
        "sms_consent.InboundMessage",
        "sms_consent.Keyword",
        "sms_consent.Program",
        "sms_consent.Subscription",
    }


@pytest.mark.parametrize("url", LISTS)
def test_a_list_opens_when_there_is_nothing(boss: Client, url: str) -> None:
    page = boss.get(reverse(url))
    assert page.status_code == 200


@pytest.mark.parametrize("name", ["consentrecord", "subscription", "brazeline", "disclosure", "keyword", "program"])
def test_an_empty_list_says_what_will_be_there(boss: Client, name: str) -> None:
    page = boss.get(reverse(f"admin:sms_consent_{name}_changelist"))
    assert admin.site._registry[page.context["cl"].model].empty_note in page.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize("url", LISTS)
def test_lists_and_details_open_and_lists_mask(
    boss: Client, url: str, alice: User, programs: dict[str, Program]
) -> None:
    one_of_each(programs)
    page = boss.get(reverse(url))
    assert page.status_code == 200
    shown = page.content.decode()
    assert ALICE not in shown
    assert ALICES_PHONE not in shown
    for row in page.context["cl"].result_list:
        assert boss.get(reverse(url.replace("changelist", "change"), args=[row.pk])).status_code == 200


@pytest.mark.parametrize("url", [url for url in LISTS if "email" not in url and "group" not in url])
def test_a_list_costs_the_same_with_one_row_and_with_fifty(
    boss: Client, url: str, alice: User, programs: dict[str, Program]
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert boss.get(reverse(url)).status_code == 200
        return len(queries)

    one_of_each(programs)
    cost()  # content types and the like are read once
    before = cost()
    for number in range(50):
        join(f"person{number}@example.com", f"+1202555{1000 + number}")
        lines.stop(f"/line/{number}", BrazeLine.Lane.REST, reason="no", refused="x")
        disclosures.draft(programs["sms"], language="en", text="x", label="x", button="x")
        Keyword.objects.create(word=f"word{number}", number="55512", program=programs["sms"], is_active=False)
    assert cost() == before


def test_a_program_page_costs_the_same_with_many_versions(boss: Client, programs: dict[str, Program]) -> None:
    url = reverse("admin:sms_consent_program_change", args=[programs["sms"].pk])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert boss.get(url).status_code == 200
        return len(queries)

    cost()
    before = cost()
    for _ in range(20):
        disclosures.draft(programs["sms"], language="en", text="x", label="x", button="x")
    assert cost() == before


@pytest.mark.parametrize("name", READ_ONLY)
def test_nobody_adds_changes_or_deletes_what_machines_wrote(
    boss: Client, name: str, alice: User, programs: dict[str, Program]
) -> None:
    one_of_each(programs)
    model = next(m for m in admin.site._registry if m._meta.model_name == name)
    before = list(model._default_manager.order_by("pk").values())
    pk = before[0]["id"]
    base = f"admin:sms_consent_{name}"
    for url in (
        reverse(f"{base}_add"),
        reverse(f"{base}_change", args=[pk]),
        reverse(f"{base}_delete", args=[pk]),
    ):
        assert boss.post(url, {"post": "yes", "act": "granted", "state": "subscribed"}).status_code == 403
    boss.post(reverse(f"{base}_changelist"), {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert list(model._default_manager.order_by("pk").values()) == before


def test_the_index_offers_to_record_an_opt_out(boss: Client) -> None:
    assert reverse("admin:sms_consent_record_opt_out") in boss.get(reverse("admin:index")).content.decode()


def test_opening_a_page_is_logged_without_an_address(
    boss: Client, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    boss.get(reverse("admin:accounts_user_change", args=[alice.pk]))
    said = [line for line in caplog.messages if "opened accounts.User" in line]
    assert len(said) == 1
    assert ALICE not in caplog.text
