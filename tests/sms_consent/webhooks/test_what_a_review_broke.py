"""What a review broke at the doors for texts, kept broken no more: one test a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sms_consent import people, states
from sms_consent.models import InboundMessage, Keyword, Program, Subscription
from sms_consent.sandbox import Sandbox
from sms_consent.states import COOL_DOWN, REQUEST_LIFE
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import asks_first, leave
from tests.sms_consent.webhooks.events import campaign, event, now, send, text

OTHER = "5a4d0000-0000-4000-8000-000000000009"


@pytest.fixture
def at_once(sandbox: Sandbox) -> None:
    """Have Braze take START at its word."""
    sandbox.world.set_group(SMS, "sms", double_opt_in=False)


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice, on texts here and at Braze."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    return visitor


@pytest.mark.usefixtures("at_once")
def test_a_start_that_comes_late_bears_nothing_out_while_braze_has_not_heard_of_the_opt_out(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Braze tries a webhook again for a day: its START may be from before the opt-out."""
    leave(ALICES_PHONE)
    campaign("inbound", message="START")
    deliver()
    deliver()
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
    assert sandbox.world.state(SMS, ALICES_PHONE) == "Unsubscribed"


@pytest.mark.usefixtures("at_once")
def test_an_opt_out_reported_after_a_hint_outdoes_it(deliver: Deliver, sandbox: Sandbox) -> None:
    campaign("inbound", message="STOP")
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START")
    campaign("unsubscribed")
    deliver()
    assert acts(ALICES_PHONE, "sms") == ["withdrawn"]


@pytest.mark.usefixtures("at_once")
def test_a_hint_opts_in_to_its_own_program_only(deliver: Deliver, sandbox: Sandbox) -> None:
    start = Keyword.objects.get(word="start")
    vip = Program.objects.get(slug="sms")
    vip.pk, vip.slug, vip.subscription_group_id, vip.sender = None, "vip", OTHER, "+12025550190"
    vip.save()
    assert start.program is not None
    sandbox.world.set_group(OTHER, "sms")
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START", subscription_group_id=OTHER)
    deliver()
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("none", "none")


def test_the_dashboard_does_not_bear_out_an_old_start(deliver: Deliver, sandbox: Sandbox) -> None:
    campaign("inbound", message="START")
    deliver()
    sandbox.world.set_group(SMS, "sms", double_opt_in=False)
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("subscribed")
    deliver()
    assert standing(ALICES_PHONE, "sms") == "none"


@pytest.mark.usefixtures("at_once")
def test_one_start_told_by_currents_and_by_campaigns_is_one_record(deliver: Deliver, sandbox: Sandbox) -> None:
    """Story 22."""
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    send([text("START")])
    for _ in range(2):
        campaign("inbound", message="START")
        deliver()
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_a_block_at_the_provider_outdoes_a_start_that_was_on_its_way(alice: Any) -> None:
    rejection = {"to_phone_number": ALICES_PHONE, "provider_error_code": "21610"}
    send([text("STOP", at=now(-600))])
    send([event("users.messages.sms.Rejection", now(-300), **rejection)])
    send([text("START", at=now(-400))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_a_y_after_thirty_days_subscribes_nobody_even_if_no_worker_has_let_the_request_lapse(visit: Visit) -> None:
    """DOI-4."""
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    later = timezone.now() + REQUEST_LIFE + timedelta(hours=1)
    record = Subscription.objects.get().request
    assert record is not None
    before = Subscription.objects.get().standing
    yes = states.Happening(9, "confirmed", "keyword", later, request=record.pk, requested_at=record.occurred_at)
    assert states.fold(before, yes).state == "pending"
    assert states.fold(before, replace(yes, occurred_at=later - timedelta(hours=2))).state == "subscribed"


def test_leaving_everything_reaches_a_request_that_a_stranger_has_renewed(visit: Visit) -> None:
    asks_first()
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)
    Subscription.objects.update(requested_at=timezone.now() - COOL_DOWN)
    visit().ask_for_texts(ALICES_PHONE)
    alice.client.post("/preferences/", {"leave": "all"})
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.parametrize(("regions", "state"), [(["US"], "none"), (["US", "AU"], "subscribed")])
def test_a_word_opts_in_only_numbers_of_countries_that_are_served(
    regions: list[str], state: str, settings: Any
) -> None:
    """SEC-2: at every door."""
    settings.PHONE_REGIONS = regions
    send([text("START", phone="+61491570006")])
    assert standing("+61491570006", "sms") == state
    send([text("STOP", phone="+61491570006", at=now(1))])
    assert standing("+61491570006", "sms") == "unsubscribed"


def test_a_word_opts_in_to_no_program_that_is_switched_off() -> None:
    Program.objects.filter(slug="sms").update(is_active=False)
    send([text("START")])
    assert standing(ALICES_PHONE, "sms") == "none"


def test_a_y_from_before_the_request_proves_nothing(visit: Visit) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("Y", at=now(-300))])
    assert acts(ALICES_PHONE, "sms") == ["requested"]
    assert list(InboundMessage.objects.values_list("record", flat=True)) == [None]
    assert people.holder(ALICES_PHONE).phone_proven_at is None
