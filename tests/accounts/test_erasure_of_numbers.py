"""Whose number is it that goes with a person, and erasing a number by itself (rule 11, DAT-10)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Confirmation, User
from sms_consent import outbox
from sms_consent.models import Erasure, InboundMessage, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.accounts.erasing import evidence_of, finish, left
from tests.commands import run
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Deliver, Visit, acts, second_email_program, standing
from tests.sms_consent.delivery.helpers import seen
from tests.sms_consent.delivery.test_newer_programs import open_vip
from tests.sms_consent.imports import files as imported
from tests.sms_consent.webhooks.events import now, send, text

pytestmark = pytest.mark.usefixtures("open_hooks")


def test_a_number_typed_for_a_stranger_goes_on_by_the_strangers_own_consent(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Rule 11: who merely typed it can never silence it."""
    send([text("START", at=now(-60))])
    deliver()
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    deliver()
    User.objects.filter(email=None).delete()  # as once the button has been pressed: the number is Bob's alone
    User.objects.filter(email=BOB).update(phone=ALICES_PHONE)
    run("erase_person", BOB)
    finish(deliver)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)
    assert (acts(ALICES_PHONE, "sms"), evidence_of(ALICES_PHONE)) == (["granted", "requested"], [True, False])
    holder = User.objects.get()
    assert (holder.email, holder.phone_number) == (None, ALICES_PHONE)
    assert left(BOB) == []


def test_a_number_that_somebody_else_has_too_is_left_alone_even_if_it_is_proven(visit: Visit, deliver: Deliver) -> None:
    """Bob has been told that texts come: that it was she who ticked the box says nothing to him (DAT-10)."""
    for email in (ALICE, BOB):
        visit().sign_up(email, ALICES_PHONE, "sms")
    User.objects.filter(email=ALICE).update(phone_proven_at=timezone.now())
    deliver()
    run("erase_person", ALICE)
    finish(deliver)
    assert (standing(ALICES_PHONE, "sms"), evidence_of(ALICES_PHONE)) == ("subscribed", [False, True])
    assert (User.objects.get().email, left(ALICE)) == (BOB, [])


def test_what_she_did_on_numbers_of_others_goes_too(visit: Visit, deliver: Deliver) -> None:
    """The link that named the number is gone: only the evidence still says that it was her."""
    visit().sign_up(ALICE, ALICES_PHONE)
    visit().sign_up(BOB, BOBS_PHONE, "sms")
    visit().sign_up(ALICE, BOBS_PHONE, "sms")
    name = User.objects.get(email=ALICE).external_id
    assert Confirmation.objects.filter(phone=BOBS_PHONE, person__email=ALICE).delete()[0] == 1
    run("erase_person", ALICE)
    finish(deliver)
    assert (left(name), evidence_of(BOBS_PHONE)) == ([], [True, False])
    assert standing(BOBS_PHONE, "sms") == "subscribed"


def test_asked_for_by_the_number_it_is_opted_out_of_everything(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE)
    send([text("START", at=now(-1))])
    deliver()
    run("erase_person", "(202) 555-0101")
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    finish(deliver)
    assert (left(ALICE, ALICES_PHONE), User.objects.count()) == ([], 0)


def test_a_family_is_listed_and_nobody_is_erased(visit: Visit) -> None:
    for email in (ALICE, BOB):
        visit().sign_up(email, ALICES_PHONE, "sms")
    asked = run("erase_person", ALICES_PHONE)
    assert (asked.code, Erasure.objects.count()) == (1, 0)
    for person in User.objects.all():
        assert person.external_id in asked.out
    assert ("a…@example.com" in asked.out, ALICE in asked.out) == (True, False)
    assert run("erase_person", User.objects.get(email=ALICE).external_id).code == 0
    assert Erasure.objects.get().person.email == ALICE


@pytest.mark.usefixtures("programs", "sandbox")
def test_an_address_that_nobody_is_known_by_is_erased_alone(deliver: Deliver) -> None:
    send([text("STOP")])
    assert User.objects.count() == 0
    deliver()
    run("erase_person", ALICES_PHONE)
    assert deliver() == 0
    assert left(ALICES_PHONE) == []
    assert Subscription.objects.get().stopped_at is not None
    assert run("erase_person", ALICES_PHONE).out.startswith("Erased")


@pytest.mark.parametrize("who", [BOB, BOBS_PHONE, "nonsense", ""])
def test_who_is_not_here_is_not_erased(who: str, programs: dict[str, Program]) -> None:
    assert (run("erase_person", who).code, Erasure.objects.count()) == (1, 0)


def test_staff_are_refused_and_so_is_who_was_staff(db: None) -> None:
    User.objects.create_superuser("boss@example.com")
    asked = run("erase_person", "boss@example.com")
    assert (asked.code, "member of staff" in asked.out) == (1, True)


def test_a_stop_from_before_somebody_typed_its_number_is_not_theirs_to_erase(visit: Visit, deliver: Deliver) -> None:
    """US-9: whoever has not proven a number erases nothing that others did with it."""
    send([text("STOP", at=now(-60))])
    deliver()
    bob = visit()
    bob.sign_up(BOB, ALICES_PHONE, "email")
    bob.press(bob.links(BOB)[-1])
    deliver()
    run("erase_person", BOB)
    finish(deliver)
    assert evidence_of(ALICES_PHONE) == [True]
    assert InboundMessage.objects.get().body == "STOP"
    assert left(BOB) == []


def test_who_types_a_number_erases_nothing_that_a_former_holder_did_with_it(visit: Visit, deliver: Deliver) -> None:
    """US-9: the proof of an opt-out is not lost with somebody else's erasure."""
    bob = visit()
    bob.sign_up(BOB, ALICES_PHONE, "sms")
    bob.press(bob.links(BOB)[-1])
    bob.sign_in(BOB)
    bob.preferences(BOBS_PHONE)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    assert evidence_of(ALICES_PHONE) == [True, True, True]
    run("erase_person", ALICE)
    finish(deliver)
    assert (acts(ALICES_PHONE, "sms")[:2], evidence_of(ALICES_PHONE)[:2]) == (["granted", "withdrawn"], [True, True])
    assert left(ALICE) == []


def test_what_she_did_with_a_number_before_it_was_hers_keeps_nothing_of_it(visit: Visit, deliver: Deliver) -> None:
    """It becomes hers with the button, and she ticked the box before that."""
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    assert User.objects.get(email=ALICE).phone_number == ALICES_PHONE
    send([text("STOP", at=now(1))])
    deliver()
    run("erase_person", ALICE)
    finish(deliver)
    assert left(ALICE, ALICES_PHONE) == []


@pytest.mark.usefixtures("programs")
def test_what_an_import_says_of_one_person_is_all_theirs(deliver: Deliver, sandbox: Sandbox, tmp_path: Path) -> None:
    """EU-7: their own opt-out from another program makes nobody else of them."""
    open_vip(sandbox)
    rows = (imported.text(email=ALICE), imported.email(), imported.text("withdrawn", email=ALICE, program="vip"))
    imported.load(tmp_path, *rows)
    deliver()
    run("erase_person", ALICE)
    finish(deliver)
    assert left(ALICE, ALICES_PHONE) == []


def test_a_program_that_moves_at_braze_keeps_no_erasure_waiting(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """EU-7: what was erased has no address to be told of, whatever becomes due of it."""
    tips = second_email_program(sandbox)
    for _ in range(2):
        alice = visit()
        alice.sign_up(ALICE, "", "email", "tips")
        alice.press(alice.links(ALICE)[-1])
        deliver()
        run("erase_person", ALICE)
        finish(deliver)
        outbox.forget_group(tips.pk)
        deliver()
    assert not Erasure.objects.filter(done_at=None).exists()
    assert not Subscription.objects.filter(due_at__isnull=False).exists()
