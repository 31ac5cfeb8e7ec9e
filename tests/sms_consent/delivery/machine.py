"""Two people, two phones, a Braze that fails and workers that die: what may happen, and what must hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts import links, preferences, services
from accounts.models import User
from accounts.services import SignUp
from sms_consent import outbox, selectors, states, unsubscribe_links
from sms_consent.delivery import pipeline
from sms_consent.delivery.numbers import status_jobs
from sms_consent.delivery.profiles import TrackJob
from sms_consent.delivery.worker import Lane, deliver_due, deliver_opt_outs_due, new_courier
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Program, Subscription
from sms_consent.sandbox import Sandbox
from sms_consent.services import Choice
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE
from tests.sms_consent.delivery.helpers import SET, TRACK, disagreements, seen
from tests.sms_consent.delivery.moving_clock import Clock
from tests.sms_consent.webhooks import events as hooks

SOMEBODY = Circumstances(note="model")
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "seconds": 1},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "garbage"},
    {"kind": "late"},
    {"kind": "late"},
    {"kind": "late"},
]
people = st.sampled_from([ALICE, BOB])
phones = st.sampled_from([ALICES_PHONE, BOBS_PHONE])
slugs = st.sampled_from([("sms",), ("email",), ("sms", "email")])
seeds = st.integers(0, 2**16)


class Crash(BaseException):
    """A worker is killed: nothing that it would have done next is done."""


class Life(RuleBasedStateMachine):
    """What each rule does is one act, two seconds after the one before it."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        super().__init__()
        self.sandbox, self.clock = sandbox, clock
        self.tokens: dict[str, str] = {}
        self.held: list[tuple[Any, Callable[[], Any]]] = []
        self.out: dict[tuple[str, str], bool] = {}  # by address and channel: the last act that counts was an opt-out
        self.word: dict[str, str] = {}
        self.heard: set[str] = set()  # the ids of events that the site was told of
        self.couriers: list[Any] = []
        sandbox.reset()
        self.everything = transaction.atomic()
        self.everything._from_testcase = True  # it is the test's, so that a service may think its own the outermost
        self.everything.__enter__()
        clock.move(2)

    def teardown(self) -> None:
        try:
            self.all_agrees_once_it_is_quiet()
        finally:
            for courier in self.couriers:
                courier.close()
            transaction.set_rollback(True)
            self.everything.__exit__(None, None, None)

    # --- what people do

    @initialize()
    def alice_gets_everything(self) -> None:
        """So that there is something to lose from the first step on."""
        self.sign_up(ALICE, ALICES_PHONE, ("sms", "email"))
        self.press_the_button(ALICE)

    @rule(email=people, phone=phones, boxes=slugs)
    def sign_up(self, email: str, phone: str, boxes: tuple[str, ...]) -> None:
        self.clock.move(2)
        form = SignUp(email, phone, self._choices(email, phone, boxes), SOMEBODY)
        services.sign_up(form, make_link=lambda token: self._keep(email, token), base_url="http://testserver")

    @rule(email=people)
    def press_the_button(self, email: str) -> None:
        self.clock.move(2)
        token = self.tokens.get(email)
        before = Subscription.objects.filter(address=email, state="pending").exists()
        if token and links.press(token, circumstances=SOMEBODY) is links.Link.OPEN and before:
            self.out[email, "email"] = False

    @rule(email=people, phone=phones, boxes=slugs)
    def save_preferences(self, email: str, phone: str, boxes: tuple[str, ...]) -> None:
        """The signed-in owner of a mailbox joins, with this number from now on."""
        person = User.objects.filter(email=email).first()
        if person is None or not person.has_proven_mailbox:
            return
        self.clock.move(2)
        choices = self._choices(email, phone, boxes)
        proven = preferences.is_proven(person, phone) and self.word.get(phone) != "STOP"
        preferences.save(person, phone=phone, choices=choices, circumstances=SOMEBODY)
        if "email" in boxes:
            self.out[email, "email"] = False
        if "sms" in boxes and proven:
            self.out[phone, "sms"] = False

    @rule(email=people, boxes=slugs)
    def leave(self, email: str, boxes: tuple[str, ...]) -> None:
        person = User.objects.filter(email=email).first()
        if person is None or not person.has_proven_mailbox:
            return
        self.clock.move(2)
        preferences.leave(person, list(Program.objects.filter(slug__in=boxes)), circumstances=SOMEBODY)
        if "email" in boxes:
            self.out[email, "email"] = True
        if "sms" in boxes and preferences.is_proven(person, person.phone_number):
            self.out[person.phone_number, "sms"] = True

    @rule(phone=phones)
    def leave_by_the_link_of_the_number(self, phone: str) -> None:
        if not Subscription.objects.filter(address=phone).exists():
            return
        self.clock.move(2)
        link = unsubscribe_links.of_number(phone).partition("/unsubscribe/")[2]
        assert Client().post(f"/unsubscribe/{link}", {"List-Unsubscribe": "One-Click"}).status_code == 200
        self.out[phone, "sms"] = True

    @rule(phone=phones, body=st.sampled_from(["STOP", "STOP", "UNSTOP", "START", "Y"]), is_told=st.booleans())
    def text(self, phone: str, body: str, is_told: bool) -> None:
        """A handset says something to Braze, which tells the site at once or later."""
        self.clock.move(2)
        self.sandbox.world.send_text(phone, body)
        self.word[phone] = body
        if body != "STOP":
            self.out[phone, "sms"] = False
        if is_told:
            self._tell(self._events()[-1:])

    @rule(seed=seeds)
    def tell_late(self, seed: int) -> None:
        """Events come in whatever order, some of them again."""
        events = self._events()
        self._tell(random.Random(seed).choices(events, k=3) if events else [])

    # --- what workers do, and what befalls them

    @rule()
    def deliver(self) -> None:
        self.clock.move(2)
        self._work()

    @rule(fault=st.sampled_from(FAULTS), endpoint=st.sampled_from([None, SET, TRACK]), times=st.integers(1, 3))
    def deliver_in_trouble(self, fault: dict[str, Any], endpoint: str | None, times: int) -> None:
        self.clock.move(2)
        self.sandbox.faults.add(**fault, endpoint=endpoint, times=times)
        self._work()
        self.sandbox.faults.clear()

    @rule(before=st.integers(0, 2))
    def be_killed_when_braze_has_taken_it(self, before: int) -> None:
        """A worker is killed between an answer and writing it down, after so many that it has written down."""
        self.clock.move(2)
        answers = iter(range(before))

        def die(*_: Any) -> None:
            if next(answers, None) is None:
                raise Crash

        with suppress(Crash):
            self._work(went_well=die)

    @rule(lane=st.sampled_from(["opt-outs", "numbers", "people"]), is_killed=st.booleans())
    def claim_and_be_suspended(self, lane: str, is_killed: bool) -> None:
        """A worker claims, loads and stops there: killed, or about to make its calls when it is resumed."""
        self.clock.move(2)
        courier = new_courier(Lane.REST)
        self.couriers.append(courier)
        if lane == "people":
            claims = outbox.claim_people(50)
            jobs: list[Any] = [TrackJob(courier=courier, claims=claims)] if claims else []
        else:
            claim = outbox.claim_opt_outs if lane == "opt-outs" else outbox.claim_numbers
            jobs = status_jobs(courier, claim(50))
        if not is_killed:
            self.held += [(job, call) for job in jobs if (call := job.prepare())]

    @precondition(lambda self: self.held)
    @rule(seed=seeds)
    def resume(self, seed: int) -> None:
        self.clock.move(2)
        job, call = self.held.pop(seed % len(self.held))
        self._finish(job, call)

    @rule(order=st.sampled_from(["arrival", "reverse", "random"]))
    def braze_applies_what_it_took(self, order: Any) -> None:
        self.sandbox.world.apply_late(order)

    @rule()
    def minutes_pass(self) -> None:
        """Braze has applied by then whatever it took, and nobody is suspended for so long."""
        self._catch_up()
        self.clock.move(360)

    # --- what must hold

    @invariant()
    def rows_are_what_records_say(self) -> None:
        for row in Subscription.objects.all():
            assert row.standing == states.fold_all(_happenings(row))

    @invariant()
    def nobody_is_asked_a_third_time(self) -> None:
        for phone in (ALICES_PHONE, BOBS_PHONE):
            asked = ConsentRecord.objects.filter(act="requested", program__slug="sms")
            assert self._asks(phone) <= 2 * asked.count()

    def all_agrees_once_it_is_quiet(self) -> None:
        self._calm_down()
        assert disagreements(self.sandbox) == []
        for row in Subscription.objects.exclude(state="subscribed").select_related("program"):
            assert seen(self.sandbox, row.program.subscription_group_id, row.address) != "Subscribed"
        for (address, channel), is_out in self.out.items():
            if is_out:
                assert seen(self.sandbox, SMS if channel == "sms" else EMAIL, address) != "Subscribed"
        for phone, word in self.word.items():
            if word == "STOP":
                assert Subscription.objects.get(address=phone).stopped_at is not None

    # --- how

    def _choices(self, email: str, phone: str, boxes: tuple[str, ...]) -> list[Choice]:
        offers = [offer for offer in selectors.offers_here() if offer.program.slug in boxes]
        return [Choice(one.program, one.disclosure, phone if one.program.is_sms else email) for one in offers]

    def _keep(self, email: str, token: str) -> str:
        self.tokens[email] = token
        return f"http://testserver/confirm/{token}/"

    def _events(self) -> list[dict[str, Any]]:
        return [event.as_json() for event in self.sandbox.world.events]

    def _tell(self, events: list[dict[str, Any]]) -> None:
        self.heard |= {event["id"] for event in events}
        for event in events:
            assert hooks.send([event]).status_code == 200

    def _work(self, **instead: Callable[..., Any]) -> None:
        """What `sync_braze --once` does, without the chores of every minute."""
        urgent, rest = new_courier(Lane.OPT_OUTS), new_courier(Lane.REST)
        for name, deed in instead.items():
            setattr(urgent, name, deed)
            setattr(rest, name, deed)
        try:
            while deliver_opt_outs_due(urgent) + deliver_due(rest):
                pass
        finally:
            urgent.close()
            rest.close()

    def _finish(self, job: Any, call: Callable[[], Any]) -> None:
        future: Future[Any] = Future()
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - as in the pool
            future.set_exception(error)
        pipeline.run(pipeline._finish(job, future), job.courier)

    def _catch_up(self) -> None:
        while self.held:
            self._finish(*self.held.pop())
        self.sandbox.world.apply_late("random")
        self._tell([event for event in self._events() if event["id"] not in self.heard])

    def _calm_down(self) -> None:
        """Let all that is under way end, then deliver until twice nothing more is said."""
        said = -1
        for _ in range(10):
            self._catch_up()
            self.clock.move(360)
            self._work()
            if said == (said := len(self.sandbox.world.calls)):
                return
        raise AssertionError("it never ends")

    def _asks(self, phone: str) -> int:
        calls = [call.body for call in self.sandbox.world.calls_to(SET)]
        return sum(phone in body.get("phone", []) for body in calls if body.get("use_double_opt_in_logic"))


def _happenings(row: Subscription) -> list[states.Happening]:
    names = ("id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    records = ConsentRecord.objects.filter(subject=row.subject, program=row.program)
    return [states.Happening(*record) for record in records.values_list(*names)]
