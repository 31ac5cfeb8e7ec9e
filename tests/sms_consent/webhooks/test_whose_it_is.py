"""Whose a text or a report is: numbers in whatever way they are written, and opt-outs that only name somebody."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.admin.evidence import proof_of
from sms_consent.models import ConsentRecord, InboundMessage
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from sms_consent.webhooks import twilio
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROLS_PHONE, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import SIX_MINUTES, alice_by_email, all_told, asks_first, later
from tests.sms_consent.metrics.conftest import Scrape, scrape
from tests.sms_consent.webhooks.events import TWILIO, Event, campaign, changed, email_changed, event, now, send, text

__all__ = ["scrape"]
UNPLACED = {"name": "optin_hook_refusals_total", "status": "unplaced"}
US = ["2025550101", "12025550101", "+1 (202) 555-0101", "202-555-0101", "0012025550101", " 12025550101"]
READ = [("US", number, ALICES_PHONE) for number in US]
READ += [("DE", number, "+4915112345678") for number in ("015112345678", "4915112345678", "+4915112345678")]
READ += [("DE", "12025550101", ALICES_PHONE), ("GB", "2025550101", ALICES_PHONE), ("US", "6591234567", "+6591234567")]


@pytest.mark.parametrize(("region", "written", "number"), READ)
def test_a_number_is_read_alike_at_every_hook(region: str, written: str, number: str, settings: Any) -> None:
    """Where the plus is missing it may be E.164 all the same, or as people dial it; ten digits are Braze's own way."""
    settings.PHONE_REGIONS, settings.TWILIO_AUTH_TOKEN = [region], "twilio-token"
    campaign("unsubscribed", phone=written)
    send([text("hello", phone=written), changed("Unsubscribed", "Dashboard", phone=written)])
    fields = {"From": written, "To": "2025550100", "Body": "hello", "MessageSid": "SM1"}
    signed = twilio.signature("twilio-token", f"http://testserver{TWILIO}", {key: [it] for key, it in fields.items()})
    Client().post(TWILIO, fields, headers={"X-Twilio-Signature": signed})
    assert list(InboundMessage.objects.values_list("address", flat=True)) == [number] * 4


def test_the_number_that_was_texted_is_read_like_any_other() -> None:
    send([text("START", inbound_phone_number="2025550100", subscription_group_id="")])
    assert InboundMessage.objects.get().number == "+12025550100"
    assert standing(ALICES_PHONE, "sms") == "subscribed"


# --- Without an address ------------------------------------------------------------------------------------


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice is on both programs, here and at Braze."""
    return alice_by_email(visit, deliver, ALICES_PHONE, "sms")


def named(it: Event, email: str = ALICE) -> Event:
    """Return an event that tells whom it is about by the external_id alone."""
    addresses = ("phone_number", "email_address", "to_phone_number", "user_phone_number")
    properties = {name: value for name, value in it["properties"].items() if name not in addresses}
    user = {"user_id": "braze-id", "external_user_id": User.objects.get(email=email).external_id}
    return it | {"user": user, "properties": properties}


def opt_outs() -> list[Event]:
    """Two that take the consent for texts away, and three for emails; a second from now."""
    states = [changed("Unsubscribed", "Dashboard", at=now(1)), email_changed("Unsubscribed", "Dashboard", at=now(1))]
    status = {"subscription_status": "Unsubscribed", "state_change_source": "Subscription Page"}
    everywhere = event("users.behaviors.subscription.GlobalStateChange", now(1), **status)
    spam = event("users.messages.email.MarkAsSpam", now(1))
    block = event("users.messages.sms.Rejection", now(1), provider_error_code="21610")
    return [states[0], block, states[1], everywhere, spam]


@pytest.mark.parametrize("number", range(5))
def test_an_opt_out_that_only_names_somebody_is_of_the_address_that_braze_has(number: int, alice: Visitor) -> None:
    assert send([named(opt_outs()[number])]).status_code == 200
    left = "sms" if number < 2 else "email"
    assert standing(ALICES_PHONE if left == "sms" else ALICE, left) == "unsubscribed"
    assert InboundMessage.objects.get().outcome == "acted"
    assert {standing(ALICES_PHONE, "sms"), standing(ALICE, "email")} == {"unsubscribed", "subscribed"}


def test_the_same_by_a_campaign(alice: Visitor) -> None:
    campaign("unsubscribed", phone="", external_id=User.objects.get().external_id)
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert InboundMessage.objects.get().rule == "external_id"


def test_it_is_of_the_number_that_braze_had_when_there_is_a_newer_one_here(alice: Visitor) -> None:
    alice.preferences(BOBS_PHONE, "sms", "email")
    send([named(changed("Unsubscribed", "Dashboard", at=now(1)))])
    assert (standing(ALICES_PHONE, "sms"), standing(BOBS_PHONE, "sms")) == ("unsubscribed", "subscribed")


def test_our_own_opt_out_of_a_profile_without_a_number_is_none_of_the_next_number(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Bob keeps the number: her profile loses it, what it had agreed to, and only then gets the next one."""
    bob = visit()
    bob.sign_up(BOB, ALICES_PHONE, "email", "sms")
    bob.press(bob.links(BOB)[-1])
    alice = alice_by_email(visit, deliver)
    alice.preferences(ALICES_PHONE, "sms")
    all_told(deliver)
    alice.preferences(CAROLS_PHONE, "sms")
    told = []
    for _ in range(3):
        before = len(sandbox.world.events)
        deliver()
        told += [one.as_json() for one in sandbox.world.events[before:]]
        send(told)
        later(SIX_MINUTES)
    assert [one for one in told if "phone_number" not in one["properties"] and "Unsubscribed" in str(one)]
    assert (standing(ALICES_PHONE, "sms"), standing(CAROLS_PHONE, "sms")) == ("subscribed", "subscribed")


@pytest.mark.parametrize(("minutes", "state"), [(4, "subscribed"), (6, "unsubscribed")])
def test_an_opt_out_by_the_api_counts_once_our_own_last_call_must_have_landed(
    minutes: int, state: str, visit: Visit, deliver: Deliver
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    later(minutes * 60)
    send([named(changed("Unsubscribed", "REST API"))])
    assert standing(ALICES_PHONE, "sms") == state


def test_a_number_that_braze_was_never_told_is_not_theirs(visit: Visit, deliver: Deliver, scrape: Scrape) -> None:
    """Rule 11: Bob has typed Alice's number."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    all_told(deliver)
    visit().sign_up(BOB, ALICES_PHONE, "email")
    send([named(changed("Unsubscribed", "Preference Center", at=now(1)), BOB)])
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert scrape(**UNPLACED, hook="braze_currents") == 1


@pytest.mark.parametrize("source", ["Inbound Message", "REST API", "Dashboard"])
def test_an_opt_in_that_only_names_somebody_opts_nobody_in(source: str, visit: Visit, deliver: Deliver) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    send([named(changed("Subscribed", source, at=now(1)))])
    campaign("subscribed", phone="", source=source, external_id=User.objects.get().external_id)
    deliver()
    assert acts(ALICES_PHONE, "sms") == ["requested"]


def test_an_opt_out_of_nobody_shows(alice: Visitor, scrape: Scrape, caplog: Any) -> None:
    lost = changed("Unsubscribed", "Dashboard", phone="")
    assert send([lost, named(email_changed("Unsubscribed", "Dashboard", at=now(1)))]).status_code == 200
    campaign("unsubscribed", phone="", external_id="whoever")
    assert scrape(**UNPLACED, hook="braze_currents") == scrape(**UNPLACED, hook="braze_events") == 1
    assert (standing(ALICE, "email"), InboundMessage.objects.count()) == ("unsubscribed", 1)
    assert "passed over: nothing says whose it is (braze_events, group_state)" in caplog.text
    assert "whoever" not in caplog.text


# --- Texts without a number --------------------------------------------------------------------------------


def test_an_opt_out_by_text_that_only_names_somebody_is_of_the_number_that_braze_has(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    """In words that Braze does not know, so that nothing but the text would ever tell of it."""
    again = named(text("please stop texting me", at=now(1), action="None"))
    send([again])
    send([again])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("unsubscribed", "subscribed")
    proof = proof_of(ConsentRecord.objects.get(act="withdrawn", source="keyword")).payload
    assert (proof["body"], proof["rule"], proof["note"]) == ("please stop texting me", "stop-phrase", "external_id")
    assert deliver() == 0
    assert sandbox.world.state(SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_so_it_is_by_a_campaign_and_when_there_is_a_newer_number_here(alice: Visitor) -> None:
    alice.preferences(BOBS_PHONE, "sms", "email")
    campaign("inbound", phone="", message="please stop texting me", external_id=User.objects.get().external_id)
    assert (standing(ALICES_PHONE, "sms"), standing(BOBS_PHONE, "sms")) == ("unsubscribed", "subscribed")


def test_a_text_that_only_names_somebody_and_may_be_an_opt_out_is_read_by_a_person(alice: Visitor) -> None:
    send([named(text("Keine SMS von Ihnen", at=now(1)))])
    waiting = InboundMessage.objects.get(needs_review=True)
    assert (waiting.address, waiting.cause) == (ALICES_PHONE, "external_id")
    client = Client()
    client.force_login(User.objects.create_superuser("agent@example.com"))
    action = {"action": "is_an_opt_out", "_selected_action": waiting.pk}
    client.post(reverse("admin:sms_consent_inboundmessage_changelist"), action)
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.parametrize("body", ["START", "Y", "HELP", "hello"])
def test_any_other_text_without_a_number_shows_and_is_nobodys(
    body: str, visit: Visit, deliver: Deliver, scrape: Scrape
) -> None:
    """Who opts in shows by the number that it is their handset; a name in a report shows nothing (rule 4)."""
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    send([named(text(body, at=now(1)))])
    campaign("inbound", phone="", message=body, external_id=User.objects.get().external_id)
    assert (acts(ALICES_PHONE, "sms"), InboundMessage.objects.count()) == (["requested"], 0)
    assert scrape(**UNPLACED) == 2


def test_an_opt_out_by_text_of_nobody_shows(alice: Visitor, scrape: Scrape, caplog: Any) -> None:
    lost = text("please stop texting me", phone="")
    assert send([lost]).status_code == 200
    assert (scrape(**UNPLACED, hook="braze_currents"), InboundMessage.objects.count()) == (1, 0)
    assert "passed over: nothing says whose it is (braze_currents, text)" in caplog.text
    assert "texting" not in caplog.text
