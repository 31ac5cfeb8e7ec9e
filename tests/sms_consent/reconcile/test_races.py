"""Processes and people at the same time as a run: killed half-way, and somebody who acts while Braze is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from sms_consent import outbox, services
from sms_consent import reconcile as reconciling
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeReading, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.conftest import ROOT, database_url
from tests.sms_consent.delivery.helpers import LOOK, asks_first, later, leave, phone, seen
from tests.sms_consent.reconcile.helpers import HOUR, at_braze, flip, reconcile, stand
from tests.sms_consent.webhooks import events
from tests.waiting import until

Start = Callable[..., "subprocess.Popen[str]"]
START_UP = 20.0  # seconds a process may take to come up on a busy machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


@pytest.fixture
def start(sandbox: Sandbox, transactional_db: None) -> Iterator[Start]:
    """Start `manage.py reconcile_braze`; ends with the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        env = os.environ | {"DATABASE_URL": database_url(), "BRAZE_REST_URL": sandbox.url}
        env["DJANGO_SETTINGS_MODULE"] = "optin_site.settings"
        command = [sys.executable, "manage.py", "reconcile_braze", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        print(process.communicate()[0])


def test_killed_half_way_it_goes_on_where_it_was(start: Start, sandbox: Sandbox, programs: dict[str, Program]) -> None:
    numbers = [phone(number) for number in range(3000)]
    stand(sandbox, programs["sms"], numbers, there="")
    flip(sandbox, [numbers[3], numbers[2990]])
    sandbox.faults.add("latency", endpoint=LOOK, seconds=0.15, times=None)
    killed = start()
    until(lambda: BrazeReading.objects.filter(up_to__gt=0).exists())
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    sandbox.faults.clear()
    assert acts(numbers[3], "sms") == []
    already = BrazeReading.objects.get().asked
    before = len(sandbox.world.calls_to(LOOK))
    run = reconcile()
    assert "3000 asked about" in run.out
    assert "2 opted out at Braze." in run.out
    assert len(sandbox.world.calls_to(LOOK)) - before == (3000 - already) // 50


def test_who_acts_while_braze_is_read_is_left_alone(alice: Visitor, start: Start, sandbox: Sandbox) -> None:
    at_braze(sandbox, EMAIL, ALICE, "Unsubscribed")
    alice.sign_in(ALICE)
    sandbox.faults.add("latency", endpoint=LOOK, seconds=2, times=None)
    before = len(sandbox.world.calls_to(LOOK))
    run = start()
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(LOOK)) > before, START_UP)
    alice.client.post("/preferences/", {"leave": "email"})
    alice.preferences(ALICES_PHONE, "sms", "email")
    assert run.wait(START_UP) == 0
    assert acts(ALICE, "email")[-2:] == ["withdrawn", "granted"]
    assert standing(ALICE, "email") == "subscribed"


def test_a_request_that_is_taken_back_while_braze_is_read(
    visit: Visit, deliver: Deliver, start: Start, sandbox: Sandbox
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(3):
        deliver()
        later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, SUBSCRIBED)
    sandbox.faults.add("latency", endpoint=LOOK, seconds=2, times=None)
    before = len(sandbox.world.calls_to(LOOK))
    run = start("--enforce")
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(LOOK)) > before, START_UP)
    request = Subscription.objects.get().request_id
    with transaction.atomic():
        services.invalidate([request], address=ALICES_PHONE, source=Source.SIGN_UP, circumstances=Circumstances())
    assert run.wait(START_UP) == 0
    assert (standing(ALICES_PHONE, "sms"), outbox.unsent()) == ("none", 0)
    assert "1 subscribed at Braze without proof here" in reconcile().out


def test_who_acts_between_reading_and_writing_is_left_alone(alice: Visitor, sandbox: Sandbox) -> None:
    at_braze(sandbox, SMS, ALICES_PHONE, "Unsubscribed")
    reading = reconciling.read(lambda count: None)
    (plan, _) = reconciling.plans(reading, enforce=False)
    (row,) = plan.rows
    leave(ALICES_PHONE)
    assert reconciling._act(row, plan.deed) is False
    assert acts(ALICES_PHONE, "sms").count("withdrawn") == 1


def test_an_opt_in_word_outdoes_what_braze_said_before_it(alice: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    at_braze(sandbox, SMS, ALICES_PHONE, "Unsubscribed")
    reading = reconciling.read(lambda count: None)
    time.sleep(1.1)  # providers tell whole seconds
    word = events.text("UNSTOP")
    assert reconciling.carry_out(reconciling.plans(reading, enforce=False)[0]) == 1
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    events.send([word])
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_an_opt_in_word_since_braze_was_read_is_told_to_braze(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """It changed nothing here, so that Braze was not told of it, and would be taken at its word the night after."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    at_braze(sandbox, SMS, ALICES_PHONE, "Unsubscribed")
    reading = reconciling.read(lambda count: None)
    time.sleep(1.1)  # providers tell whole seconds
    events.send([events.text("UNSTOP")])
    assert reconciling.carry_out(reconciling.plans(reading, enforce=False)[0]) == 0
    deliver()
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", "Subscribed")


@pytest.mark.parametrize("change", ["version", "seen_at"])
def test_what_changed_in_any_way_since_it_was_read_is_left_alone(
    change: str, programs: dict[str, Program], sandbox: Sandbox
) -> None:
    stand(sandbox, programs["sms"], [ALICES_PHONE], here="unsubscribed")
    plan = reconciling.plans(reconciling.read(lambda count: None), enforce=True)[-1]
    (row,) = plan.rows
    Subscription.objects.update(**{change: 1 if change == "version" else timezone.now()})
    assert reconciling._act(row, plan.deed) is False
    assert outbox.unsent() == 0


@pytest.mark.parametrize("opened", ["a call about them", "the profile of whoever holds it"])
def test_what_is_sent_between_reading_and_writing_counts(opened: str, alice: Visitor, sandbox: Sandbox) -> None:
    at_braze(sandbox, SMS, ALICES_PHONE, "Unsubscribed")
    reading = reconciling.read(lambda count: None)
    if opened == "a call about them":
        outbox.open_riders([ALICES_PHONE])
    else:
        with transaction.atomic():  # as whoever marks is in one
            outbox.mark_joined([ALICE])
    (plan, _) = reconciling.plans(reading, enforce=False)
    assert reconciling.carry_out(plan) == 0
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_enforcing_loses_against_a_consent(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    leave(ALICE)
    deliver()
    later(HOUR)
    at_braze(sandbox, EMAIL, ALICE, SUBSCRIBED)
    reading = reconciling.read(lambda count: None)
    plan = reconciling.plans(reading, enforce=True)[-1]
    assert plan.rows.count() == 1
    alice.sign_in(ALICE)
    alice.preferences(ALICES_PHONE, "sms", "email")
    assert reconciling.carry_out(plan) == 0
    assert standing(ALICE, "email") == "subscribed"
