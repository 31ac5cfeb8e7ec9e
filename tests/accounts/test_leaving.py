"""Leaving on the preference page: it reaches whatever the person agreed to, and nothing of anybody else's."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent import people, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROL, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import asks_first, seen


def leave(visitor: Visitor, which: str = "all") -> str:
    return visitor.client.post("/preferences/", {"leave": which}, follow=True).content.decode()


def at_home(visit: Visit, email: str, phone: str, *boxes: str) -> Visitor:
    """Somebody who signed up, pressed the button and signed in."""
    visitor = visit()
    visitor.sign_up(email, phone, *boxes)
    visitor.press(visitor.links(email)[-1])
    visitor.sign_in(email)
    return visitor


def test_who_signed_in_before_pressing_the_button_leaves_the_texts_too(alice: Visitor) -> None:
    alice.sign_in(ALICE)
    leave(alice)
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("unsubscribed", "unsubscribed")


def test_what_she_agreed_to_ends_although_somebody_else_ticked_it_after_her(visit: Visit) -> None:
    alice = at_home(visit, ALICE, ALICES_PHONE, "sms")
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    leave(alice)
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_what_somebody_else_agreed_to_first_goes_on(visit: Visit) -> None:
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    mallory = at_home(visit, CAROL, ALICES_PHONE, "sms")
    assert "reply STOP" in leave(mallory)
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_a_tick_of_somebody_else_within_ten_minutes_is_written_down(visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    assert acts(ALICES_PHONE, "sms") == ["granted", "requested"]


def test_what_the_handset_confirmed_is_the_handsets(visit: Visit) -> None:
    asks_first()
    mallory = at_home(visit, BOB, ALICES_PHONE, "sms")
    asked = Subscription.objects.get(subject=people.subject(ALICES_PHONE)).request_id
    services.confirm([asked or 0], address=ALICES_PHONE, source=Source.KEYWORD, circumstances=Circumstances())
    leave(mallory)
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_the_answer_tells_nothing_of_what_others_did_with_the_number(visit: Visit) -> None:
    visit().sign_up(BOB, BOBS_PHONE, "sms")
    pages = [leave(at_home(visit, ALICE, ALICES_PHONE, "email")), leave(at_home(visit, CAROL, BOBS_PHONE, "email"))]
    assert "reply STOP" in pages[0]
    assert pages[0].count("reply STOP") == pages[1].count("reply STOP")


@pytest.mark.usefixtures("sandbox")
def test_an_unknown_program_is_not_called_done(alice: Visitor) -> None:
    alice.sign_in(ALICE)
    before = list(Subscription.objects.values())
    page = leave(alice, "nonsense")
    assert "Nothing was changed" in page
    assert "Done" not in page
    assert list(Subscription.objects.values()) == before


def test_a_changed_number_ends_what_she_agreed_to_on_the_old_one(visit: Visit) -> None:
    """Story 16, where somebody known by another number has ticked the old one too."""
    alice = at_home(visit, ALICE, ALICES_PHONE, "sms")
    visit().sign_up(BOB, BOBS_PHONE, "sms")
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    alice.preferences("+12025550177")
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_a_number_that_she_typed_on_the_page_is_left_although_somebody_else_has_it_now(visit: Visit) -> None:
    alice = at_home(visit, ALICE, "", "email")
    alice.preferences(ALICES_PHONE, "sms")
    visit().sign_up(BOB, ALICES_PHONE)
    alice.preferences(BOBS_PHONE)
    leave(alice)
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_left_texts_are_left_at_braze(alice: Visitor, deliver: Deliver, sandbox: Sandbox, programs: Any) -> None:
    deliver()
    alice.sign_in(ALICE)
    deliver()
    leave(alice, "sms")
    assert deliver() == 0
    group = Program.objects.get(slug="sms").subscription_group_id
    assert seen(sandbox, group, ALICES_PHONE) == "Unsubscribed"
