"""What goes into a call: batches, shapes, and only what differs."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from accounts.models import User
from sms_consent import outbox
from sms_consent.delivery.worker import Lane, deliver_due, new_courier
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit
from tests.sms_consent.delivery.helpers import (
    SET,
    TRACK,
    alice_by_email,
    bodies,
    confirmed,
    crowd,
    disagreements,
    email,
    leave,
    phone,
    seen,
    stop,
)


def test_a_crowd_travels_in_batches_of_fifty(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(120), "sms")
    assert deliver() == 0
    numbers, people = bodies(sandbox, SET), bodies(sandbox, TRACK)
    assert sorted(len(body["phone"]) for body in numbers) == [20, 50, 50]
    assert set(numbers[0]) == {"subscription_group_id", "subscription_state", "phone"}
    assert sorted(len(body["attributes"]) for body in people) == [20, 50, 50]
    assert disagreements(sandbox) == []


def test_numbers_without_end_leave_people_their_turn(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """However slow Braze is: what is counted is time, not calls."""
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    sandbox.faults.add("latency", endpoint=SET, seconds=0.8, times=None)
    crowd(range(300), "sms")
    assert deliver() == 0
    order = [call.path for call in sandbox.world.calls if call.path in (SET, TRACK)]
    assert order.count(SET) == order.count(TRACK) == 6
    assert SET in order[order.index(TRACK) :]
    assert disagreements(sandbox) == []


def test_an_email_consent_that_waits_alone_is_told_however_many_come_meanwhile(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    alice_by_email(visit, deliver)
    outbox.send_again(Subscription.objects.filter(address=ALICE))
    with closing(new_courier(Lane.REST)) as courier:
        for turn in range(2):
            crowd(range(turn * courier.claim_size, (turn + 1) * courier.claim_size), "sms")
            deliver_due(courier)
    assert Subscription.objects.get(address=ALICE).told == "subscribed"


def test_one_new_person_travels_by_name_and_number(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    (body,) = bodies(sandbox, SET)
    assert (body["external_id"], body["phone"]) == (User.objects.get().external_id, ALICES_PHONE)


def test_opt_outs_travel_by_number_alone(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(60), "sms")
    deliver()
    told = len(bodies(sandbox, SET))
    for number in range(60):
        stop(phone(number))
    assert deliver() == 0
    outs = bodies(sandbox, SET)[told:]
    assert sorted(len(body["phone"]) for body in outs) == [10, 50]
    assert {body["subscription_state"] for body in outs} == {"unsubscribed"}
    assert disagreements(sandbox) == []


def test_email_opt_outs_travel_by_address(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    leave(ALICE)
    assert deliver() == 0
    assert bodies(sandbox, SET) == [
        {"subscription_group_id": EMAIL, "subscription_state": "unsubscribed", "email": [ALICE]}
    ]
    (profile,) = sandbox.world.profiles
    assert (profile.states[EMAIL], profile.email_subscribe) == (UNSUBSCRIBED, "unsubscribed")


def test_an_opt_out_of_a_number_that_nobody_here_holds_is_sent(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    stop(ALICES_PHONE)
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_nothing_is_sent_twice(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    calls = len(sandbox.world.calls)
    User.objects.get().save()
    assert deliver() == 0
    assert len(sandbox.world.calls) == calls


def test_only_what_differs_is_sent(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    person = User.objects.get()
    person.time_zone = "Europe/London"
    person.save()
    deliver()
    assert bodies(sandbox, TRACK)[-1] == {
        "attributes": [{"external_id": person.external_id, "time_zone": "Europe/London"}]
    }


def test_unknown_sends_everything_again(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    outbox.send_again(BrazeProfile.objects.all())
    assert deliver() == 0
    (person,) = bodies(sandbox, TRACK)[-1]["attributes"]
    assert {"phone", "language", "country", "email"} <= set(person)


def test_a_pending_email_never_becomes_due(visit: Visit, deliver: Deliver, programs: dict[str, Program]) -> None:
    visit().sign_up(ALICE, "", "email")
    deliver()
    outbox.forget_group(programs["email"].pk)
    outbox.send_again(programs["email"].subscriptions.all())
    assert deliver() == 0


def test_a_changed_group_is_told_everything_again(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    alice = visit()
    crowd([1], "sms", "email")
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    stop(phone(1))
    deliver()
    for slug, channel in (("sms", "sms"), ("email", "email")):
        _move(programs[slug], f"{slug}-moved-0000", channel, sandbox)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def _move(program: Program, group: str, channel: Any, sandbox: Sandbox) -> None:
    sandbox.world.set_group(group, channel)
    program.subscription_group_id = group
    program.save()
    outbox.forget_group(program.pk)


def test_there_and_back_again_is_told(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    alice.sign_in(ALICE)
    leave(ALICE)
    alice.preferences("", "email")
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_a_person_whose_row_is_taken_over_is_merged(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    deliver()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    phone_only = User.objects.get(email=None).external_id
    alice.press(alice.links(ALICE)[-1])
    assert deliver() == 0
    (merge,) = bodies(sandbox, "/users/merge")
    kept = User.objects.get(email=ALICE).external_id
    assert merge["merge_updates"] == [
        {"identifier_to_merge": {"external_id": phone_only}, "identifier_to_keep": {"external_id": kept}}
    ]
    assert [profile.external_id for profile in sandbox.world.profiles] == [kept]
    assert BrazeProfile.objects.filter(person=None).count() == 0


def test_a_merge_that_may_not_be_made_holds_up_nothing_else(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    deliver()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    sandbox.faults.add("status", endpoint="/users/merge", status=403, times=None)
    alice.press(alice.links(ALICE)[-1])
    visit().sign_up(BOB, phone(1), "sms")
    assert deliver() == 1
    deliver()
    assert len(bodies(sandbox, "/users/merge")) == 1
    assert disagreements(sandbox) == []


def test_fifty_email_consents_travel_with_their_people(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(3), "email")
    from django.core.management import call_command

    call_command("send_mail", "--once")
    confirmed(range(3), visit())
    assert deliver() == 0
    assert {profile.email for profile in sandbox.world.profiles} == {email(number) for number in range(3)}
    assert disagreements(sandbox) == []
