"""Whose number it is, and who may take it out of what."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Visit, Visitor, hidden_fields, standing


def test_a_sign_in_code_does_not_make_a_strangers_number_hers(visit: Visit) -> None:
    visit().sign_up(ALICE, BOBS_PHONE, "sms")
    alice = visit()
    alice.sign_in(ALICE)
    assert User.objects.get(email=ALICE).phone is None
    assert User.objects.get(email=None).phone_number == BOBS_PHONE
    assert standing(BOBS_PHONE, "sms") == "subscribed"


def test_the_button_after_a_sign_in_brings_the_number_back(alice: Visitor) -> None:
    alice.sign_in(ALICE)
    first = next(link for link in alice.links(ALICE))
    alice.press(first)
    assert User.objects.get().phone_number == ALICES_PHONE
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_a_later_sign_in_leaves_the_number(alice: Visitor) -> None:
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    assert User.objects.get().phone_number == ALICES_PHONE


def test_leaving_reaches_every_program_and_says_so(alice: Visitor) -> None:
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    page = alice.client.get("/preferences/")
    data = hidden_fields(page.content.decode()) | {"leave": "all"}
    assert "will not get these messages" in alice.client.post("/preferences/", data, follow=True).content.decode()
    assert (standing(ALICE, "email"), standing(ALICES_PHONE, "sms")) == ("unsubscribed", "unsubscribed")


def test_a_program_that_is_no_longer_offered_can_be_left(alice: Visitor, programs: dict[str, Any]) -> None:
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    type(programs["email"]).objects.filter(slug="email").update(is_active=False)
    alice.client.post("/preferences/", {"leave": "email"})
    assert standing(ALICE, "email") == "unsubscribed"


def test_a_number_somebody_else_entered_cannot_be_left_by_who_typed_it(alice: Visitor, visit: Visit) -> None:
    bob = visit()
    bob.sign_up(BOB, ALICES_PHONE, "email")
    bob.press(bob.links(BOB)[0])
    bob.sign_in(BOB)
    bob.client.post("/preferences/", {"leave": "all"})
    assert standing(ALICES_PHONE, "sms") == "subscribed"
