"""Requests that nobody answered lapse, and everything about them goes, at Braze too (DOI-4, DOI-8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Confirmation, User
from sms_consent import upkeep
from sms_consent.models import BrazeLine, BrazeProfile, ConsentRecord, Evidence, Program, Subscription
from sms_consent.people import subject
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import (
    LOOK,
    bodies,
    days_later,
    leave,
    prompts,
    seen,
    stop,
)

DELETE = "/users/delete"


@pytest.fixture
def deliver(tidy_and_deliver: Deliver) -> Deliver:
    return tidy_and_deliver


@pytest.fixture
def asked(visit: Visit, deliver: Deliver) -> None:
    """Somebody typed Alice's number into the phone form, and her phone was asked."""
    visit().ask_for_texts(ALICES_PHONE)
    assert deliver() == 0


@pytest.mark.usefixtures("asked")
def test_a_request_that_nobody_answers_lapses_and_everything_about_it_goes(deliver: Deliver, sandbox: Sandbox) -> None:
    name = User.objects.get().external_id
    days_later(sandbox, 29.9)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "pending"
    days_later(sandbox, 0.2)
    told = len(sandbox.world.calls)
    assert deliver() == 0
    assert acts(ALICES_PHONE, "sms") == ["requested", "expired"]
    assert set(Evidence.objects.values_list("payload", "salt")) == {("", "")}
    assert Subscription.objects.get().address == ""
    assert not User.objects.exists()
    assert not BrazeProfile.objects.exists()
    assert sandbox.world.profile(name) is None
    assert [call.path for call in sandbox.world.calls[told:]] == [LOOK, DELETE]


@pytest.mark.usefixtures("asked")
def test_the_lapse_names_its_request_and_where_that_was_made(deliver: Deliver, sandbox: Sandbox) -> None:
    days_later(sandbox, 31)
    deliver()
    request, lapse = ConsentRecord.objects.order_by("pk")
    assert (lapse.request, lapse.source, lapse.disclosure) == (request, "phone_form", request.disclosure)


@pytest.mark.usefixtures("asked")
def test_a_number_that_lapsed_may_be_asked_anew(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    days_later(sandbox, 31)
    deliver()
    visit().ask_for_texts(ALICES_PHONE)
    assert deliver() == 0
    assert prompts(sandbox, ALICES_PHONE) == 2
    assert Subscription.objects.get().address == ALICES_PHONE


@pytest.mark.usefixtures("asked")
def test_a_person_with_an_email_address_stays(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(BOB, BOBS_PHONE, "email")
    visit().ask_for_texts(BOBS_PHONE)
    deliver()
    days_later(sandbox, 31)
    assert deliver() == 0
    assert [person.email for person in User.objects.all()] == [BOB]
    assert sandbox.world.profile(User.objects.get().external_id) is not None


def test_whoever_stands_on_another_program_stays(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    other = Program.objects.get(slug="sms")
    other.pk, other.slug, other.subscription_group_id = None, "alerts", "5a4d0000-0000-4000-8000-00000000000a"
    other.save()
    sandbox.world.set_group(other.subscription_group_id, "sms")
    leave(ALICES_PHONE, other)
    visit().ask_for_texts(ALICES_PHONE)
    deliver()
    days_later(sandbox, 31)
    assert deliver() == 0
    assert User.objects.get().phone_number == ALICES_PHONE
    assert sandbox.world.calls_to(DELETE) == []
    assert dict(Subscription.objects.values_list("program__slug", "address")) == {"sms": "", "alerts": ALICES_PHONE}


def test_what_was_once_confirmed_keeps_its_evidence(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.press(alice.links(ALICE)[0])
    leave(ALICE)
    alice.sign_up(ALICE, "", "email")
    days_later(sandbox, 31)
    deliver()
    assert acts(ALICE, "email") == ["requested", "confirmed", "withdrawn", "requested", "expired"]
    rows = ConsentRecord.objects.order_by("occurred_at", "pk").values_list("evidence__payload", flat=True)
    assert [bool(payload) for payload in rows] == [True, True, True, False, False]
    assert Subscription.objects.get().address == ALICE


def test_of_a_sign_up_only_what_was_not_confirmed_goes(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    days_later(sandbox, 31)
    deliver()
    kept = Evidence.objects.exclude(payload="").select_related("record")
    assert [row.record.subject for row in kept] == [subject(ALICES_PHONE)]
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("subscribed", "none")


@pytest.mark.usefixtures("asked")
def test_a_stop_while_it_waits_is_no_lapse(deliver: Deliver, sandbox: Sandbox) -> None:
    stop(ALICES_PHONE)
    days_later(sandbox, 31)
    assert deliver() == 0
    assert acts(ALICES_PHONE, "sms") == ["requested", "withdrawn"]
    assert User.objects.count() == 1


def test_more_than_one_chunk_lapses_in_one_go(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visitor = visit()
    for number in range(60):
        visitor.ask_for_texts(f"+1202555{1000 + number}")
    deliver()
    days_later(sandbox, 31)
    assert deliver() == 0
    assert not Subscription.objects.filter(state="pending").exists()
    assert sorted(len(body["external_ids"]) for body in bodies(sandbox, DELETE)) == [10, 50]
    assert sandbox.world.profiles == []


@pytest.mark.usefixtures("asked")
def test_a_deletion_that_braze_does_not_take_is_not_forgotten(deliver: Deliver, sandbox: Sandbox) -> None:
    days_later(sandbox, 31)
    sandbox.faults.add("status", endpoint=DELETE, status=403)
    assert deliver() == 1
    assert BrazeProfile.objects.get().is_to_delete
    assert BrazeLine.objects.get().name == DELETE
    days_later(sandbox, 1)
    assert deliver() == 0
    assert (sandbox.world.profiles, BrazeProfile.objects.count()) == ([], 0)


@pytest.mark.usefixtures("asked")
def test_who_said_yes_on_the_phone_is_not_deleted_because_we_did_not_hear_of_it(
    deliver: Deliver, visit: Visit, sandbox: Sandbox, caplog: Any
) -> None:
    visit().ask_for_texts(BOBS_PHONE)
    deliver()
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    days_later(sandbox, 31)
    assert deliver() == 1
    assert "subscribed at Braze and not here" in caplog.text
    assert "Somebody said yes there" in BrazeProfile.objects.get().park_reason
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED
    assert sandbox.world.holders(BOBS_PHONE) == []


def test_who_braze_never_heard_of_is_deleted_here_only(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().ask_for_texts(ALICES_PHONE)
    days_later(sandbox, 31)
    assert deliver() == 0
    assert sandbox.world.calls == []
    assert not BrazeProfile.objects.exists()


# --- Links, and the upkeep itself ------------------------------------------------------------------------


def test_links_that_expired_unused_go_and_others_stay(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    for person, phone, boxes in (("a", "", ()), ("b", "+12025550111", ("sms",)), ("c", "+12025550112", ())):
        visit().sign_up(f"{person}@example.com", phone, *boxes)
    used = visit()
    used.sign_up(ALICE, ALICES_PHONE, "email")
    used.press(used.links(ALICE)[0])
    days_later(sandbox, 31)
    visit().sign_up(BOB, "", "email")
    deliver()
    assert sorted(Confirmation.objects.values_list("email", flat=True)) == [ALICE, "b@example.com", BOB]


def test_a_link_mailed_again_keeps_the_first_one_alive(visit: Visit, deliver: Deliver) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.client.post("/welcome/")
    Confirmation.objects.filter(again_of=None).update(expires_at=timezone.now() - timedelta(minutes=1))
    deliver()
    assert Confirmation.objects.count() == 2


def test_a_chore_that_fails_is_logged_and_holds_up_nothing(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, caplog: Any
) -> None:
    def fails() -> None:
        raise RuntimeError("no")

    visit().ask_for_texts(ALICES_PHONE)
    upkeep.add(fails, every=timedelta(minutes=1))
    try:
        assert deliver() == 0
    finally:
        upkeep._chores.pop(fails)
    assert "fails failed" in caplog.text
    assert prompts(sandbox, ALICES_PHONE) == 1


def test_a_chore_is_done_when_its_time_has_come_and_not_in_every_round() -> None:
    done: list[int] = []

    def chore() -> None:
        done.append(1)

    upkeep.add(chore, every=timedelta(minutes=1))
    try:
        worker = upkeep.Upkeep()
        worker.run()
        worker.run()
    finally:
        upkeep._chores.pop(chore)
    assert done == [1]
