"""What "this wasn't me" says of texts: they are not the mailbox's to end."""

from __future__ import annotations

import re

import pytest

from tests.people import ALICE, ALICES_PHONE, Visit, Visitor, standing


def link_of(visitor: Visitor) -> str:
    return visitor.links(ALICE)[-1]


@pytest.mark.parametrize("answer", ["not_me", "nothing yet"])
def test_not_me_promises_no_end_of_texts_and_says_what_ends_them(alice: Visitor, answer: str) -> None:
    """The number is its handset's to answer for (EU-4)."""
    link = link_of(alice)
    page = (alice.press(link, answer) if answer == "not_me" else alice.client.get(link)).content.decode()
    assert "ny emails that" in page
    assert re.search(r"ends no texts to <[^>]*>\+1…01<[^>]*>: replying STOP from that phone does", page)
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_where_there_is_no_number_not_me_says_nothing_of_texts(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    assert "STOP" not in alice.press(link_of(alice), "not_me").content.decode()
