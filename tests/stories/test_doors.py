"""Every door, from the first click to `subscribed` at Braze and back, with Braze's hooks coming home over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sms_consent.choices import Source
from sms_consent.models import ConsentRecord
from sms_consent.people import subject
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import asks_first, seen

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "the-hook-token"
Handset = Callable[[str], None]


@pytest.fixture(autouse=True)
def hooks(live_server: Any, programs: Any, sandbox: Sandbox, settings: Any) -> Iterator[None]:
    """Have the sandbox report to this site, each thing twice and in whatever order."""
    settings.BRAZE_WEBHOOK_TOKEN = TOKEN
    sandbox.world.set_group(SMS, "sms", double_opt_in=False, number=settings.SMS_NUMBER)
    sandbox.hooks.configure(url=live_server.url, token=TOKEN, currents=True, copies=2)
    yield
    sandbox.hooks.configure(url="")


@pytest.fixture
def handset(sandbox: Sandbox) -> Handset:
    """Alice's phone: what it texts reaches Braze, and Braze's events reach us."""

    def say(words: str) -> None:
        sandbox.world.send_text(ALICES_PHONE, words, SMS)
        assert sandbox.hooks.flush() == []

    return say


def home(deliver: Deliver, sandbox: Sandbox) -> None:
    """Let the worker and Braze finish, our own echoes included."""
    for _ in range(2):
        assert sandbox.hooks.flush() == []
        assert deliver() == 0


def told(address: str, slug: str) -> list[tuple[str, str]]:
    """Return what the ledger tells of an address: what was done, and where."""
    rows = ConsentRecord.objects.filter(subject=subject(address), program__slug=slug).order_by("occurred_at", "id")
    return list(rows.values_list("act", "source"))


def test_a_keyword_opens_the_door_and_a_text_closes_it(handset: Handset, deliver: Deliver, sandbox: Sandbox) -> None:
    handset("START")
    home(deliver, sandbox)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)
    handset("please stop texting me")
    home(deliver, sandbox)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("unsubscribed", UNSUBSCRIBED)
    assert told(ALICES_PHONE, "sms") == [("granted", Source.KEYWORD), ("withdrawn", Source.KEYWORD)]


def test_a_word_that_braze_does_not_know_opens_it_too(handset: Handset, deliver: Deliver, sandbox: Sandbox) -> None:
    from sms_consent.models import Keyword

    start = Keyword.objects.get(word="start")
    start.pk, start.word = None, "pizza"
    start.save()
    handset("Pizza")
    home(deliver, sandbox)
    assert seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED


@pytest.fixture
def signed_up(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> Visitor:
    """Alice, who signed up for both and pressed the button."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    home(deliver, sandbox)
    assert (seen(sandbox, SMS, ALICES_PHONE), seen(sandbox, EMAIL, ALICE)) == (SUBSCRIBED, SUBSCRIBED)
    return alice


def test_a_sign_up_is_left_by_text(signed_up: Visitor, handset: Handset, deliver: Deliver, sandbox: Sandbox) -> None:
    handset("STOP")
    home(deliver, sandbox)
    assert (seen(sandbox, SMS, ALICES_PHONE), seen(sandbox, EMAIL, ALICE)) == (UNSUBSCRIBED, SUBSCRIBED)
    assert told(ALICES_PHONE, "sms") == [("granted", Source.SIGN_UP), ("withdrawn", Source.KEYWORD)]


def test_a_sign_up_is_left_on_the_preference_page(signed_up: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    signed_up.sign_in(ALICE)
    signed_up.client.post("/preferences/", {"leave": "all"})
    home(deliver, sandbox)
    assert (seen(sandbox, SMS, ALICES_PHONE), seen(sandbox, EMAIL, ALICE)) == (UNSUBSCRIBED, UNSUBSCRIBED)
    assert sandbox.world.profiles[0].email_subscribe == "unsubscribed"
    assert told(ALICE, "email")[-1] == ("withdrawn", Source.PREFERENCE_PAGE)


@pytest.mark.parametrize("source", ["Dashboard", "REST API", "CSV Import", "Preference Center"])
def test_a_sign_up_is_left_at_brazes_help_desk(
    source: str, signed_up: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Story 24, as Currents tells it."""
    sandbox.desk.set_state(ALICES_PHONE, SMS, UNSUBSCRIBED, source)
    home(deliver, sandbox)
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert told(ALICES_PHONE, "sms") == [("granted", Source.SIGN_UP), ("withdrawn", Source.BRAZE)]


def test_a_request_is_answered_by_the_handset(
    visit: Visit, handset: Handset, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.world.set_group(SMS, "sms", double_opt_in=True, number=settings.SMS_NUMBER)
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert standing(ALICES_PHONE, "sms") == "pending"
    handset("Y")
    home(deliver, sandbox)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)
    assert told(ALICES_PHONE, "sms") == [("requested", Source.SIGN_UP), ("confirmed", Source.KEYWORD)]


def test_who_stopped_comes_back_by_start_and_not_by_a_form(
    signed_up: Visitor, visit: Visit, handset: Handset, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Story 10."""
    handset("STOP")
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    home(deliver, sandbox)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("unsubscribed", UNSUBSCRIBED)
    time.sleep(1.1)  # Braze tells whole seconds, and within one of them the STOP wins
    handset("START")
    home(deliver, sandbox)
    assert acts(ALICES_PHONE, "sms")[-1] == "granted"
