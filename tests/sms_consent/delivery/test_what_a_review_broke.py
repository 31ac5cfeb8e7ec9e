"""What a review broke: addresses that change at Braze, which applies calls in any order."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from django.core.management import call_command

from sms_consent import erasures, lines, outbox
from sms_consent.delivery.worker import Lane, deliver_opt_outs_due, new_courier
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Deliver, Visit, second_email_program, standing
from tests.sms_consent.delivery.helpers import (
    SET,
    SIX_MINUTES,
    TRACK,
    all_answered,
    asks_first,
    bodies,
    later,
    seen,
    taken_back,
)
from tests.sms_consent.delivery.test_moving_profiles import NEW_MAILBOX, change_mailbox, phones, signed_in
from tests.sms_consent.webhooks import events
from tests.waiting import until

pytestmark = pytest.mark.django_db


def test_farewell_that_lands_late_takes_no_consent_from_the_next_mailbox(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = signed_in(visit(), deliver, "email")
    sandbox.faults.add("late", times=1, endpoint=TRACK)
    change_mailbox(alice)
    deliver()
    assert alice.preferences("", "email").status_code == 302
    assert standing(NEW_MAILBOX, "email") == "subscribed"
    deliver()
    assert seen(sandbox, EMAIL, NEW_MAILBOX) == SUBSCRIBED
    said = len(sandbox.world.events)
    sandbox.world.apply_late("arrival")
    later(SIX_MINUTES)
    assert deliver() == 0
    later(SIX_MINUTES)
    assert deliver() == 0
    for event in sandbox.world.events[said:]:
        events.send([event.as_json() | {"time": event.time - 2 * SIX_MINUTES}])
    assert standing(NEW_MAILBOX, "email") == "subscribed"
    assert seen(sandbox, EMAIL, NEW_MAILBOX) == SUBSCRIBED


def test_astray_to_another_number_and_back(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_TIMEOUT = 1.0
    alice = signed_in(visit(), deliver, "sms", "email")
    later(SIX_MINUTES)
    slow = sandbox.faults.add("slow", times=1, endpoint=TRACK, seconds=60)
    alice.preferences(BOBS_PHONE, "sms")
    deliver()
    alice.preferences(ALICES_PHONE, "sms")
    later(5)
    deliver()
    assert phones(sandbox) == [None]  # Braze may have had either: the number waits until all that has landed
    sandbox.faults.release(slow)
    all_answered(sandbox)
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert phones(sandbox) == [ALICES_PHONE]


def test_first_call_astray_then_another_number(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_TIMEOUT = 1.0
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    slow = sandbox.faults.add("slow", times=1, endpoint=TRACK, seconds=60)
    deliver()
    alice.sign_in(ALICE)
    alice.preferences(BOBS_PHONE, "sms")
    later(5)
    deliver()
    later(2)
    deliver()
    assert phones(sandbox) == [BOBS_PHONE]
    sandbox.faults.release(slow)
    until(lambda: phones(sandbox) == [ALICES_PHONE])
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert phones(sandbox) == [BOBS_PHONE]


def test_an_email_consent_does_not_wait_for_a_repeat(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = signed_in(visit(), deliver, "sms", "email")
    alice.preferences(BOBS_PHONE, "sms", "email")
    deliver()
    assert BrazeProfile.objects.get().is_recheck
    row = Subscription.objects.get(address=ALICE)
    assert outbox.insist_on_consent(row.pk)  # as `reconcile_braze --enforce`, or a changed group id
    assert deliver() == 0


def test_erased_while_the_repeat_is_in_flight(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = signed_in(visit(), deliver, "sms", "email")
    alice.client.post("/preferences/", {"leave": "texts"})
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    person = BrazeProfile.objects.get().person
    person.language = "fr"
    person.save()
    deliver()
    change_mailbox(alice)
    deliver()
    assert BrazeProfile.objects.get().is_recheck
    later(SIX_MINUTES)
    with closing(new_courier(Lane.OPT_OUTS)) as urgent:
        deliver_opt_outs_due(urgent)
    # A worker takes the repeat, sends it, and is killed before there is an answer.
    assert outbox.claim_people(10)
    call_command("erase_person", NEW_MAILBOX, verbosity=0)
    deliver()
    later(61)  # its lease
    deliver()
    assert not bodies(sandbox, "/users/delete"), "its call may land for five minutes"


def test_held_back_for_a_line_that_has_stopped(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    """The key may not set subscription states; the first call about a new person is not answered."""
    sandbox.faults.add("status", times=None, endpoint=SET, status=401)
    visit().sign_up(BOB, BOBS_PHONE, "sms")
    deliver()
    for _ in range(6):  # probes grow rare
        later(3600)
        deliver()
    later(60)
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    sandbox.faults.add("drop_before", times=1, endpoint=TRACK)
    deliver()
    before = len(bodies(sandbox, TRACK))
    for _ in range(20):
        later(10)
        deliver()
    assert len(bodies(sandbox, TRACK)) > before
    assert Subscription.objects.get(address=ALICE).told == "subscribed"


def test_a_new_number_starts_with_no_consent_at_braze_late_opt_out(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = signed_in(visit(), deliver, "sms", "email")
    later(SIX_MINUTES)
    asks_first()
    sandbox.faults.add("late", times=1, endpoint=SET, match="unsubscribed")
    alice.preferences(BOBS_PHONE, "sms")
    assert standing(BOBS_PHONE, "sms") == "pending"
    deliver()
    later(2)
    deliver()
    sandbox.world.apply_late("arrival")
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert seen(sandbox, SMS, BOBS_PHONE) != SUBSCRIBED


def test_a_mailbox_that_has_left_is_not_brought_back_by_a_repeat(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = signed_in(visit(), deliver, "email")
    later(2 * SIX_MINUTES)
    change_mailbox(alice)  # the old one leaves everything
    deliver()
    alice.preferences("", "email")  # the new one joins
    deliver()
    alice.client.post("/preferences/email/", {"email": ALICE})  # and back to the old one, which joins nothing
    assert alice.client.post("/preferences/email/", {"code": alice.code(ALICE)}).status_code == 302
    assert standing(ALICE, "email") == "unsubscribed"
    for _ in range(4):
        deliver()
        later(SIX_MINUTES)
    found = [(p.email, p.email_subscribe) for p in sandbox.world.profiles if p.external_id]
    assert found in ([(None, "subscribed")], [(None, "unsubscribed")], [(ALICE, "unsubscribed")]), found


def test_a_number_that_stays_subscribed_lends_no_consent_to_the_next(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    taken_back(sandbox)
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    alice.preferences("")
    deliver()
    later(SIX_MINUTES)
    deliver()
    asks_first()
    alice.preferences(BOBS_PHONE, "sms")
    assert standing(BOBS_PHONE, "sms") == "pending"
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    assert seen(sandbox, SMS, BOBS_PHONE) != SUBSCRIBED


def test_dashboard_hint_soon_after_an_opt_out(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = signed_in(visit(), deliver, "sms", "email")
    later(SIX_MINUTES)
    later(SIX_MINUTES)
    alice.client.post("/preferences/", {"leave": "texts"})
    deliver()
    row = Subscription.objects.get(address=ALICES_PHONE)
    assert (row.state, row.due_at) == ("unsubscribed", None)
    with sandbox.world.lock:
        for profile in sandbox.world.profiles:
            profile.states[SMS] = SUBSCRIBED
    events.campaign("subscribed", source="Dashboard")
    deliver()
    row = Subscription.objects.get(address=ALICES_PHONE)
    assert row.due_at is None


def test_a_late_y_does_not_hold_up_an_erasure_for_ever(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    signed_in(visit(), deliver, "sms", "email")
    call_command("erase_person", ALICE, verbosity=0)
    for _ in range(5):
        deliver()
        later(SIX_MINUTES)
    deliver()
    assert not Subscription.objects.exclude(address="").exists()
    assert events.send([events.changed("Subscribed", "Inbound Message")]).status_code == 200
    later(SIX_MINUTES)
    deliver()
    again = visit()
    again.sign_up(ALICE, ALICES_PHONE)
    call_command("erase_person", ALICES_PHONE, verbosity=0)
    for _ in range(5):
        deliver()
        later(SIX_MINUTES)
    deliver()
    assert not list(erasures.under_way())


def test_a_repeat_that_died_is_counted_as_any_call_whose_fate_is_unknown(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = signed_in(visit(), deliver, "sms", "email")
    alice.preferences(BOBS_PHONE, "sms", "email")
    deliver()
    later(SIX_MINUTES)
    with closing(new_courier(Lane.OPT_OUTS)) as urgent:
        deliver_opt_outs_due(urgent)
    assert outbox.claim_people(10)  # sent, and killed
    lines.stop(TRACK, Lane.REST, reason="401", refused=lines.account_fingerprint())
    assert deliver() == 1


def test_a_late_call_leaves_no_consent_behind_for_the_next_mailbox(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """The repeat takes the old address away once more, but not the states that came back with it."""
    tips = second_email_program(sandbox)
    alice = visit()
    alice.sign_up(ALICE, "", "email", "tips")
    alice.press(alice.links(ALICE)[-1])
    sandbox.faults.add("late", times=1, endpoint=TRACK)
    deliver()
    alice.sign_in(ALICE)
    change_mailbox(alice)
    deliver()
    sandbox.world.apply_late("arrival")
    alice.preferences("", "email")  # not the tips
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    assert standing(NEW_MAILBOX, "email") == "subscribed"
    assert standing(NEW_MAILBOX, "tips") != "subscribed"
    assert seen(sandbox, tips.subscription_group_id, NEW_MAILBOX) != SUBSCRIBED
