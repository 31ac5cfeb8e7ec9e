"""Two real connections at once: opt-outs between claim and load, and while calls are in flight (rule 7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from sms_consent import outbox
from sms_consent.delivery import Worker
from sms_consent.delivery.jobs import ACCEPTED
from sms_consent.delivery.numbers import status_jobs
from sms_consent.delivery.pipeline import Courier, run
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from sms_consent.sandbox.faults import Kind
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, send_sign_up
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    SIX_MINUTES,
    TRACK,
    all_answered,
    bodies,
    crowd,
    disagreements,
    later,
    leave,
    phone,
    seen,
    stop,
)

PATIENCE = 30.0  # seconds: on a slow machine everything takes long

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


def elsewhere(action: Callable[..., Any], *args: Any) -> Future[Any]:
    """Do something in a thread with a connection of its own."""

    def act() -> Any:
        try:
            return action(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act)


@contextmanager
def meanwhile(action: Callable[[], Any]) -> Iterator[Callable[[], None]]:
    """Have something happen in a thread of its own; yields what waits for its end, as the end of the block does."""
    failed: list[Exception] = []

    def act() -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - told to the test below
            failed.append(error)
        finally:
            connection.close()

    def ended() -> None:
        thread.join(PATIENCE)
        assert (thread.is_alive(), failed) == (False, [])

    thread = threading.Thread(target=act)
    thread.start()
    yield ended
    ended()


@contextmanager
def in_the_middle(
    sandbox: Sandbox, path: str, action: Callable[[], Any], kind: Kind = "slow"
) -> Iterator[Callable[[], None]]:
    """Have something call Braze; its call on this path stays in flight for as long as the block takes.

    A `slow` call is applied when the block ends, one with `latency` before it begins: only the answer is held up.
    """
    fault = sandbox.faults.add(kind, endpoint=path, seconds=PATIENCE)
    with meanwhile(action) as ended:
        try:
            assert in_flight(sandbox, path)
            yield ended
        finally:
            sandbox.faults.release(fault)


@pytest.fixture
def courier(sandbox: Sandbox) -> Iterator[Courier]:
    made = new_courier(Lane.REST)
    yield made
    made.close()


def in_flight(sandbox: Sandbox, path: str, count: int = 1) -> bool:
    """Wait until so many calls have come and are not answered yet."""

    def is_so() -> bool:
        return sum(call.seconds is None for call in sandbox.world.calls_to(path)) == count

    return sandbox.world.wait_until(is_so, PATIENCE)


def test_an_opt_out_between_claim_and_load_is_not_lost(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, courier: Courier
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    claims = outbox.claim_numbers(50)
    elsewhere(stop, ALICES_PHONE).result()
    run(status_jobs(courier, claims), courier)
    assert bodies(sandbox, SET) == []
    assert deliver() == 0
    assert [body["subscription_state"] for body in bodies(sandbox, SET)] == ["unsubscribed"]


def test_an_opt_out_during_a_call_is_sent_at_once_after_it_and_later(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, SET, deliver):
        stop(ALICES_PHONE)
        Worker().run_once()
        assert len(bodies(sandbox, SET)) == 2
        assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED
    deliver()
    states = [body["subscription_state"] for body in bodies(sandbox, SET)]
    assert states == ["subscribed", "unsubscribed", "unsubscribed"]
    later(SIX_MINUTES)
    assert deliver() == 0
    assert len(bodies(sandbox, SET)) == 4
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_an_opt_out_in_flight_when_the_call_ends_is_sent_again_at_once(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """The opt-out's own answer, which comes last, must not settle away what the end of the other call marked."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    first = sandbox.faults.add("slow", endpoint=SET, match='"subscribed"', seconds=PATIENCE)
    answer = sandbox.faults.add("latency", endpoint=SET, match='"unsubscribed"', seconds=PATIENCE)
    with meanwhile(deliver) as first_ended:
        assert in_flight(sandbox, SET)
        stop(ALICES_PHONE)
        with meanwhile(Worker().run_once):
            assert in_flight(sandbox, SET, 2)
            sandbox.faults.release(first)
            first_ended()
            sandbox.faults.release(answer)
    deliver()
    assert [body["subscription_state"] for body in bodies(sandbox, SET)].count("unsubscribed") >= 2
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED
    assert Subscription.objects.get().told == "unsubscribed"


def test_an_opt_out_while_the_second_call_is_in_flight(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, TRACK, deliver):
        stop(ALICES_PHONE)
        Worker().run_once()
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_an_opt_out_while_the_second_call_runs_out_of_time(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_TIMEOUT = 2.0
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, TRACK, deliver) as out_of_time:
        stop(ALICES_PHONE)
        Worker().run_once()
        out_of_time()
    deliver()
    states = [body["subscription_state"] for body in bodies(sandbox, SET)]
    assert states == ["subscribed", "unsubscribed", "unsubscribed"]
    all_answered(sandbox)


def test_an_email_opt_out_while_its_consent_is_in_flight(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    with in_the_middle(sandbox, TRACK, deliver):
        leave(ALICE)
        Worker().run_once()
    assert deliver() == 0
    assert seen(sandbox, EMAIL, ALICE) == UNSUBSCRIBED
    assert sandbox.world.profiles[0].email_subscribe == "unsubscribed"


@pytest.mark.parametrize("path", [SET, "/email/status"])
def test_an_email_opt_out_that_lands_after_the_consent_that_followed_it(
    path: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    alice.sign_in(ALICE)
    leave(ALICE)
    with in_the_middle(sandbox, path, deliver):
        alice.preferences("", "email")
        Worker().run_once()
        assert BrazeProfile.objects.get().due_at is None
    assert deliver() == 0
    assert seen(sandbox, EMAIL, ALICE) == SUBSCRIBED
    assert sandbox.world.profiles[0].email_subscribe == "opted_in"


def test_a_change_while_the_look_is_in_flight(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, LOOK, deliver, "latency"):
        stop(ALICES_PHONE)
    assert deliver() == 0
    assert Subscription.objects.get().state == "unsubscribed"
    assert "subscribed" not in [body["subscription_state"] for body in bodies(sandbox, SET)]


def test_what_a_look_saw_is_dropped_when_the_row_changed_meanwhile(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, LOOK, deliver, "latency"):
        sandbox.world.set_group("another-group", "sms")
        Program.objects.filter(slug="sms").update(subscription_group_id="another-group")
        outbox.forget_group(programs["sms"].pk)
    later(2)  # the profile has waited for the look
    assert deliver() == 0
    assert seen(sandbox, "another-group", ALICES_PHONE) == SUBSCRIBED


def test_a_group_that_is_changed_while_the_look_is_in_flight_is_looked_at_itself(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    sandbox.world.set_group("another-group", "sms")
    sandbox.world.send_text(ALICES_PHONE, "STOP", "another-group")
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, LOOK, deliver, "latency"):
        Program.objects.filter(slug="sms").update(subscription_group_id="another-group")
        outbox.forget_group(programs["sms"].pk)
    later(2)  # the profile has waited for the look
    assert deliver() == 0
    assert Subscription.objects.get().state == "unsubscribed"


def test_workers_and_services_do_not_lock_each_other_out(sandbox: Sandbox, visit: Visit) -> None:
    crowd(range(30), "sms", "email")
    sandbox.faults.add("latency", seconds=0.02, times=None)

    def act() -> None:
        for number in range(30):
            stop(phone(number))

    with meanwhile(act), meanwhile(Worker().run_once), meanwhile(lambda: crowd(range(30), "sms", "email")):
        Worker().run_once()
    later(61)
    Worker().run_once()
    assert disagreements(sandbox) == []


def test_who_leaves_and_returns_while_strangers_sign_her_up_locks_nobody_out(visit: Visit, deliver: Deliver) -> None:
    alice, answers, is_over = visit(), [], threading.Event()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)

    def strangers() -> None:
        while not is_over.is_set():
            answers.append(send_sign_up(Client(raise_request_exception=False), ALICE, "", "email").status_code)

    with meanwhile(strangers), meanwhile(strangers):
        try:
            for _ in range(8):
                leave(ALICE)
                claims = [*outbox.claim_opt_outs(50), *outbox.claim_opt_outs(50)]
                emails = outbox.claim_global_emails(50)
                alice.preferences("", "email")
                outbox.settle_subscriptions("unsubscribed", dict.fromkeys(claims, ACCEPTED))
                outbox.settle_global_emails(dict.fromkeys(emails, ACCEPTED))
        finally:
            is_over.set()
    assert set(answers) == {302}
    assert deliver() == 0
