"""Stories 22 to 26 as they happen: at Braze, whose hooks bring them home. And every door with every way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from sms_consent.models import ConsentRecord, InboundMessage
from sms_consent.people import subject
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import seen

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "the-hook-token"


@pytest.fixture(autouse=True)
def hooks(live_server: Any, programs: Any, sandbox: Sandbox, settings: Any) -> Iterator[None]:
    """Have Braze report everything twice: by Currents, and by webhook campaigns as well."""
    settings.BRAZE_WEBHOOK_TOKEN = TOKEN
    sandbox.world.set_group(SMS, "sms", double_opt_in=False, number=settings.SMS_NUMBER)
    sandbox.hooks.configure(url=live_server.url, token=TOKEN, currents=True, campaigns=True, copies=2)
    yield
    sandbox.hooks.configure(url="", campaigns=False, copies=1, order="emitted", hold=False)


@pytest.fixture
def home(deliver: Deliver, sandbox: Sandbox) -> Callable[[], None]:
    """Let Braze's hooks arrive and the worker finish, the echoes of our own calls included."""

    def home() -> None:
        for _ in range(2):
            assert (sandbox.hooks.flush(), deliver()) == ([], 0)
        assert sandbox.hooks.flush() == []

    return home


Home = Callable[[], None]


@pytest.mark.parametrize("order", ["emitted", "reverse", "random"])
def test_story_22_one_text_in_all_its_reports_is_one_record(order: str, home: Home, sandbox: Sandbox) -> None:
    sandbox.hooks.configure(order=order)
    for body in ("START", "STOP"):
        sandbox.hooks.configure(hold=True)
        sandbox.world.send_text(ALICES_PHONE, body, SMS)
        sandbox.hooks.configure(hold=False)
        home()
        sandbox.world.pulse.advance(60)
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
    assert InboundMessage.objects.count() >= 4


def test_story_23_our_own_writes_come_back_as_events_and_say_nothing_new(
    visit: Visit, home: Home, sandbox: Sandbox
) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    home()
    Client().post(alice.unsubscribe_link(ALICE), {"leave": "all"})
    home()
    assert InboundMessage.objects.filter(cause="REST API").count() >= 4
    assert (acts(ALICES_PHONE, "sms"), acts(ALICE, "email")) == (
        ["granted", "withdrawn"],
        ["requested", "confirmed", "withdrawn"],
    )


@pytest.mark.parametrize("source", ["Dashboard", "CSV Import"])
def test_story_25_subscribed_at_braze_without_proof_is_listed_and_changes_nothing(
    source: str, visit: Visit, home: Home, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, BOBS_PHONE)
    home()
    who = ALICES_PHONE
    sandbox.world.send_text(who, "hello", SMS)
    sandbox.desk.set_state(who, SMS, SUBSCRIBED, "CSV Import")
    sandbox.desk.set_state(who, SMS, SUBSCRIBED, source)
    home()
    assert (standing(who, "sms"), seen(sandbox, SMS, who)) == ("none", SUBSCRIBED)
    assert InboundMessage.objects.filter(outcome=InboundMessage.Outcome.UNPROVEN, cause="CSV Import").exists()


def test_story_26_a_start_that_braze_delivers_after_the_later_stop(home: Home, sandbox: Sandbox) -> None:
    sandbox.hooks.configure(campaigns=False, order="reverse", hold=True)
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    sandbox.world.pulse.advance(300)
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    sandbox.hooks.configure(hold=False)
    home()
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("unsubscribed", UNSUBSCRIBED)


# --- Every door, every way out ----------------------------------------------------------------------------


def by_sign_up(alice: Visitor, sandbox: Sandbox, home: Home) -> None:
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])


def by_phone_form(alice: Visitor, sandbox: Sandbox, home: Home) -> None:
    sandbox.world.set_group(SMS, "sms", double_opt_in=True, number=settings.SMS_NUMBER)
    alice.ask_for_texts(ALICES_PHONE)
    home()
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("pending", None)
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)


def by_keyword(alice: Visitor, sandbox: Sandbox, home: Home) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)


def out_by_text(alice: Visitor, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "stop please", SMS)


def out_by_link(alice: Visitor, sandbox: Sandbox) -> None:
    Client().post(alice.unsubscribe_link(ALICES_PHONE), {"leave": "texts"})


def out_by_one_click(alice: Visitor, sandbox: Sandbox) -> None:
    link = f"{alice.unsubscribe_link(ALICES_PHONE)}?program=sms"
    Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})


def out_by_preference_page(alice: Visitor, sandbox: Sandbox) -> None:
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "all"})


DOORS = {
    "sign-up": (by_sign_up, [("granted", "sign_up")]),
    "phone form": (by_phone_form, [("requested", "phone_form"), ("confirmed", "keyword")]),
    "keyword": (by_keyword, [("granted", "keyword")]),
}
WAYS_OUT = {
    "text": (out_by_text, "keyword"),
    "the link's page": (out_by_link, "one_click"),
    "one click": (out_by_one_click, "one_click"),
    "preference page": (out_by_preference_page, "preference_page"),
}
# Nobody signs in by a phone: who came by one has the page of the signed link for a preference page.
WALKS = [(door, way) for door in DOORS for way in WAYS_OUT if door == "sign-up" or way != "preference page"]


@pytest.mark.parametrize(("door", "way_out"), WALKS)
def test_in_by_every_door_and_out_by_every_way(
    door: str, way_out: str, visit: Visit, home: Home, sandbox: Sandbox
) -> None:
    (come_in, told), (go_out, source), alice = DOORS[door], WAYS_OUT[way_out], visit()
    come_in(alice, sandbox, home)
    home()
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)
    go_out(alice, sandbox)
    home()
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("unsubscribed", UNSUBSCRIBED)
    history = ConsentRecord.objects.filter(subject=subject(ALICES_PHONE)).order_by("occurred_at", "id")
    assert list(history.values_list("act", "source")) == [*told, ("withdrawn", source)]
