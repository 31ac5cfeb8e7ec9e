"""Erasing a person: opt-outs at once, then the deletion at Braze, and nothing blanked before it took both (EU-7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import erasure
from accounts.models import User
from sms_consent import erasures
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeProfile, ConsentRecord, Erasure, GlobalEmail, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.accounts.erasing import DELETE, evidence_of, finish, left
from tests.commands import run
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import SET, SIX_MINUTES, TRACK, bodies, later, leave, seen, stop
from tests.sms_consent.webhooks.events import now, send, text

HOW = Circumstances(agent="boss@example.com")


pytestmark = pytest.mark.usefixtures("open_hooks")


def test_nothing_that_names_her_is_left_and_every_commitment_stays(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    name = User.objects.get().external_id
    send([text("what is this?")])
    commitments = list(ConsentRecord.objects.order_by("pk").values_list("commitment", flat=True))
    asked = run("erase_person", ALICE)
    assert (asked.code, "Waits for Braze to take" in asked.out) == (0, True)
    finish(deliver)
    assert left(ALICE, ALICES_PHONE, name, "127.0.0.1", "what is this") == []
    assert (sandbox.world.profile(name), User.objects.count(), BrazeProfile.objects.count()) == (None, 0, 0)
    assert list(ConsentRecord.objects.order_by("pk").values_list("commitment", flat=True))[:3] == commitments
    assert (standing(ALICE, "email"), standing(ALICES_PHONE, "sms")) == ("unsubscribed", "unsubscribed")
    assert not Subscription.objects.filter(stopped_at__isnull=False).exists()
    for address in (ALICE, ALICES_PHONE):
        again = run("erase_person", address)
        assert (again.code, again.out.startswith("Erased")) == (0, True)


def test_the_opt_outs_go_first_and_the_deletion_when_nothing_can_land_after_it(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    run("erase_person", ALICE)
    told = len(sandbox.world.calls)
    assert deliver() == 1
    assert (seen(sandbox, SMS, ALICES_PHONE), seen(sandbox, EMAIL, ALICE)) == (UNSUBSCRIBED, UNSUBSCRIBED)
    assert {call.path for call in sandbox.world.calls[told:]} == {SET, "/email/status"}
    assert "an opt-out to be repeated" in run("erase_person", ALICE).out
    assert (evidence_of(ALICE), User.objects.count()) == ([True] * 3, 1)
    finish(deliver)
    assert (sandbox.world.calls[-1].path, len(bodies(sandbox, DELETE))) == (DELETE, 1)


@pytest.mark.parametrize("endpoint", [None, DELETE])
def test_while_braze_is_down_nothing_is_blanked(
    endpoint: str | None, joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("status", endpoint=endpoint, times=None, status=503)
    run("erase_person", ALICE)
    for _ in range(3):
        assert deliver() > 0
        later(SIX_MINUTES)
    assert (evidence_of(ALICE), evidence_of(ALICES_PHONE)) == ([True] * 3, [True] * 2)
    assert User.objects.get().email == ALICE
    sandbox.faults.clear()
    later(SIX_MINUTES * 10)
    finish(deliver)
    assert left(ALICE, ALICES_PHONE) == []


def test_an_opt_out_that_braze_refuses_holds_it_up_and_it_says_so(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    later(SIX_MINUTES)
    sandbox.faults.add("status", endpoint=SET, times=None, status=400, match=ALICES_PHONE)
    run("erase_person", ALICE)
    deliver()
    later(SIX_MINUTES)
    assert deliver() > 0
    assert "Waits for an opt-out that Braze refused" in run("erase_person", ALICE).out
    assert (bodies(sandbox, DELETE), evidence_of(ALICE)) == ([], [True] * 3)


def test_a_deletion_that_braze_refuses_is_parked_and_can_be_sent_again(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    later(SIX_MINUTES)
    sandbox.faults.add("status", endpoint=DELETE, status=400)
    run("erase_person", ALICE)
    assert deliver() == 1
    assert "the deletion of the profile, which Braze refused" in run("erase_person", ALICE).out
    assert (BrazeProfile.objects.get().parked_at is not None, evidence_of(ALICE)) == (True, [True] * 3)
    BrazeProfile.objects.get().person.save()
    finish(deliver)
    assert left(ALICE) == []


def test_who_is_killed_after_braze_took_it_is_followed_by_somebody_who_goes_on(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    later(SIX_MINUTES)
    run("erase_person", ALICE)
    sandbox.faults.add("drop_after", endpoint=DELETE)  # deleted there, and nobody here has heard of it
    assert deliver() == 1
    assert (sandbox.world.profiles, evidence_of(ALICE)) == ([], [True] * 3)
    later(SIX_MINUTES)
    assert deliver() == 0
    assert left(ALICE, ALICES_PHONE) == []


def test_a_call_from_before_that_braze_applies_last_brings_nobody_back(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("late", endpoint=TRACK)
    deliver()
    run("erase_person", ALICE)
    deliver()
    assert bodies(sandbox, DELETE) == []
    sandbox.world.apply_late()
    finish(deliver)
    assert sandbox.world.profiles == []


def test_who_braze_never_heard_of_needs_no_deletion(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE)
    run("erase_person", ALICE)
    assert deliver() == 0
    assert (sandbox.world.calls, left(ALICE)) == ([], [])


def test_nothing_is_told_of_who_is_being_erased(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    run("erase_person", ALICE)
    User.objects.get().save()
    deliver()
    assert bodies(sandbox, TRACK) == []


def test_a_call_whose_fate_is_unknown_is_waited_for(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.faults.add("drop_after", endpoint=TRACK)
    deliver()
    run("erase_person", ALICE)
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert "earlier calls to Braze to have landed" in run("erase_person", ALICE).out
    settings.BRAZE_RECHECK_AFTER = timedelta(0)
    finish(deliver)
    assert (sandbox.world.profiles, left(ALICE)) == ([], [])


def test_the_nameless_profile_that_a_text_made_goes_too(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    visit()
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    send([text("START", at=now(-60))])
    assert [profile.external_id for profile in sandbox.world.profiles] == [None]
    run("erase_person", ALICES_PHONE)
    deliver()
    settings.BRAZE_RECHECK_AFTER = timedelta(0)
    finish(deliver)
    assert (sandbox.world.profiles, left(ALICES_PHONE)) == ([], [])


# --- What happens meanwhile ----------------------------------------------------------------------------


def test_a_stop_that_comes_during_it_holds(joined: Visitor, deliver: Deliver) -> None:
    run("erase_person", ALICE)
    deliver()
    send([text("STOP")])
    finish(deliver)
    assert left(ALICES_PHONE, "STOP") == []
    assert Subscription.objects.get(program__slug="sms").stopped_at is not None


def test_a_stop_that_comes_when_braze_has_taken_everything_is_told_before_its_number_goes(
    joined: Visitor, deliver: Deliver
) -> None:
    asked = erasure.ask(User.objects.get(), circumstances=HOW)
    erasures.accept(Erasure.objects.filter(pk=asked.pk))
    send([text("STOP")])
    assert "Waits for Braze to take" in run("erase_person", ALICE).out
    finish(deliver)
    assert left(ALICE, ALICES_PHONE, "STOP") == []


def test_who_signs_up_during_it_begins_anew(joined: Visitor, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Story 21: a new external_id, and subscribed only by a fresh act."""
    name = User.objects.get().external_id
    joined.client.force_login(User.objects.get())
    run("erase_person", ALICE)
    deliver()
    assert joined.client.get("/preferences/").status_code == 200
    again = visit()
    assert again.sign_up(ALICE, ALICES_PHONE, "email").headers["Location"].startswith("/welcome/")
    finish(deliver)
    person = User.objects.get()
    assert (person.email, person.phone, person.external_id != name) == (ALICE, None, True)
    assert (evidence_of(ALICE), evidence_of(ALICES_PHONE)) == ([False] * 3 + [True], [False] * 2)
    assert (sandbox.world.profile(name), standing(ALICE, "email")) == (None, "pending")
    again.press(again.links(ALICE)[-1])
    assert deliver() == 0
    assert (standing(ALICE, "email"), seen(sandbox, EMAIL, ALICE)) == ("subscribed", SUBSCRIBED)
    assert sandbox.world.profile(person.external_id).email == ALICE
    assert joined.client.get("/preferences/").status_code == 302  # whoever was signed in before is not any more


def test_asking_twice_is_asking_once(joined: Visitor, deliver: Deliver) -> None:
    for who in (ALICE, ALICES_PHONE, ALICE):
        assert run("erase_person", who).code == 0
    assert (Erasure.objects.count(), acts(ALICE, "email").count("withdrawn")) == (1, 1)


def test_what_was_left_already_is_not_left_again(joined: Visitor, deliver: Deliver) -> None:
    leave(ALICE)
    stop(ALICES_PHONE)
    deliver()
    run("erase_person", ALICE)
    assert acts(ALICE, "email")[-2:] == ["confirmed", "withdrawn"]
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


def test_done_by_two_workers_at_once_it_is_done_once(joined: Visitor, deliver: Deliver) -> None:
    person = User.objects.get()
    asked = erasure.ask(person, circumstances=HOW)
    erasures.accept(Erasure.objects.filter(pk=asked.pk))
    for model in (Subscription, GlobalEmail):  # as after their opt-outs were taken
        model.objects.update(due_at=None)
    for _ in range(5):  # on a slow machine it does not get through the ledger in one go
        erasure.carry_on()
    done_at = Erasure.objects.get().done_at
    assert done_at
    assert done_at <= timezone.now()
    erasure._finish(asked.pk)
    assert Erasure.objects.get().done_at == done_at
