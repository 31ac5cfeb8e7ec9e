"""Two people, two phones, a Braze that fails and workers that die: what may happen, and what must hold."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

from django.db.models import Q
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from accounts import links, preferences, services
from accounts.models import User
from accounts.services import SignUp
from sms_consent import outbox, states, unsubscribe_links
from sms_consent.delivery.numbers import status_jobs
from sms_consent.delivery.profiles import TrackJob
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Program, Subscription
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE
from tests.sms_consent.delivery.helpers import SET, TRACK, disagreements, seen
from tests.sms_consent.delivery.surroundings import Surroundings

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


class Life(Surroundings):
    """What each rule does is one act, two seconds after the one before it."""

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

    @rule(phone=phones, is_text=st.booleans(), endpoint=st.sampled_from([None, SET, TRACK]))
    def opt_out_while_braze_applies_an_opt_in(self, phone: str, is_text: bool, endpoint: str | None) -> None:
        """What rule 7 is for, often: the opt-in was taken first, and is applied when Braze gets round to it."""
        self.sign_up(BOB, phone, ("sms",))
        self.deliver_in_trouble({"kind": "late"}, endpoint, 4)
        if is_text:
            self.text(phone, "STOP", is_told=True)
        else:
            self.leave_by_the_link_of_the_number(phone)
        self.deliver()

    @rule(phone=phones)
    def change_of_mind_while_an_opt_out_is_sent(self, phone: str) -> None:
        """A worker that settles what it sent must see that it is not what holds now."""
        self.leave_by_the_link_of_the_number(phone)
        self.claim_and_be_suspended("opt-outs", is_killed=False)
        self.text(phone, "UNSTOP", is_told=True)
        while self.held:
            self.resume(0)

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

    def check_in_the_end(self) -> None:
        self._calm_down()
        differing = [it for it in disagreements(self.sandbox) if it[2] or _is_held(it[0])]
        assert not differing, differing
        for row in Subscription.objects.exclude(state="subscribed").select_related("program"):
            assert seen(self.sandbox, row.program.subscription_group_id, row.address) != "Subscribed"
        for (address, channel), is_out in self.out.items():
            if is_out:
                assert seen(self.sandbox, SMS if channel == "sms" else EMAIL, address) != "Subscribed"
        for phone, word in self.word.items():
            if word == "STOP":
                assert Subscription.objects.get(address=phone).stopped_at is not None


def _is_held(address: str) -> bool:
    """Whether anybody has an address. Braze forgets one that nobody has: see test_given_up_numbers.py."""
    return User.objects.filter(Q(phone=address) | Q(email=address)).exists()


def _happenings(row: Subscription) -> list[states.Happening]:
    names = ("id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    records = ConsentRecord.objects.filter(subject=row.subject, program=row.program)
    return [states.Happening(*record) for record in records.values_list(*names)]
