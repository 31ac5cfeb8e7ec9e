"""A look whose answer comes after the handset has changed its mind: what the chaos run found."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sms_consent.delivery import Worker
from sms_consent.models import Subscription
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import LOOK, seen
from tests.sms_consent.delivery.test_races import in_the_middle
from tests.sms_consent.webhooks import events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


def test_an_opt_in_word_outdoes_what_a_look_from_before_it_found(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    with in_the_middle(sandbox, LOOK, lambda: Worker().run_once(), kind="latency"):
        time.sleep(1.1)  # providers tell whole seconds
        sandbox.world.send_text(ALICES_PHONE, "UNSTOP")
    assert Subscription.objects.get().stopped_at is not None
    for event in sandbox.world.events:
        events.send([event.as_json()])
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


@pytest.mark.xfail(reason="Braze keeps a number that it has asked unsubscribed: the look cannot tell that from a STOP")
def test_a_look_takes_no_number_that_braze_has_just_asked_for_one_that_stopped(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """Both texts came before the first look, and are reported after it: then START is as good as unsaid."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    time.sleep(1.1)  # providers tell whole seconds
    sandbox.world.send_text(ALICES_PHONE, "START")
    deliver()
    for event in sandbox.world.events:
        events.send([event.as_json()])
    assert standing(ALICES_PHONE, "sms") == "pending"
