"""Texts that Braze reports: each is one record, in the order in which they were sent (KW-6, KW-8, KW-13)."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from accounts.models import User
from sms_consent.models import ConsentRecord, InboundMessage, Keyword, Program
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import asks_first
from tests.sms_consent.webhooks.events import campaign, now, send, text

Outcome = InboundMessage.Outcome
VIP = "5a4d0000-0000-4000-8000-000000000009"


def outcomes() -> list[str]:
    return list(InboundMessage.objects.order_by("pk").values_list("outcome", flat=True))


def test_start_from_a_number_that_nobody_has_makes_somebody_who_is_subscribed() -> None:
    assert send([text("Start")]).status_code == 200
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == ("subscribed", ["granted"])
    assert User.objects.get().phone_number == ALICES_PHONE


def test_the_evidence_of_a_text_holds_what_was_said_and_what_was_advertised() -> None:
    at = now(-60)
    send([text("START!", at=at)])
    record = ConsentRecord.objects.select_related("evidence", "disclosure").get()
    proof = json.loads(record.evidence.payload)
    assert (proof["body"], proof["rule"], proof["address"]) == ("START!", "opt-in", ALICES_PHONE)
    assert proof["place"]
    assert record.disclosure == Keyword.objects.get(word="start").disclosure
    assert (record.proven, int(record.occurred_at.timestamp())) == (True, at)


@pytest.mark.parametrize("body", ["STOP", "stop please", "Please stopppp", "opt out", "UNSUBSCRIBE.", "ARRÊT"])
def test_an_opt_out_in_whatever_words_stops_the_number(body: str, visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text(body, at=now(2))])
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == ("unsubscribed", ["granted", "withdrawn"])


def test_an_opt_out_within_the_second_of_a_tick_wins(visit: Visit) -> None:
    """Braze tells whole seconds: 10:00:00 may be half a second after what we wrote down at 10:00:00.4."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("STOP", at=int(ConsentRecord.objects.get().occurred_at.timestamp()))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_a_stop_from_a_number_that_nobody_has_is_recorded() -> None:
    send([text("STOP")])
    assert (acts(ALICES_PHONE, "sms"), User.objects.count()) == (["withdrawn"], 0)


def test_the_same_event_twice_changes_nothing() -> None:
    again = text("START")
    send([again, again])
    send([again])
    assert (acts(ALICES_PHONE, "sms"), InboundMessage.objects.count()) == (["granted"], 1)


def test_a_start_from_before_the_stop_changes_nothing_although_it_arrives_after_it() -> None:
    """Story 26."""
    send([text("STOP", at=now(-60))])
    send([text("START", at=now(-90))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


def test_a_start_after_the_stop_lifts_it() -> None:
    send([text("START", at=now(-30)), text("STOP", at=now(-60))])
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_stop_and_start_in_the_same_second_is_stopped() -> None:
    for events in ([text("STOP", at=now(-9)), text("START", at=now(-9))],):
        send(events)
        send(events[::-1])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_two_stops_are_two_records_and_the_second_outdoes_a_start_in_between_that_comes_last() -> None:
    send([text("STOP", at=now(-60)), text("STOP", at=now(-50))])
    send([text("START", at=now(-55))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.parametrize("body", ["weekend", "don't cancel my order", "nonstop", "please don't stop", "start now?"])
def test_what_is_not_understood_changes_nothing_and_is_kept_for_a_person(body: str, visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text(body, at=now(2))])
    assert (standing(ALICES_PHONE, "sms"), outcomes()) == ("subscribed", [Outcome.UNKNOWN])


def test_help_changes_nothing(visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("HELP", at=now(2))])
    assert (standing(ALICES_PHONE, "sms"), outcomes()) == ("subscribed", [Outcome.ANSWERED])


def test_y_confirms_the_request_and_proves_the_number(visit: Visit) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("Y", at=now(2))])
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == ("subscribed", ["requested", "confirmed"])
    assert User.objects.get().phone_proven_at is not None


@pytest.mark.parametrize(("seconds", "state"), [(-1, "subscribed"), (-10, "pending")])
def test_y_may_be_told_by_a_clock_that_is_slow_but_not_from_before_the_request(
    seconds: int, state: str, visit: Visit
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("Y", at=now(seconds))])
    assert standing(ALICES_PHONE, "sms") == state
    assert bool(User.objects.get().phone_proven_at) is (state == "subscribed")


def test_y_from_another_handset_confirms_nothing(visit: Visit) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("Y", BOBS_PHONE, at=now(2))])
    assert standing(ALICES_PHONE, "sms") == "pending"


def test_y_to_nothing_subscribes_nobody() -> None:
    send([text("Y"), text("YES")])
    assert (standing(ALICES_PHONE, "sms"), outcomes()) == ("none", [Outcome.UNKNOWN, Outcome.UNKNOWN])


def test_yes_is_an_opt_in_where_it_is_a_keyword_of_the_number() -> None:
    start = Keyword.objects.get(word="start")
    start.pk, start.word = None, "yes"
    start.save()
    send([text("Yes!")])
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_y_after_an_opt_out_confirms_nothing(visit: Visit) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    send([text("STOP", at=now(1)), text("Y", at=now(2))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_a_word_that_is_not_advertised_opts_nobody_in() -> None:
    Keyword.objects.filter(word="start").update(is_active=False)
    send([text("START")])
    assert (standing(ALICES_PHONE, "sms"), ConsentRecord.objects.count()) == ("none", 0)


def test_a_word_that_asks_for_confirmation_waits_for_the_y() -> None:
    Keyword.objects.filter(word="start").update(asks_confirmation=True)
    send([text("START", at=now(-9))])
    assert standing(ALICES_PHONE, "sms") == "pending"
    send([text("Y", at=now(-5))])
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_where_braze_asks_first_start_waits_for_the_y_too() -> None:
    send([text("START", at=now(-9), action="None")])
    assert standing(ALICES_PHONE, "sms") == "pending"
    send([text("Y", at=now(-5), action="Subscribed")])
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_a_stop_ends_every_program_of_texts_and_start_lifts_its_own(programs: dict[str, Program]) -> None:
    other = Program.objects.get(slug="sms")
    other.pk, other.slug, other.subscription_group_id = None, "news", "5a4d0000-0000-4000-8000-000000000009"
    other.sender = "+12025550190"
    other.save()
    send([text("STOP", at=now(-9))])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "news")) == ("unsubscribed", "unsubscribed")
    send([text("START", at=now(-5))])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "news")) == ("subscribed", "unsubscribed")


def test_a_text_says_nothing_about_emails(visit: Visit) -> None:
    """REV-14."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    send([text("STOP", at=now(2))])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("unsubscribed", "subscribed")


@pytest.mark.parametrize("by_campaign", [True, False])
def test_an_opt_out_word_of_ones_own_stops_whoever_reports_it_and_whatever_is_offered(
    by_campaign: bool, visit: Visit
) -> None:
    """A webhook campaign does not tell which number was texted; a program that is offered no more still has people."""
    of_whom = None if by_campaign else Program.objects.get(slug="sms")
    Keyword.objects.create(word="adios", number=settings.SMS_NUMBER, meaning="opt_out", program=of_whom)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    if by_campaign:
        campaign("inbound", message="ADIOS")
    else:
        Program.objects.update(is_active=False)
        send([text("Adios", at=now(1))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_the_same_word_to_another_programs_number_is_another_text(deliver: Deliver, sandbox: Sandbox) -> None:
    """The first is reported by a campaign, which tells no time and no number, and is acted on by Braze's state."""
    vip = Program.objects.get(slug="sms")
    vip.pk, vip.slug, vip.sender, vip.subscription_group_id = None, "vip", "+12025550190", VIP
    vip.save()
    start = Keyword.objects.get(word="start")
    start.pk, start.number, start.program = None, vip.sender, vip
    start.save()
    sandbox.world.set_group(SMS, "sms", double_opt_in=False)
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START")
    deliver()
    send([text("START", inbound_phone_number=vip.sender, subscription_group_id=VIP)])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("subscribed", "subscribed")
