"""The phone form at Braze: one text, and the cool-down after it (DOI-1 to DOI-7)."""

from __future__ import annotations

import pytest

from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import (
    SET,
    SIX_MINUTES,
    TRACK,
    asks_first,
    bodies,
    days_later,
    later,
    leave,
    prompts,
    seen,
    stop,
)


@pytest.fixture
def deliver(tidy_and_deliver: Deliver) -> Deliver:
    return tidy_and_deliver


@pytest.fixture
def asked(visit: Visit, deliver: Deliver) -> None:
    """Somebody typed Alice's number into the phone form, and her phone was asked."""
    visit().ask_for_texts(ALICES_PHONE)
    assert deliver() == 0


@pytest.mark.usefixtures("asked")
def test_both_calls_ask_and_one_text_comes(sandbox: Sandbox) -> None:
    (first,) = bodies(sandbox, SET)
    (person,) = bodies(sandbox, TRACK)[0]["attributes"]
    assert (first["phone"], first["use_double_opt_in_logic"]) == (ALICES_PHONE, True)
    assert person["subscription_groups"][0]["use_double_opt_in_logic"] is True
    assert prompts(sandbox, ALICES_PHONE) == 1
    assert seen(sandbox, SMS, ALICES_PHONE) is None


def test_a_number_that_braze_knows_is_asked_by_the_first_call(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    before = prompts(sandbox, ALICES_PHONE)
    visit().ask_for_texts(ALICES_PHONE)
    deliver()
    later(SIX_MINUTES)  # what was sent before her opt-out has landed by then, and so has its repeat
    assert deliver() == 0
    assert prompts(sandbox, ALICES_PHONE) == before + 1


def test_story_8_a_sign_up_does_not_answer_for_the_handset(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().ask_for_texts(ALICES_PHONE)
    deliver()
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    assert deliver() == 0
    assert standing(ALICES_PHONE, "sms") == "pending"
    assert (prompts(sandbox, ALICES_PHONE), seen(sandbox, SMS, ALICES_PHONE)) == (1, None)
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


def test_story_10_a_number_that_stopped_gets_no_text(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    stop(ALICES_PHONE)
    deliver()
    before = prompts(sandbox, ALICES_PHONE)
    visit().ask_for_texts(ALICES_PHONE)
    assert deliver() == 0
    assert prompts(sandbox, ALICES_PHONE) == before
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


# --- Cool-down -------------------------------------------------------------------------------------------


def two_days(deliver: Deliver, sandbox: Sandbox) -> None:
    """Let the worker ask, look again after five minutes, and then two days pass."""
    deliver()
    later(SIX_MINUTES)
    deliver()
    days_later(sandbox, 2)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("days", "texts", "records"), [(0, 1, 1), (0.99, 1, 1), (1.01, 2, 2)])
def test_asking_again_waits_for_a_day(
    days: float, texts: int, records: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    days_later(sandbox, days)
    visit().ask_for_texts(ALICES_PHONE)
    assert deliver() == 0
    assert prompts(sandbox, ALICES_PHONE) == texts
    assert acts(ALICES_PHONE, "sms") == ["requested"] * records
    assert standing(ALICES_PHONE, "sms") == "pending"


@pytest.mark.usefixtures("asked")
def test_a_number_is_asked_three_times_at_most(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    for _ in range(6):
        visit().ask_for_texts(ALICES_PHONE)
        two_days(deliver, sandbox)
    assert prompts(sandbox, ALICES_PHONE) == 3
    assert acts(ALICES_PHONE, "sms") == ["requested"] * 3


def test_signing_up_again_may_ask_no_more_often(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    for number in range(6):
        visit().sign_up(f"person{number}@example.com", ALICES_PHONE, "sms")
        two_days(deliver, sandbox)
    assert prompts(sandbox, ALICES_PHONE) == 3


@pytest.mark.usefixtures("asked")
def test_the_days_are_counted_anew_from_the_last_time(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    days_later(sandbox, 29)
    visit().ask_for_texts(ALICES_PHONE)
    days_later(sandbox, 29)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "pending"
    days_later(sandbox, 2)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "none"
