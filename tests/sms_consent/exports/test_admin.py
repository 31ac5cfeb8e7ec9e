"""Staff take out what a list shows or what they ticked, if they may, and every time it is written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from sms_consent import services
from sms_consent.choices import Source
from sms_consent.models import AccessRecord, ConsentRecord, Evidence, Program
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE
from tests.sms_consent.admin.conftest import BROWSER, agree, join, staff
from tests.sms_consent.exports.conftest import read, text_of

LEDGER = "admin:sms_consent_consentrecord_changelist"
EXPORT = "admin:sms_consent_consentrecord_export"
LISTS = "admin:sms_consent_subscription_export"
PATHS = "admin:sms_consent_program_paths"
PRINT = "admin:sms_consent_consentrecord_print"


def shown(client: Client, query: str = "", form: str = "csv") -> Any:
    """Press the button above the list that has this query string."""
    return client.post(f"{reverse(EXPORT)}?{query}", {"format": form})


@pytest.fixture
def many(alice: User) -> list[int]:
    """More records than a page of the list shows; Alice's among them."""
    for number in range(26):
        join(f"person{number}@example.com", f"+1202555{1000 + number}")
    return list(ConsentRecord.objects.values_list("pk", flat=True))


def test_everything_that_the_list_shows_is_taken_out_and_not_only_its_page(boss: Client, many: list[int]) -> None:
    answer = shown(boss)
    assert answer.streaming
    assert len(read(text_of(answer))) == len(many) == 54
    assert "consent-records-" in answer["Content-Disposition"]
    assert answer["Content-Disposition"].endswith('.csv"')


def test_a_filter_and_a_search_hold(boss: Client, alice: User) -> None:
    join(BOB, BOBS_PHONE)
    assert {row["act"] for row in read(text_of(shown(boss, "act__exact=requested")))} == {"requested"}
    assert [row["email"] for row in read(text_of(shown(boss, f"q={subject(ALICE)}")))] == [ALICE]
    assert read(text_of(shown(boss, f"q={subject(BOB)}&act__exact=granted"))) == []


def test_json_lines_have_a_name_and_a_type_of_their_own(boss: Client, alice: User) -> None:
    answer = shown(boss, form="jsonl")
    assert len(text_of(answer).splitlines()) == 2
    assert answer["Content-Type"].startswith("application/x-ndjson")


@pytest.mark.parametrize(("action", "first"), [("export_csv", "id,email"), ("export_jsonl", '{"id": ')])
def test_what_was_ticked_is_taken_out(boss: Client, alice: User, action: str, first: str) -> None:
    join(BOB, BOBS_PHONE)
    chosen = ConsentRecord.objects.get(subject=subject(BOB))
    answer = boss.post(reverse(LEDGER), {"action": action, "_selected_action": [chosen.pk], "index": 0})
    text = text_of(answer)
    assert text.startswith(first)
    assert BOB in text
    assert ALICE not in text
    assert AccessRecord.objects.get().detail.endswith(f"selected: {chosen.pk}")


def test_all_that_a_filter_shows_can_be_ticked(boss: Client, many: list[int]) -> None:
    data = {"action": "export_csv", "_selected_action": many[:50], "index": 0, "select_across": 1}
    answer = boss.post(f"{reverse(LEDGER)}?act__exact=granted", data)
    assert len(read(text_of(answer))) == 27
    assert AccessRecord.objects.get().detail == "csv; act: Agreed"


def test_an_export_is_written_down_before_it_begins(boss: Client, alice: User) -> None:
    boss.post(f"{reverse(EXPORT)}?act__exact=granted&program__id__exact=1", {"format": "csv"})  # nobody reads it
    noted = AccessRecord.objects.get()
    assert (noted.action, noted.what, noted.subject) == ("exported", "Consent records", "")
    assert noted.staff == User.objects.get(email="boss@example.com").external_id
    assert noted.ip == "127.0.0.1"
    assert noted.detail.startswith("csv; ")
    assert "act: Agreed" in noted.detail


@pytest.mark.parametrize("query", ["q={hash}", "q={address}"])
def test_an_export_of_one_address_is_written_down_by_its_hash(boss: Client, alice: User, query: str) -> None:
    shown(boss, query.format(hash=subject(ALICE), address=ALICE))
    noted = AccessRecord.objects.get()
    assert (noted.subject, noted.detail) == (subject(ALICE), "csv; one address")


def test_a_filter_that_is_nonsense_takes_out_nothing(boss: Client, alice: User) -> None:
    assert shown(boss, "occurred_at__gte=nonsense").status_code == 302
    assert shown(boss, form="xlsx").status_code == 400
    assert boss.get(reverse(EXPORT)).status_code == 405
    assert not AccessRecord.objects.exists()


def test_who_may_look_may_not_take_away(alice: User) -> None:
    client = staff("view_consentrecord", "view_subscription")
    page = client.get(f"{reverse(LEDGER)}?q={subject(ALICE)}").content.decode()
    assert reverse(EXPORT) not in page
    assert "export_csv" not in page
    assert "Print everything" not in page
    assert reverse(LISTS) not in client.get(reverse("admin:sms_consent_subscription_changelist")).content.decode()
    assert shown(client).status_code == 403
    assert client.post(reverse(LISTS), {"what": "subscribed", "format": "csv"}).status_code == 403
    assert client.get(reverse(PRINT, args=[subject(ALICE)])).status_code == 403
    chosen = {"action": "export_csv", "_selected_action": ConsentRecord.objects.earliest("id").pk, "index": 0}
    assert not client.post(reverse(LEDGER), chosen).streaming
    assert not AccessRecord.objects.exists()


def test_the_right_to_take_away_is_one_permission(alice: User) -> None:
    client = staff("view_consentrecord", "view_subscription", "export_consentrecord")
    page = client.get(f"{reverse(LEDGER)}?q={subject(ALICE)}").content.decode()
    assert f'action="{reverse(EXPORT)}?q={subject(ALICE)}"' in page
    assert reverse(PRINT, args=[subject(ALICE)]) in page
    assert len(read(text_of(shown(client)))) == 2


def test_that_permission_alone_opens_nothing(alice: User) -> None:
    client = staff("export_consentrecord")
    assert shown(client).status_code == 403
    assert client.get(reverse(PRINT, args=[subject(ALICE)])).status_code == 403


def test_the_lists_are_taken_out_whole_from_the_subscriptions(boss: Client, alice: User) -> None:
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=BROWSER)
    rows = {
        what: read(text_of(boss.post(reverse(LISTS), {"what": what, "format": "csv"})))
        for what in ("subscribed", "suppressed")
    }
    assert [row["address"] for row in rows["subscribed"]] == [f"'{ALICES_PHONE}"]
    assert [row["address"] for row in rows["suppressed"]] == [ALICE]
    assert set(rows["suppressed"][0]) == {"address", "subject", "program", "left_at", "stopped"}
    assert boss.post(reverse(LISTS), {"what": "all", "format": "csv"}).status_code == 400
    assert [it.what for it in AccessRecord.objects.order_by("id")] == ["Who is subscribed now", "Suppression list"]


def test_who_is_subscribed_is_of_the_program_that_is_filtered_by_and_the_suppression_list_of_all(
    boss: Client, alice: User
) -> None:
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=BROWSER)
    files = {}
    for slug, name in (("sms", "Text messages"), ("email", "Emails")):
        query = f"?program__id__exact={Program.objects.get(slug=slug).pk}"
        page = boss.get(f"{reverse('admin:sms_consent_subscription_changelist')}{query}&state__exact=pending")
        assert f'action="{reverse(LISTS)}{query}"' in page.content.decode()
        assert f"Who is subscribed now to {name} (CSV)" in page.content.decode()
        for what in ("subscribed", "suppressed"):
            answer = boss.post(f"{reverse(LISTS)}{query}", {"what": what, "format": "csv"})
            files[what, slug] = [row["address"] for row in read(text_of(answer))]
    assert (files["subscribed", "sms"], files["subscribed", "email"]) == ([f"'{ALICES_PHONE}"], [])
    assert files["suppressed", "sms"] == files["suppressed", "email"] == [ALICE]
    assert AccessRecord.objects.order_by("id")[0].detail == "csv; program: sms"


@pytest.mark.parametrize("program", ["0", "nonsense", ""])
def test_a_program_that_there_is_not_takes_out_nothing(program: str, boss: Client, alice: User) -> None:
    url = f"{reverse(LISTS)}?program__id__exact={program}"
    assert boss.post(url, {"what": "subscribed", "format": "csv"}).status_code == 404


def test_the_buttons_say_that_they_take_out_all_programs(boss: Client, alice: User) -> None:
    page = boss.get(f"{reverse('admin:sms_consent_subscription_changelist')}?state__exact=pending").content.decode()
    assert "Who is subscribed now to any program (CSV)" in page
    assert "Suppression list of all programs (CSV)" in page


def test_the_opt_in_paths_are_a_page_and_a_file(programs: dict[str, Program]) -> None:
    marketer = staff("view_program")
    assert reverse(PATHS) in marketer.get(reverse("admin:sms_consent_program_changelist")).content.decode()
    page = marketer.get(reverse(PATHS)).content.decode()
    for part in (
        "Keyword: START to +1 202-555-0100",
        "By ticking this box I agree",
        "/phone/?program=sms",
        "UNSUBSCRIBE",
    ):
        assert part in page, part
    assert len(read(text_of(marketer.post(reverse(PATHS), {"format": "csv"})))) == 7
    assert AccessRecord.objects.get().what == "Opt-in paths"


def test_the_opt_in_paths_need_the_right_to_see_programs(programs: dict[str, Program]) -> None:
    assert staff("view_consentrecord").get(reverse(PATHS)).status_code == 403


def test_everything_about_an_address_is_on_one_page(boss: Client, alice: User) -> None:
    asked = ConsentRecord.objects.get(program__slug="email")
    services.confirm([asked.pk], address=ALICE, source=Source.SIGN_UP, circumstances=BROWSER)
    confirmed = ConsentRecord.objects.get(act="confirmed")
    page = boss.get(reverse(PRINT, args=[subject(ALICE)])).content.decode()
    for part in (
        f"{ALICE} asked to join “Emails” on",
        f'The first step of two: <a href="#record-{confirmed.pk}">',
        f'The second step: it confirms <a href="#record-{asked.pk}">',
        "By ticking this box I agree to receive promotional emails",
        "Yes, email me offers and news",
        "192.0.2.7",
        "Yes: the evidence is, byte for byte",
        asked.commitment,
        "Not sealed yet",
        "Nothing yet",  # told Braze
        alice.external_id,
    ):
        assert part in page, part
    assert ALICES_PHONE not in page
    assert ALICE not in page.split("</title>")[0]


def test_a_printed_page_is_written_down(boss: Client, alice: User) -> None:
    boss.get(reverse(PRINT, args=[subject(ALICE)]))
    noted = AccessRecord.objects.get()
    assert (noted.action, noted.subject) == ("printed", subject(ALICE))


def test_a_printed_page_costs_the_same_however_much_it_is(boss: Client, alice: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert boss.get(reverse(PRINT, args=[subject(ALICE)])).status_code == 200
        return len(queries)

    cost()
    before = cost()
    for _ in range(5):
        services.withdraw(ALICE, source=Source.ADMIN, circumstances=BROWSER)
        agree("email", ALICE)
    assert ConsentRecord.objects.filter(subject=subject(ALICE)).count() > 5
    assert cost() == before


def test_an_erased_address_can_still_be_printed(boss: Client, alice: User) -> None:
    Evidence.objects.filter(record__subject=subject(ALICE)).update(salt="", payload="")
    alice.delete()
    page = boss.get(reverse(PRINT, args=[subject(ALICE)])).content.decode()
    assert "The evidence was erased" in page


def test_an_address_in_place_of_its_hash_opens_nothing(boss: Client, alice: User) -> None:
    assert boss.get(reverse(PRINT, args=[ALICE])).status_code == 404


def test_an_address_without_records_is_not_called_erased(boss: Client) -> None:
    page = boss.get(reverse(PRINT, args=[subject("nobody@example.com")])).content.decode()
    assert "The ledger holds no act of this address" in page
    assert "Nowhere: it never asked to join a program" in page
    assert "erased" not in page


def test_links_in_the_words_lead_somewhere_on_paper_too(boss: Client, alice: User, settings: Any) -> None:
    settings.SITE_URL = "https://optin.example.com"
    page = boss.get(reverse(PRINT, args=[subject(ALICE)])).content.decode()
    assert 'href="https://optin.example.com/terms/"' in page
    assert 'href="/terms/"' not in page


def test_everything_about_a_person_is_one_page_in_one_action(boss: Client, alice: User) -> None:
    """REC-8: email, phone and former numbers together; each written down."""
    former = "+12025550188"
    agree("sms", former)
    User.objects.filter(pk=alice.pk).update(former_phones=[former])
    url = reverse("admin:accounts_user_print", args=[alice.pk])
    assert url in boss.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    page = boss.get(url).content.decode()
    for address in (ALICE, ALICES_PHONE, former):
        assert f"{address} a" in page  # asked, agreed
    noted = AccessRecord.objects.filter(action="printed").values_list("subject", flat=True)
    assert set(noted) == {subject(ALICE), subject(ALICES_PHONE), subject(former)}
    assert boss.get(reverse("admin:accounts_user_print", args=[0])).status_code == 404


def test_who_may_not_take_out_is_not_led_to_print(alice: User) -> None:
    agent, url = staff("view_user", "view_consentrecord"), reverse("admin:accounts_user_print", args=[alice.pk])
    assert agent.get(url).status_code == 403
    assert "/print/" not in agent.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()


def test_who_may_print_but_sees_no_people_prints_none(alice: User) -> None:
    agent = staff("view_consentrecord", "export_consentrecord")
    assert agent.get(reverse("admin:accounts_user_print", args=[alice.pk])).status_code == 403
