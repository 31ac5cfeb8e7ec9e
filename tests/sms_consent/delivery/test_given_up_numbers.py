"""A number that its handset opted in, and that the person who had typed it gives up: what the model found."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from sms_consent.braze.client import IDENTIFY
from sms_consent.delivery.numbers import deliver_numbers
from sms_consent.delivery.profiles import deliver_profiles
from sms_consent.delivery.worker import Lane, deliver_opt_outs_due, new_courier
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, Visitor, standing
from tests.sms_consent.delivery.helpers import (
    SIX_MINUTES,
    TRACK,
    alice_after_a_text,
    later,
    phones,
    seen,
    stop,
    taken_back,
)
from tests.sms_consent.delivery.test_races import in_the_middle
from tests.sms_consent.webhooks import events


def people_before_numbers() -> None:
    """Opt-outs are told, then one person and one number, as by a second worker; two seconds pass."""
    with closing(new_courier(Lane.OPT_OUTS)) as urgent, closing(new_courier(Lane.REST)) as rest:
        deliver_opt_outs_due(urgent)
        assert deliver_profiles(rest) == 1
        assert deliver_numbers(rest) == 1
    later(2)


@pytest.mark.django_db
def test_its_consent_stays_at_braze_as_it_does_here(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    taken_back(sandbox)
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    alice.preferences(BOBS_PHONE)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


@pytest.mark.django_db(transaction=True)
def test_the_number_after_it_keeps_what_it_has_agreed_to_whichever_worker_comes_first(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """What chaos found: Braze lets a profile keep its states under a new number, and so that seemed to have left."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    alice.sign_in(ALICE)
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302
    people_before_numbers()
    assert deliver() == 0
    assert standing(BOBS_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, BOBS_PHONE) == SUBSCRIBED
    assert not sandbox.world.people.holders(ALICES_PHONE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["an answer was lost", "it has none"])
def test_so_does_one_that_follows_a_number_of_which_nothing_is_written_down(
    how: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    if how == "an answer was lost":
        sandbox.faults.add("drop_after", times=1, endpoint=TRACK)
    deliver()
    alice.sign_in(ALICE)
    if how == "it has none":
        alice.preferences("")
        deliver()
    later(SIX_MINUTES)
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302
    people_before_numbers()
    deliver()
    assert standing(BOBS_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, BOBS_PHONE) == SUBSCRIBED


def _given_what_a_text_made(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> Visitor:
    """Alice has been given the profile that a text had made at Braze, has left by another, and has signed in."""
    alice = _to_be_given_what_a_text_made(visit, sandbox, settings)
    deliver()
    assert [it.external_id is not None for it in sandbox.world.holders(ALICES_PHONE)] == [True]
    later(SIX_MINUTES)
    deliver()
    alice.sign_in(ALICE)
    return alice


def _to_be_given_what_a_text_made(visit: Visit, sandbox: Sandbox, settings: Any) -> Visitor:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = alice_after_a_text(visit, sandbox)
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    events.send([events.text("STOP")])
    return alice


@pytest.mark.django_db(transaction=True)
def test_so_does_one_that_follows_a_number_that_braze_knew_by_itself(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """A profile that is given what a text made at Braze has that number from then on, and its states."""
    alice = _given_what_a_text_made(visit, deliver, sandbox, settings)
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302
    people_before_numbers()
    deliver()
    assert standing(BOBS_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, BOBS_PHONE) == SUBSCRIBED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("boxes", [(), ("sms",)], ids=["joins nothing", "joins and leaves"])
def test_braze_does_not_keep_one_that_it_knew_by_itself(
    boxes: tuple[str, ...], visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """What chaos found: no call had told of that number, so none took it back."""
    alice = _given_what_a_text_made(visit, deliver, sandbox, settings)
    alice.preferences(BOBS_PHONE, *boxes)
    stop(BOBS_PHONE)
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert phones(sandbox) == [None]


@pytest.mark.django_db(transaction=True)
def test_braze_does_not_keep_one_that_was_changed_while_it_came(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    alice = _to_be_given_what_a_text_made(visit, sandbox, settings)
    alice.sign_in(ALICE)
    with in_the_middle(sandbox, IDENTIFY, deliver):
        alice.preferences(BOBS_PHONE)
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert phones(sandbox) == [None]


@pytest.mark.django_db(transaction=True)
def test_braze_does_not_keep_one_that_came_with_somebody_who_turned_out_to_be_alice(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().ask_for_texts(ALICES_PHONE)
    deliver()
    stop(ALICES_PHONE)
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    alice.sign_in(ALICE)
    alice.preferences(ALICES_PHONE)
    deliver()
    assert phones(sandbox) == [ALICES_PHONE]
    later(SIX_MINUTES)
    alice.preferences(BOBS_PHONE)
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert phones(sandbox) == [None]
