"""Double opt-in: asked once, in both calls of the pair; looked at; asked once more at most (design.md §4.2)."""

from __future__ import annotations

import pytest

from sms_consent import outbox
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    SIX_MINUTES,
    TRACK,
    asks_first,
    bodies,
    later,
    leave,
    prompts,
    seen,
    stop,
)


@pytest.fixture
def asked(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice, who ticked the box of a program that asks first, and was asked."""
    asks_first()
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    return alice


def asks(sandbox: Sandbox) -> int:
    return sum(body.get("use_double_opt_in_logic") is True for body in bodies(sandbox, SET))


def test_both_calls_of_the_pair_ask_and_one_prompt_comes(asked: Visitor, sandbox: Sandbox) -> None:
    (first,) = bodies(sandbox, SET)
    (person,) = bodies(sandbox, TRACK)[0]["attributes"]
    assert first["use_double_opt_in_logic"] is True
    assert person["subscription_groups"][0]["use_double_opt_in_logic"] is True
    assert prompts(sandbox, ALICES_PHONE) == 1
    assert seen(sandbox, SMS, ALICES_PHONE) is None


def test_without_an_answer_it_is_asked_once_more_and_never_again(
    asked: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    looks = len(sandbox.world.calls_to(LOOK))
    for _ in range(4):
        later(SIX_MINUTES)
        assert deliver() == 0
    assert len(sandbox.world.calls_to(LOOK)) == looks + 1
    assert asks(sandbox) == 2
    assert Subscription.objects.get().due_at is None


def test_not_before_five_minutes(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    later(280)
    deliver()
    assert asks(sandbox) == 1


def test_who_answered_is_not_asked_again(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    for _ in range(3):
        later(SIX_MINUTES)
        deliver()
    assert asks(sandbox) == 1
    assert seen(sandbox, SMS, ALICES_PHONE) == "Subscribed"


def test_nobody_is_asked_after_an_opt_out(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    stop(ALICES_PHONE)
    for _ in range(3):
        later(SIX_MINUTES)
        assert deliver() == 0
    assert asks(sandbox) == 1
    assert seen(sandbox, SMS, ALICES_PHONE) == "Unsubscribed"


def test_an_ask_of_unknown_fate_waits_for_the_second_look(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    sandbox.faults.add("drop_after", endpoint=SET)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 1
    deliver()
    assert asks(sandbox) == 1
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (asks(sandbox), prompts(sandbox, ALICES_PHONE)) == (2, 1)


@pytest.mark.parametrize("seconds", [10, SIX_MINUTES])
def test_the_second_call_still_asks_when_it_had_to_be_repeated(
    seconds: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    sandbox.faults.add("drop_before", endpoint=TRACK)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 1
    later(seconds)
    deliver()
    assert prompts(sandbox, ALICES_PHONE) == 1


def test_the_second_person_with_the_number_prompts_nobody_later(
    asked: Visitor, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    for _ in range(2):
        later(SIX_MINUTES)
        deliver()
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    deliver()
    (person,) = bodies(sandbox, TRACK)[-1]["attributes"]
    assert (person["phone"], person.get("subscription_groups")) == (ALICES_PHONE, None)


def test_a_limit_counts_as_no_ask(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    sandbox.faults.add("status", endpoint=SET, status=429, form="mau", seconds=2, times=3)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(3):
        assert deliver() > 0
        later(3)
    assert deliver() == 0
    assert Subscription.objects.get().asked == 1


def test_an_earlier_stop_at_braze_is_not_asked_over(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert (asks(sandbox), standing(ALICES_PHONE, "sms")) == (0, "unsubscribed")
    assert acts(ALICES_PHONE, "sms") == ["requested", "withdrawn"]


def test_answers_that_get_lost_do_not_make_it_ask_a_third_time(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    sandbox.faults.add("drop_after", endpoint=SET, times=None)
    sandbox.faults.add("drop_after", endpoint=TRACK, times=None)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(5):
        deliver()
        later(SIX_MINUTES)
    people = [person for body in bodies(sandbox, TRACK) for person in body["attributes"]]
    carried = [person for person in people if "subscription_groups" in person]
    assert (asks(sandbox), len(carried)) == (2, 2)
    assert Subscription.objects.get().due_at is None


def test_a_long_outage_of_the_second_call_does_not_use_up_the_request(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    sandbox.faults.add("status", endpoint=TRACK, times=None)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(4):
        deliver()
        later(SIX_MINUTES)
    assert prompts(sandbox, ALICES_PHONE) == 0
    sandbox.faults.clear()
    assert deliver() == 0
    assert prompts(sandbox, ALICES_PHONE) == 1


def test_a_worker_that_dies_before_its_look_does_not_make_the_next_one_ask_over_a_stop(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert outbox.claim_numbers(50)
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (asks(sandbox), acts(ALICES_PHONE, "sms")) == (0, ["requested", "withdrawn"])


def test_a_worker_that_dies_while_asking_again_has_asked(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    later(SIX_MINUTES)
    assert outbox.claim_numbers(50)
    for _ in range(2):
        later(SIX_MINUTES)
        assert deliver() == 0
    assert (asks(sandbox), Subscription.objects.get().due_at) == (1, None)


def test_a_long_outage_of_the_first_call_does_not_use_up_the_asks(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    sandbox.faults.add("status", endpoint=SET, status=503, times=None)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(4):
        deliver()
        later(SIX_MINUTES)
    assert prompts(sandbox, ALICES_PHONE) == 0
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert (deliver(), prompts(sandbox, ALICES_PHONE)) == (0, 1)


def test_who_comes_back_is_started_again_by_the_second_call(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    leave(ALICES_PHONE)
    deliver()
    asked.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    later(SIX_MINUTES)
    outbox.send_again(BrazeProfile.objects.all())
    deliver()
    (person,) = bodies(sandbox, TRACK)[-1]["attributes"]
    assert person["subscription_groups"][0]["use_double_opt_in_logic"] is True
