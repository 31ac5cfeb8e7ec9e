"""A program moves to another subscription group: everybody is told again, a few hundred rows at a time."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sms_consent import outbox
from sms_consent.delivery import Worker, deliver_due, deliver_opt_outs_due
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.models import Program, Subscription
from sms_consent.outbox.marking import MOST_AT_ONCE
from sms_consent.people import subject
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit
from tests.sms_consent.delivery.helpers import LOOK, SET, bodies, disagreements, phone
from tests.sms_consent.delivery.test_races import in_flight, meanwhile

MANY = 1200
FIRST, SECOND = "5a4d0000-0000-4000-8000-00000000000a", "5a4d0000-0000-4000-8000-00000000000b"


@pytest.fixture
def many(programs: dict[str, Program]) -> Program:
    """The program for texts, with so many numbers that Braze was told of, every seventh an opt-out."""
    numbers = [
        consent(programs["sms"], number, "subscribed" if number % 7 else "unsubscribed") for number in range(MANY)
    ]
    Subscription.objects.bulk_create(numbers)
    return programs["sms"]


def consent(program: Program, number: int, state: str) -> Subscription:
    """Return a consent of nobody's, so that it travels in no call but its own."""
    address, now = phone(number), timezone.now()
    return Subscription(
        program=program, subject=subject(address), address=address, state=state, told=state, told_at=now
    )


def move(program: Program, group: str, sandbox: Sandbox) -> None:
    """Do what the admin does when the group is changed there."""
    sandbox.world.set_group(group, "sms")
    Program.objects.filter(pk=program.pk).update(subscription_group_id=group)
    outbox.forget_group(program.pk)


def unknown() -> int:
    return Subscription.objects.filter(told="unknown").count()


def test_everybody_is_told_again(many: Program, sandbox: Sandbox, deliver: Deliver) -> None:
    move(many, FIRST, sandbox)
    assert deliver() == 0
    assert disagreements(sandbox) == []
    assert sum(len(body["phone"]) for body in bodies(sandbox, SET)) == MANY


def test_no_transaction_holds_more_than_a_few_hundred_rows(many: Program, sandbox: Sandbox) -> None:
    move(many, FIRST, sandbox)
    assert outbox.forget_some()
    assert unknown() == MOST_AT_ONCE


def test_whoever_comes_after_a_crash_goes_on_where_it_was(many: Program, sandbox: Sandbox, deliver: Deliver) -> None:
    move(many, FIRST, sandbox)
    outbox.forget_some()
    first = Subscription.objects.order_by("pk").values_list("version", flat=True)[0]
    outbox.forget_some()
    assert Subscription.objects.order_by("pk").values_list("version", flat=True)[0] == first
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_what_is_left_to_forget_counts_as_unsent(many: Program, sandbox: Sandbox) -> None:
    move(many, FIRST, sandbox)
    told_to_stop = Worker()
    told_to_stop.stop()
    assert told_to_stop.run_once() == 1


def test_a_consent_waits_until_the_new_group_can_be_looked_at(
    programs: dict[str, Program], sandbox: Sandbox, deliver: Deliver
) -> None:
    """The old group was looked at before it was told; of the new one that says nothing."""
    told = consent(programs["sms"], 1, "subscribed")
    told.looked_at = told.told_at
    told.save()
    outbox.send_again(Subscription.objects.all())
    move(programs["sms"], FIRST, sandbox)
    sandbox.world.send_text(phone(1), "STOP", FIRST)
    with closing(new_courier(Lane.REST)) as lane:
        deliver_due(lane)
    assert deliver() == 0
    assert bodies(sandbox, SET) == []
    assert Subscription.objects.get().state == "unsubscribed"


def test_moving_again_half_way_starts_again(many: Program, sandbox: Sandbox, deliver: Deliver) -> None:
    move(many, FIRST, sandbox)
    with closing(new_courier(Lane.OPT_OUTS)) as lane:
        deliver_opt_outs_due(lane)
    assert {body["subscription_group_id"] for body in bodies(sandbox, SET)} == {FIRST}
    move(many, SECOND, sandbox)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_other_programs_are_left_alone(
    many: Program, programs: dict[str, Program], sandbox: Sandbox, deliver: Deliver
) -> None:
    outbox.forget_group(programs["email"].pk)
    deliver()
    assert (unknown(), bodies(sandbox, SET)) == (0, [])


def test_two_programs_move_at_once(
    many: Program, programs: dict[str, Program], sandbox: Sandbox, deliver: Deliver
) -> None:
    outbox.forget_group(programs["email"].pk)
    move(many, FIRST, sandbox)
    assert deliver() == 0
    assert disagreements(sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_a_call_that_was_open_to_the_old_group_counts_for_nothing(
    sandbox: Sandbox, programs: dict[str, Program], deliver: Deliver
) -> None:
    consent(programs["sms"], 1, "subscribed").save()
    outbox.send_again(Subscription.objects.all())
    sandbox.faults.add("latency", endpoint=SET, seconds=0.4)
    with meanwhile(deliver):
        assert in_flight(sandbox, SET)
        move(programs["sms"], FIRST, sandbox)
        outbox.forget_some()  # as the other lane does, which waits for no call of this one
    assert deliver() == 0
    assert disagreements(sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_a_look_at_the_old_group_says_nothing_of_the_new_one(
    visit: Visit, sandbox: Sandbox, programs: dict[str, Program], deliver: Deliver
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    sandbox.faults.add("latency", endpoint=LOOK, seconds=0.4)
    with meanwhile(deliver):
        assert in_flight(sandbox, LOOK)
        move(programs["sms"], FIRST, sandbox)
        sandbox.world.send_text(ALICES_PHONE, "STOP", FIRST)
    assert deliver() == 0
    assert Subscription.objects.get().state == "unsubscribed"
    assert bodies(sandbox, SET) == []


@pytest.mark.usefixtures("programs")
def test_a_round_with_nothing_to_forget_only_looks() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert not outbox.forget_some()
    assert [query["sql"].split()[0] for query in asked] == ["SELECT"]
