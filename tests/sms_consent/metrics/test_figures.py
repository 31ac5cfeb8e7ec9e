"""What /metrics says, against what really is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from post_office.models import Email

from sms_consent.models import ConsentRecord, Count
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit
from tests.sms_consent.delivery.conftest import Start
from tests.sms_consent.delivery.helpers import SET, TRACK, crowd, later, leave, phone, stop
from tests.sms_consent.imports.files import email, load
from tests.sms_consent.metrics.conftest import TOKEN, Scrape

pytestmark = pytest.mark.usefixtures("programs")


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer "])
def test_nobody_reads_it_without_the_token(client: Client, settings: Any, header: str | None) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"optin_" not in answer.content


@pytest.mark.parametrize(("debug", "status"), [(True, 200), (False, 401)])
def test_without_a_token_only_a_developer_reads_it(client: Client, settings: Any, debug: bool, status: int) -> None:
    settings.METRICS_TOKEN, settings.DEBUG = "", debug
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == status


def test_what_waits_is_counted_by_lane(visit: Visit, scrape: Scrape) -> None:
    crowd(range(3), "sms")
    stop(phone(7))
    assert scrape("optin_backlog", lane="rest", when="due") == 6  # three numbers, three people
    assert scrape("optin_backlog", lane="opt_outs", when="due") == 1


def test_an_outage_does_not_make_what_waits_look_young(
    visit: Visit, scrape: Scrape, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    sandbox.faults.add("status", status=503, times=None)
    deliver()
    for _ in range(2):
        later(70)
        deliver()
    assert scrape("optin_backlog", lane="rest", when="later") == 2
    assert 140 < scrape("optin_oldest_waiting_seconds", lane="rest") < 240
    sandbox.faults.clear()
    later(70)
    assert deliver() == 0
    assert scrape("optin_backlog") == scrape("optin_oldest_waiting_seconds") == 0
    assert scrape("optin_delivery_delay_seconds_bucket", lane="rest", le="60.0") == 0
    assert scrape("optin_delivery_delay_seconds_bucket", lane="rest", le="1800.0") == 2


def test_a_second_look_is_nothing_that_waits(visit: Visit, scrape: Scrape, deliver: Deliver) -> None:
    visit().ask_for_texts(ALICES_PHONE)
    deliver()
    later(60)
    assert scrape("optin_backlog") == 0


def test_what_braze_refuses_is_counted_by_its_words(
    visit: Visit, scrape: Scrape, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": "No such number"})
    leave(ALICES_PHONE)
    deliver()
    assert scrape("optin_parked", lane="opt_outs", reason="400 No such number") == 1
    assert scrape("optin_braze_calls_total", call=SET, result="refused") == 1


def test_429s_are_counted(visit: Visit, scrape: Scrape, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint=TRACK, status=429)
    crowd([1])
    deliver()
    assert scrape("optin_braze_calls_total", call=TRACK, result="limited") == 1


def test_a_stopped_line_shows(visit: Visit, scrape: Scrape, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint=TRACK, status=403)
    crowd([1])
    deliver()
    assert scrape("optin_stopped_line", line=TRACK, lane="rest") == 1


@pytest.mark.django_db(transaction=True)
def test_the_counts_of_all_processes_add_up(visit: Visit, scrape: Scrape, start: Start) -> None:
    for numbers in ([1, 2], [3]):
        crowd(numbers, "sms")
        worker = start("--once")
        assert worker.wait(60) == 0
    assert scrape("optin_delivered_total", lane="rest") == 6
    assert scrape("optin_delivery_delay_seconds_count", lane="rest") == 6
    assert 0 < scrape("optin_delivery_delay_seconds_sum", lane="rest") < 300


def test_opt_ins_and_opt_outs_are_counted_by_door_when_they_are_sealed(visit: Visit, scrape: Scrape) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    leave(ALICES_PHONE)
    assert scrape("optin_opt_ins_total") == 0
    call_command("seal_ledger", verbosity=0)
    assert scrape("optin_opt_ins_total", door="sign_up") == 1
    assert scrape("optin_opt_outs_total", door="admin") == 1


def test_a_record_that_nobody_seals_shows(visit: Visit, scrape: Scrape) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert 0 < scrape("optin_unsealed_seconds") < 60
    call_command("seal_ledger", verbosity=0)
    assert ConsentRecord.objects.exists()
    assert scrape("optin_unsealed_seconds") == 0
    assert 0 < scrape("optin_seal_age_seconds") < 60


def test_a_record_that_nobody_seals_shows_however_many_came_after_it(
    visit: Visit, scrape: Scrape, tmp_path: Path
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    call_command("seal_ledger", verbosity=0)
    visit().sign_up(BOB, "", "email")
    oldest = ConsentRecord.objects.filter(sealed=None).get().recorded_at
    load(tmp_path, *(email(address=f"person{number}@example.com") for number in range(1_000)))
    waited = (timezone.now() - oldest).total_seconds()
    assert waited <= scrape("optin_unsealed_seconds") < waited + 60


def test_refusals_at_the_hooks_are_counted(client: Client, scrape: Scrape) -> None:
    for _ in range(3):
        client.post("/hooks/braze/events/", "{}", content_type="application/json")
    client.post("/hooks/twilio/sms/", {"From": ALICES_PHONE})
    assert scrape("optin_hook_refusals_total", hook="braze_events", status="401") == 3
    assert scrape("optin_hook_refusals_total", hook="twilio_sms", status="403") == 1


def test_who_knocks_all_the_time_does_not_make_the_site_write_all_the_time(client: Client, db: None) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _ in range(20):
            client.post("/hooks/braze/events/", "{}", content_type="application/json")
    assert len([query for query in queries if "sms_consent_count" in query["sql"]]) <= 2


def test_mails_that_wait_show(visit: Visit, scrape: Scrape) -> None:
    crowd([1], "email")
    assert scrape("optin_mails", state="queued") == 1


def test_for_how_long_a_mail_waits_shows_until_it_is_sent(visit: Visit, scrape: Scrape, sandbox: Sandbox) -> None:
    sandbox.mailbox.set_mode("dead")
    crowd([1], "email")
    Email.objects.update(created=timezone.now() - timedelta(minutes=20))
    assert 1200 <= scrape("optin_oldest_mail_seconds", tried="no") < 1300
    call_command("send_mail", "--once")
    assert scrape("optin_oldest_mail_seconds", tried="no") == 0
    assert 1200 <= scrape("optin_oldest_mail_seconds", tried="yes") < 1300
    sandbox.mailbox.set_mode("up")
    Email.objects.update(scheduled_time=None)
    call_command("send_mail", "--once")
    assert scrape("optin_oldest_mail_seconds") == 0


WRITTEN = ("(202) 555-0131", "202-555-0131", "(202)-555-0131")
WITH_COUNTRY = ("+1-202-555-0131", "1-202-555-0131", "+1.202.555.0131", "+1 (202) 555-0131")
ABROAD = ("+61 491 570 006", "+61 (0)491 570 006", "+44-20-7946-0018")


@pytest.mark.parametrize("number", [ALICES_PHONE, ALICES_PHONE.strip("+"), *WRITTEN, *WITH_COUNTRY, *ABROAD])
def test_it_names_nobody(number: str, visit: Visit, scrape: Scrape, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": f"{number} is wrong"})
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    text = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
    assert "is wrong" in text
    assert number.strip("+") not in text
    assert ALICE not in text


def test_a_scrape_asks_the_same_few_questions_however_much_there_is(
    visit: Visit, scrape: Scrape, django_assert_max_num_queries: Any
) -> None:
    crowd(range(20), "sms", "email")
    Count.objects.create(name="calls", label="/x accepted", value=timezone.now().timestamp())
    with django_assert_max_num_queries(27):
        scrape("optin_backlog")


def test_the_delay_of_opt_outs_stands_apart(visit: Visit, scrape: Scrape, deliver: Deliver) -> None:
    stop(ALICES_PHONE)
    later(timedelta(minutes=2).total_seconds())
    deliver()
    assert scrape("optin_delivery_delay_seconds_count", lane="opt_outs") == 1
    assert scrape("optin_delivery_delay_seconds_count", lane="rest") == 0
