"""The stories of delivery, each to its end at Braze (stories 10-12, 15, 28-30); 13, 14: test_processes.py."""

from __future__ import annotations

import pytest

from accounts.models import User
from sms_consent import outbox
from sms_consent.models import Program
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import (
    SET,
    SIX_MINUTES,
    TRACK,
    bodies,
    crowd,
    disagreements,
    email,
    later,
    leave,
    parked,
    phone,
    seen,
    stop,
    stopped,
)


def test_story_10_a_web_tick_does_not_lift_a_stop(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    stop(ALICES_PHONE)
    deliver()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_story_11_a_stop_from_before_our_time(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
    assert bodies(sandbox, SET) == []
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_story_11_our_own_opt_out_is_no_earlier_stop(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    leave(ALICES_PHONE)
    assert deliver() == 0
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert acts(ALICES_PHONE, "sms") == ["withdrawn", "requested"]


def test_story_12_braze_applies_the_opt_in_last(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    sandbox.faults.add("late", times=3)
    deliver()
    stop(ALICES_PHONE)
    deliver()
    sandbox.world.apply_late()
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED
    later(SIX_MINUTES)
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


@pytest.mark.parametrize("trouble", ["parked", "in back-off"])
def test_story_15_an_opt_out_of_somebody_in_trouble(
    trouble: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    status = 400 if trouble == "parked" else 503
    sandbox.faults.add("status", endpoint=SET, status=status)
    sandbox.faults.add("status", endpoint=TRACK, status=status)
    assert deliver() == 2
    assert len(parked()) == (2 if trouble == "parked" else 0)
    stop(ALICES_PHONE)
    deliver()
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_story_15_an_opt_out_without_any_person(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    stop(ALICES_PHONE)
    assert deliver() == 0
    assert bodies(sandbox, SET) == [
        {"subscription_group_id": SMS, "subscription_state": "unsubscribed", "phone": [ALICES_PHONE]}
    ]


def test_story_28_a_mistyped_group(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    Program.objects.filter(slug="sms").update(subscription_group_id="5a4d0000-mistyped")
    crowd([1], "sms")
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    assert deliver() == 1
    assert (parked(), stopped()) == ([], [("sms", "rest")])
    assert [address for address, _, _ in disagreements(sandbox)] == [phone(1)]
    Program.objects.filter(slug="sms").update(subscription_group_id=SMS)
    outbox.forget_group(programs["sms"].pk)
    assert deliver() == 0
    assert disagreements(sandbox) == stopped() == []


def test_story_29_one_of_fifty(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(50), "sms")
    refused = User.objects.get(email=email(30)).external_id
    sandbox.faults.add("item_error", endpoint=TRACK, item=refused)
    assert deliver() == 1
    assert (len(sandbox.world.profiles), len(parked())) == (49, 1)
    User.objects.get(email=email(30)).save()
    assert deliver() == 0
    assert (len(sandbox.world.profiles), parked()) == (50, [])


def test_story_30_a_400_that_names_no_item(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(10))
    sandbox.faults.add("status", endpoint=TRACK, status=400, body={"message": "No.", "errors": ["one is bad"]})
    assert deliver() == 0
    assert sorted(len(body["attributes"]) for body in bodies(sandbox, TRACK)) == [1] * 10 + [10]
