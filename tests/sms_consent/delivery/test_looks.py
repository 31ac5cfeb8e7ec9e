"""The look before a number is first told of: whose "unsubscribed" it is, and what it costs while it cannot be made."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sms_consent import disclosures, outbox, selectors, services
from sms_consent.choices import Source
from sms_consent.delivery import Worker
from sms_consent.delivery.worker import Lane, deliver_due, new_courier
from sms_consent.ledger import Circumstances
from sms_consent.models import Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import LOOK, SIX_MINUTES, asks_first, disagreements, later, leave, seen
from tests.sms_consent.delivery.test_races import in_the_middle
from tests.sms_consent.reconcile.helpers import at_braze
from tests.sms_consent.webhooks import events

OTHER = "5a4d0000-0000-4000-8000-000000000009"


@pytest.fixture
def alerts(sandbox: Sandbox, programs: dict[str, Program]) -> Program:
    """Another program of texts, offered on the sign-up."""
    sandbox.world.set_group(OTHER, "sms")
    program = Program.objects.get(slug="sms")
    program.pk, program.slug, program.subscription_group_id, program.position = None, "alerts", OTHER, 4
    program.save()
    text = disclosures.SMS_DRAFT
    disclosures.publish(disclosures.draft(program, language="en", text=text, label="Alerts", button="Sign up"))
    selectors.forget_offers()
    return program


def is_stopped(slug: str = "sms") -> bool:
    return Subscription.objects.get(program__slug=slug).stopped_at is not None


def test_our_own_opt_out_is_no_stop(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    leave(ALICES_PHONE)
    deliver()
    later(SIX_MINUTES)
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    deliver()
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn", "requested"]
    assert not is_stopped()


def test_our_own_opt_out_of_a_program_never_joined_is_no_stop(alerts: Program, visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    later(SIX_MINUTES)
    visit().sign_up(ALICE, ALICES_PHONE, "alerts")
    deliver()
    assert (standing(ALICES_PHONE, "alerts"), is_stopped("alerts")) == ("pending", False)


def test_our_own_opt_out_in_a_group_that_the_program_moved_to_is_no_stop(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    move(sandbox)
    assert deliver() == 0
    later(SIX_MINUTES)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    assert not is_stopped()


def test_a_stop_in_the_group_that_the_program_moves_to_is_found(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    sandbox.world.set_group(OTHER, "sms")
    sandbox.world.send_text(ALICES_PHONE, "STOP", OTHER)
    move(sandbox)
    deliver()
    assert is_stopped()
    assert seen(sandbox, OTHER, ALICES_PHONE) == "Unsubscribed"


def move(sandbox: Sandbox) -> None:
    sandbox.world.set_group(OTHER, "sms")
    Program.objects.filter(slug="sms").update(subscription_group_id=OTHER)
    outbox.forget_group(Program.objects.get(slug="sms").pk)


def test_an_opt_out_before_the_look_could_be_made(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint=LOOK, status=429, seconds=60)
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    later(SIX_MINUTES)
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    assert not is_stopped()


def test_who_has_been_looked_at_is_told_while_no_look_can_be_made(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    (request,) = Subscription.objects.values_list("request", flat=True)
    services.confirm([request or 0], address=ALICES_PHONE, source=Source.KEYWORD, circumstances=Circumstances())
    sandbox.faults.add("status", endpoint=LOOK, status=403, times=None)
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == "Subscribed"


@pytest.mark.parametrize("status", [403, 429])
def test_rows_that_wait_for_a_look_keep_no_worker_busy(
    status: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    later(SIX_MINUTES)
    sandbox.faults.add("status", endpoint=LOOK, status=status, seconds=60, times=None)
    courier, rounds, end = new_courier(Lane.REST), 0, time.monotonic() + 2
    while time.monotonic() < end and deliver_due(courier):
        rounds += 1
    courier.close()
    assert rounds < 5


def test_an_opt_in_word_while_braze_is_looked_at_is_told_at_once(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, transactional_db: None
) -> None:
    """It outdoes the STOP that is found there; nothing waits for the lease of the look."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    at_braze(sandbox, SMS, ALICES_PHONE, "Unsubscribed")
    with in_the_middle(sandbox, LOOK, lambda: Worker().run_once(), kind="latency"):
        time.sleep(1.1)  # providers tell whole seconds
        events.send([events.text("UNSTOP")])
    assert deliver() == 0
    assert (acts(ALICES_PHONE, "sms"), disagreements(sandbox)) == (["granted", "withdrawn", "granted"], [])
