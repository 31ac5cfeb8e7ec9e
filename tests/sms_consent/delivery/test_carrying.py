"""While a profile may carry the states of a number that it has lost: what else may happen to it, by a reviewer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from sms_consent.delivery.identities import deliver_identities
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.models import BrazeProfile, Program
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROLS_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import (
    SIX_MINUTES,
    TRACK,
    alice_by_email,
    all_told,
    asks_first,
    bodies,
    later,
    merges_that_come_late,
    phones,
    prompts,
    seen,
    stop,
)
from tests.sms_consent.delivery.test_kept_states import family, second_program, waits_unsubscribed
from tests.sms_consent.webhooks import events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("open_hooks")]


@pytest.mark.parametrize("stands", ["pending", "unsubscribed"])
@pytest.mark.parametrize("is_given_up_first", [True, False])
def test_somebody_turns_out_to_be_alice(
    stands: str, is_given_up_first: bool, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Whose number is merged into the profile does not come into what it carries."""
    alice = family(visit, deliver, "sms")
    visit().ask_for_texts(CAROLS_PHONE)
    deliver()
    if stands == "unsubscribed":
        stop(CAROLS_PHONE)
    all_told(deliver)
    if is_given_up_first:
        alice.preferences("")
        deliver()
    alice.preferences(CAROLS_PHONE)
    for _ in range(6):
        deliver()
        assert seen(sandbox, SMS, CAROLS_PHONE) != SUBSCRIBED
        later(SIX_MINUTES)
    assert standing(CAROLS_PHONE, "sms") == stands
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


def test_a_number_that_a_text_had_made_known(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = family(visit, deliver, "sms")
    alice.preferences("")
    deliver()
    for ago, word in ((-10, "START"), (-5, "STOP")):
        sandbox.world.send_text(CAROLS_PHONE, word, SMS)
        events.send([events.text(word, phone=CAROLS_PHONE, at=events.now(ago))])
    alice.preferences(CAROLS_PHONE)
    sandbox.faults.add("status", endpoint=TRACK, status=503, times=None)
    deliver()
    assert standing(CAROLS_PHONE, "sms") == "unsubscribed"
    assert seen(sandbox, SMS, CAROLS_PHONE) != SUBSCRIBED


def test_a_late_merge_of_who_was_only_identified(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms")
    sandbox.world.send_text(CAROLS_PHONE, "START", SMS)
    events.send([events.text("START", phone=CAROLS_PHONE)])
    with closing(new_courier(Lane.REST)) as rest:
        assert deliver_identities(rest) == 1
    with merges_that_come_late(deliver, sandbox):
        alice.preferences(CAROLS_PHONE)
        alice.preferences(BOBS_PHONE)
    assert [it.phone for it in sandbox.world.people.profiles.values() if it.email == ALICE] == [None]


def test_a_group_that_braze_does_not_know_and_nobody_joined(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    second_program(sandbox)
    Program.objects.filter(slug="tips").update(subscription_group_id="5a4d0000-0000-4000-8000-0000000000ff")
    alice = family(visit, deliver, "sms")
    alice.preferences(BOBS_PHONE, "sms")
    all_told(deliver)
    assert BOBS_PHONE in phones(sandbox)


def test_back_to_the_old_number(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = family(visit, deliver, "sms")
    alice.preferences(BOBS_PHONE, "sms")
    deliver()
    alice.preferences(ALICES_PHONE, "sms")
    all_told(deliver)
    assert phones(sandbox) == [ALICES_PHONE] * 2
    assert [it.states.get(SMS) for it in sandbox.world.people.profiles.values()] == [SUBSCRIBED] * 2
    assert seen(sandbox, SMS, BOBS_PHONE) != SUBSCRIBED


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status"])
@pytest.mark.parametrize("call", ["the first", "the repeat"])
def test_a_call_that_fails(kind: Any, call: str, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = family(visit, deliver, "sms")
    asks_first()
    if call == "the first":
        sandbox.faults.add(kind, endpoint=TRACK)
    alice.preferences(CAROLS_PHONE, "sms")
    deliver()
    later(SIX_MINUTES)
    if call == "the repeat":
        sandbox.faults.add(kind, endpoint=TRACK)
    for _ in range(6):
        deliver()
        assert waits_unsubscribed(sandbox, CAROLS_PHONE)
        later(SIX_MINUTES)
    assert CAROLS_PHONE in phones(sandbox)
    assert prompts(sandbox, CAROLS_PHONE) == 1


@pytest.mark.parametrize("illegible", [["x"], "x"])
def test_what_cannot_be_read_keeps_nobody_from_changing_it(illegible: Any, visit: Visit, deliver: Deliver) -> None:
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms")
    BrazeProfile.objects.update(accepted=illegible)
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302


def test_a_number_that_braze_was_never_told_of(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Only emails were joined (rule 11): a change of the number is no news for Braze, and would cost money."""
    bob = visit()
    bob.sign_up(BOB, CAROLS_PHONE, "email")
    bob.press(bob.links(BOB)[-1])
    all_told(deliver)
    bob.sign_in(BOB)
    before = len(bodies(sandbox, TRACK))
    bob.preferences(BOBS_PHONE)
    all_told(deliver)
    assert bodies(sandbox, TRACK)[before:] == []
