"""A profile keeps its states when its number changes (R-phones): none of them may become the new number's.

Where the old number's consent goes on, for somebody else or because its handset gave it, it cannot be unsubscribed
there before the number is gone. The new one would be subscribed without having said yes (rules 2 and 11).
"""

from __future__ import annotations

from contextlib import closing

import pytest

from sms_consent import disclosures, selectors
from sms_consent.delivery.identities import deliver_identities
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.models import Program
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROLS_PHONE, Deliver, Visit, Visitor, standing
from tests.sms_consent.delivery.helpers import (
    TRACK,
    alice_after_a_text,
    alice_by_email,
    all_told,
    asks_first,
    later,
    prompts,
    seen,
    taken_back,
)
from tests.sms_consent.webhooks import events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("open_hooks")]


def waits_unsubscribed(sandbox: Sandbox, phone: str) -> bool:
    """Whether a number has been asked for here, and is not subscribed at Braze."""
    return standing(phone, "sms") == "pending" and seen(sandbox, SMS, phone) != SUBSCRIBED


def family(visit: Visit, deliver: Deliver, *boxes: str) -> Visitor:
    """Bob and Alice have one number, and both have joined these."""
    bob = visit()
    bob.sign_up(BOB, ALICES_PHONE, "email", *boxes)
    bob.press(bob.links(BOB)[-1])
    alice = alice_by_email(visit, deliver)
    alice.preferences(ALICES_PHONE, *boxes)
    all_told(deliver)
    return alice


def test_a_number_that_the_family_keeps(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = family(visit, deliver, "sms")
    asks_first()
    alice.preferences(BOBS_PHONE, "sms")
    deliver()
    assert waits_unsubscribed(sandbox, BOBS_PHONE)
    all_told(deliver)
    assert waits_unsubscribed(sandbox, BOBS_PHONE)
    assert prompts(sandbox, BOBS_PHONE) == 1
    assert [standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)] == ["subscribed", SUBSCRIBED]


def test_a_number_whose_handset_gave_the_consent(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms")
    taken_back(sandbox)
    alice.preferences(ALICES_PHONE)
    all_told(deliver)
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    asks_first()
    alice.preferences(BOBS_PHONE, "sms")
    all_told(deliver)
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert waits_unsubscribed(sandbox, BOBS_PHONE)
    assert prompts(sandbox, BOBS_PHONE) == 1


def test_a_program_that_the_new_number_has_not_joined(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Nobody is asked first: the new number joins one of two."""
    group = second_program(sandbox)
    alice = family(visit, deliver, "sms", "tips")
    assert seen(sandbox, group, ALICES_PHONE) == SUBSCRIBED
    alice.preferences(BOBS_PHONE, "sms")
    all_told(deliver)
    assert [standing(BOBS_PHONE, "sms"), standing(BOBS_PHONE, "tips")] == ["subscribed", "none"]
    assert seen(sandbox, SMS, BOBS_PHONE) == SUBSCRIBED
    assert seen(sandbox, group, BOBS_PHONE) != SUBSCRIBED


def second_program(sandbox: Sandbox) -> str:
    group = "5a4d0000-0000-4000-8000-000000000009"
    sandbox.world.set_group(group, "sms")
    copied = {"pk": None, "slug": "tips", "name": "Tips", "purpose": "tips", "subscription_group_id": group}
    program = Program.objects.get(slug="sms")
    for name, value in copied.items():
        setattr(program, name, value)
    program._state.adding = True
    program.save()
    draft = disclosures.draft(program, language="en", text=disclosures.SMS_DRAFT, label="Tips", button="Sign up")
    disclosures.publish(draft)
    selectors.forget_offers()
    return group


@pytest.mark.parametrize("waits", [False, True], ids=["a minute later", "when all has been told"])
def test_a_number_that_was_given_up_before(waits: bool, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = family(visit, deliver, "sms")
    alice.preferences("")
    deliver()
    later(60)
    if waits:
        all_told(deliver)
    asks_first()
    alice.preferences(BOBS_PHONE, "sms")
    all_told(deliver)
    assert waits_unsubscribed(sandbox, BOBS_PHONE)


@pytest.mark.parametrize("when", ["before identify", "before track"])
def test_a_number_that_braze_knew_by_itself(when: str, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    alice = alice_after_a_text(visit, sandbox)
    events.send([events.text("START")])
    alice.sign_in(ALICE)
    if when == "before track":
        with closing(new_courier(Lane.REST)) as rest:
            assert deliver_identities(rest) == 1
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302
    deliver()
    assert waits_unsubscribed(sandbox, BOBS_PHONE)
    all_told(deliver)
    assert waits_unsubscribed(sandbox, BOBS_PHONE)


def _bobs_phone_opts_in(sandbox: Sandbox, deliver: Deliver) -> None:
    sandbox.world.send_text(BOBS_PHONE, "START", SMS)
    events.send([events.text("START", phone=BOBS_PHONE)])
    all_told(deliver)


def test_a_number_that_came_with_a_merge(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    alice = alice_by_email(visit, deliver)
    _bobs_phone_opts_in(sandbox, deliver)
    fault = sandbox.faults.add("status", endpoint=TRACK, status=503, times=None)
    alice.preferences(BOBS_PHONE)  # theirs, and subscribed by its handset: merged
    deliver()
    sandbox.faults.clear()
    assert fault.fired
    alice.preferences(CAROLS_PHONE, "sms")
    later(60)
    deliver()
    assert waits_unsubscribed(sandbox, CAROLS_PHONE)
    all_told(deliver)
    assert waits_unsubscribed(sandbox, CAROLS_PHONE)


def test_a_number_whose_call_was_lost(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_by_email(visit, deliver)
    _bobs_phone_opts_in(sandbox, deliver)
    sandbox.faults.add("drop_after", endpoint=TRACK)
    alice.preferences(BOBS_PHONE)
    deliver()
    asks_first()
    alice.preferences(CAROLS_PHONE, "sms")
    all_told(deliver)
    assert waits_unsubscribed(sandbox, CAROLS_PHONE)
