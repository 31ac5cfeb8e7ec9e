"""The global email state: told by address, in the opt-outs' own lane, once the last email program is left."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent.models import BrazeProfile
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL
from tests.people import ALICE, Deliver, Visit, Visitor
from tests.sms_consent.delivery.helpers import SET, SIX_MINUTES, TRACK, bodies, later, leave, parked, seen, stopped

GLOBAL = "/email/status"


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice, whose emails are on at Braze."""
    visitor = visit()
    visitor.sign_up(ALICE, "", "email")
    visitor.press(visitor.links(ALICE)[0])
    assert deliver() == 0
    return visitor


def state(sandbox: Sandbox) -> str:
    return str(sandbox.world.profiles[0].email_subscribe)


@pytest.mark.parametrize("status", [429, 503, 400, 401])
def test_trouble_with_people_does_not_hold_it_up(
    status: int, alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("status", endpoint=TRACK, status=status, seconds=60, times=None)
    leave(ALICE)
    deliver()
    assert (state(sandbox), seen(sandbox, EMAIL, ALICE)) == ("unsubscribed", UNSUBSCRIBED)
    assert bodies(sandbox, GLOBAL) == [{"email": [ALICE], "subscription_state": "unsubscribed"}]


def test_a_consent_that_braze_applies_last_is_overtaken_again(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    sandbox.faults.add("late", endpoint=TRACK)
    deliver()
    leave(ALICE)
    deliver()
    sandbox.world.apply_late()
    assert state(sandbox) == "opted_in"
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (state(sandbox), seen(sandbox, EMAIL, ALICE)) == ("unsubscribed", UNSUBSCRIBED)


@pytest.mark.parametrize("status", [429, 503, 401])
def test_the_groups_opt_out_does_not_wait_for_it(
    status: int, alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("status", endpoint=GLOBAL, status=status, seconds=1)
    leave(ALICE)
    assert deliver() == 1
    assert (state(sandbox), seen(sandbox, EMAIL, ALICE)) == ("opted_in", UNSUBSCRIBED)
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (state(sandbox), parked()) == ("unsubscribed", [])


def test_who_comes_back_is_opted_in_again(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "email"})
    deliver()
    alice.preferences("", "email")
    assert deliver() == 0
    assert (state(sandbox), seen(sandbox, EMAIL, ALICE)) == ("opted_in", SUBSCRIBED)


def test_an_opt_out_costs_no_attribute(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    told = len(bodies(sandbox, TRACK))
    leave(ALICE)
    assert deliver() == 0
    assert len(bodies(sandbox, TRACK)) == told
    assert "email_subscribe" not in BrazeProfile.objects.get().accepted


def test_a_program_left_of_two_tells_the_group_only(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    from tests.people import second_email_program

    tips = second_email_program(sandbox)
    alice.sign_in(ALICE)
    alice.preferences("", "tips")
    deliver()
    leave(ALICE, tips)
    assert deliver() == 0
    assert (bodies(sandbox, GLOBAL), len(bodies(sandbox, SET))) == ([], 1)


@pytest.mark.parametrize("trouble", [{"status": 400, "body": {"message": "Invalid subscription group ID"}}, {}])
def test_trouble_with_the_group_does_not_hold_it_up(
    trouble: Any, alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("status", endpoint=SET, times=None, **trouble)
    leave(ALICE)
    assert deliver() == 1
    assert state(sandbox) == "unsubscribed"


def test_a_park_of_it_does_not_stop_the_repeat_of_the_groups_opt_out(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    sandbox.faults.add("late", endpoint=TRACK)
    deliver()
    sandbox.faults.add("status", endpoint=GLOBAL, status=400)
    leave(ALICE)
    deliver()
    assert len(parked()) == 1
    sandbox.world.apply_late()
    later(SIX_MINUTES)
    deliver()
    assert seen(sandbox, EMAIL, ALICE) == UNSUBSCRIBED


def test_a_key_that_may_not_set_it_stops_that_line_alone(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint=GLOBAL, status=403, times=None)
    leave(ALICE)
    for _ in range(3):
        assert deliver() == 1
        later(40)
    assert (stopped(), len(bodies(sandbox, SET))) == ([(GLOBAL, "opt_outs")], 1)
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert (deliver(), state(sandbox)) == (0, "unsubscribed")
