"""A number that its handset opted in, and that the person who had typed it gives up: what the model found."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import seen
from tests.sms_consent.webhooks import events


@pytest.mark.django_db
def test_its_consent_stays_at_braze_as_it_does_here(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    sandbox.world.send_text(ALICES_PHONE, "UNSTOP")
    events.send([events.text("STOP", at=events.now(-10)), events.text("UNSTOP", at=events.now(-5))])
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    alice.preferences(BOBS_PHONE)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED
