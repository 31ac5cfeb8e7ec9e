"""Hints that Braze does not answer, or refuses to be asked about, and those about emails."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import pytest

from sms_consent.delivery.worker import Lane, deliver_due, new_courier
from sms_consent.models import InboundMessage, Program
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import LOOK, parked, phone, seen, stopped
from tests.sms_consent.metrics.conftest import Scrape, scrape
from tests.sms_consent.reconcile.helpers import at_braze
from tests.sms_consent.webhooks.events import campaign

__all__ = ["scrape"]
pytestmark = pytest.mark.usefixtures("programs", "open_hooks")
BAD = {"status": 400, "body": {"message": "Phone numbers must be in E.164 format"}, "times": None}


def hinted(sandbox: Sandbox, numbers: Iterable[int]) -> None:
    """These text START, which Braze takes at its word, and a campaign tells of it."""
    sandbox.world.set_group(SMS, "sms", double_opt_in=False)
    for number in numbers:
        sandbox.world.send_text(phone(number), "START", SMS)
        campaign("inbound", phone=phone(number), message="START")


def read_by_a_person() -> list[str]:
    return list(InboundMessage.objects.filter(needs_review=True, outcome="unknown").values_list("address", flat=True))


@pytest.mark.parametrize("how_many", [1, 4])
def test_consents_do_not_wait_for_hints_that_braze_refuses(
    how_many: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    hinted(sandbox, range(how_many))
    for number in range(how_many):
        sandbox.faults.add("status", endpoint=LOOK, match=phone(number)[1:], **BAD)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert (seen(sandbox, SMS, ALICES_PHONE), stopped(), parked()) == (SUBSCRIBED, [], [])
    assert sorted(read_by_a_person()) == [phone(number) for number in range(how_many)]


def test_one_refused_hint_is_found_out_and_the_others_are_followed(
    deliver: Deliver, sandbox: Sandbox, scrape: Scrape, caplog: Any
) -> None:
    hinted(sandbox, range(5))
    sandbox.faults.add("status", endpoint=LOOK, match=phone(0)[1:], **BAD)
    deliver()
    assert [standing(phone(number), "sms") for number in range(5)] == ["none"] + ["subscribed"] * 4
    assert read_by_a_person() == [phone(0)]
    assert "left for a person to read, Braze refused: 400 Phone numbers must" in caplog.text
    assert phone(0) not in caplog.text
    assert scrape("optin_braze_calls_total", call=LOOK, result="refused") == 2  # all together, and that one alone


def test_consents_do_not_wait_for_hints_that_braze_does_not_answer(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    hinted(sandbox, [0])
    sandbox.faults.add("status", endpoint=LOOK, match=phone(0)[1:], status=503, times=None)
    for _ in range(2):
        deliver()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED
    sandbox.faults.clear()
    deliver()
    assert standing(phone(0), "sms") == "subscribed"


def test_a_limit_that_hints_run_into_is_everybodys(sandbox: Sandbox) -> None:
    """Also where Braze does not say until when."""
    hinted(sandbox, [0])
    sandbox.faults.add("status", endpoint=LOOK, status=429, headers={"Content-Language": "en"})
    before = time.time()
    with closing(new_courier(Lane.REST)) as rest:
        deliver_due(rest)
        assert rest.pace.ready_at.get(LOOK, 0.0) > before


def test_a_hint_about_an_email_is_asked_about_by_email(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Where the program takes Braze's word, it is borne out."""
    Program.objects.update(takes_brazes_word=True)
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    at_braze(sandbox, EMAIL, ALICE, SUBSCRIBED)
    campaign("subscribed", phone="", email=ALICE, subscription_group_id=EMAIL, source="Preference Center")
    deliver()
    assert acts(ALICE, "email") == ["requested", "confirmed"]
