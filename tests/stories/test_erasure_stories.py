"""The stories of an erasure, each to its end at Braze (stories 20, 21)."""

from __future__ import annotations

import pytest

from accounts.models import User
from sms_consent import ledger
from sms_consent.models import ConsentRecord, Evidence, Subscription
from sms_consent.people import subject
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.accounts.erasing import evidence_of, finish, left
from tests.commands import run
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import seen, stop


def test_story_20_erasing_one_of_two_who_share_a_number(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    bob, alice = visit(), visit()
    bob.sign_up(BOB, ALICES_PHONE, "sms", "email")
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    for visitor, email in ((bob, BOB), (alice, ALICE)):
        visitor.press(visitor.links(email)[0])
    deliver()
    name = User.objects.get(email=ALICE).external_id
    proofs = dict(ConsentRecord.objects.values_list("pk", "commitment"))
    bobs = list(Evidence.objects.filter(record__subject=subject(BOB)).values())

    assert run("erase_person", ALICE).code == 0
    deliver()
    assert (evidence_of(ALICE), sandbox.world.profile(name) is None) == ([True] * 3, False)
    finish(deliver)
    assert (left(ALICE, name), sandbox.world.profile(name)) == ([], None)
    assert (standing(ALICE, "email"), evidence_of(ALICE)) == ("unsubscribed", [False] * 3)

    assert acts(ALICES_PHONE, "sms") == ["granted", "requested"]
    assert evidence_of(ALICES_PHONE) == [True, False]
    assert list(Evidence.objects.filter(record__subject=subject(BOB)).values()) == bobs
    assert User.objects.get().email == BOB
    assert (standing(BOB, "email"), standing(ALICES_PHONE, "sms")) == ("subscribed", "subscribed")
    assert (seen(sandbox, EMAIL, BOB), seen(sandbox, SMS, ALICES_PHONE)) == (SUBSCRIBED, SUBSCRIBED)
    for pk, commitment in proofs.items():  # what is sealed has not changed, and what is left still proves
        record = ConsentRecord.objects.select_related("evidence").get(pk=pk)
        assert record.commitment == commitment
        proof = record.evidence
        assert not proof.payload or ledger.commitment(proof.salt, proof.payload) == commitment


@pytest.mark.parametrize("had_stopped", [False, True])
def test_story_21_an_erased_person_signs_up_again(
    had_stopped: bool, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    if had_stopped:
        stop(ALICES_PHONE)
    name = User.objects.get().external_id
    run("erase_person", ALICE)
    finish(deliver)
    assert left(ALICE, ALICES_PHONE) == []

    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    again = User.objects.get()
    assert again.external_id != name
    assert not again.has_proven_mailbox
    assert (standing(ALICE, "email"), seen(sandbox, EMAIL, ALICE)) == ("pending", None)
    assert standing(ALICES_PHONE, "sms") == ("unsubscribed" if had_stopped else "pending")
    assert (Subscription.objects.get(program__slug="sms").stopped_at is not None) is had_stopped
    alice.press(alice.links(ALICE)[-1])
    deliver()
    assert (standing(ALICE, "email"), seen(sandbox, EMAIL, ALICE)) == ("subscribed", SUBSCRIBED)
    assert standing(ALICES_PHONE, "sms") != "subscribed"
