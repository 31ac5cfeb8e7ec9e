"""A handset that answers what it was asked, after its owner has left: what the chaos run found.

At Braze a Y subscribes whoever was asked within thirty days, whatever has been said on a page since. Here no request
outlives an opt-out (design.md §4.2), so Braze is told of it once more.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from sms_consent import outbox, unsubscribe_links
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICES_PHONE, Deliver, send_phone_form, standing
from tests.sms_consent.delivery.helpers import SIX_MINUTES, later, seen
from tests.sms_consent.webhooks import events

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked_and_left(programs: Any, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    """Somebody has asked for texts, and has left by the link before answering the text that asks to confirm it."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    send_phone_form(Client(), ALICES_PHONE)
    deliver()
    link = unsubscribe_links.of_number(ALICES_PHONE).partition("/unsubscribe/")[2]
    assert Client().post(f"/unsubscribe/{link}", {"List-Unsubscribe": "One-Click"}).status_code == 200
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_the_opt_out_holds_and_braze_is_told_again(deliver: Deliver, sandbox: Sandbox) -> None:
    said = len(sandbox.world.events)
    sandbox.world.send_text(ALICES_PHONE, "Y")
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED
    for event in sandbox.world.events[said:]:
        events.send([event.as_json()])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert outbox.unsent() == 0, "it is only said again"
    later(SIX_MINUTES)
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_a_campaign_that_tells_of_it_leads_to_the_same(deliver: Deliver, sandbox: Sandbox) -> None:
    """It has no time, so that Braze is asked first what holds there."""
    sandbox.world.send_text(ALICES_PHONE, "Y")
    events.campaign("subscribed", source="Inbound Message")
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_an_opt_in_word_that_is_reported_after_what_it_did_there_still_counts(
    deliver: Deliver, sandbox: Sandbox
) -> None:
    events.send([events.changed("Subscribed", "Inbound Message")])
    deliver()
    time.sleep(1.1)  # providers tell whole seconds
    sandbox.world.send_text(ALICES_PHONE, "UNSTOP")
    events.send([events.text("UNSTOP")])
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


@pytest.mark.parametrize("turn", [1, -1])
def test_what_the_handset_asks_for_after_it_waits_for_that_opt_out(
    turn: int, deliver: Deliver, sandbox: Sandbox
) -> None:
    """It has changed the state there by a Y, and texts START: which are heard of in either order."""
    time.sleep(1.1)  # providers tell whole seconds
    sandbox.world.send_text(ALICES_PHONE, "Y")
    said = [events.changed("Subscribed", "Inbound Message")]
    time.sleep(1.1)
    sandbox.world.send_text(ALICES_PHONE, "START")
    said.append(events.text("START", action="None"))
    for event in said[::turn]:
        events.send([event])
    later(SIX_MINUTES)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "pending"
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_whoever_was_subscribed_in_the_dashboard_is_left_as_they_are(deliver: Deliver, sandbox: Sandbox) -> None:
    """Story 25: listed, and for `reconcile_braze --enforce`."""
    events.send([events.changed("Subscribed", "Dashboard")])
    later(SIX_MINUTES)
    before = len(sandbox.world.calls)
    deliver()
    assert len(sandbox.world.calls) == before
