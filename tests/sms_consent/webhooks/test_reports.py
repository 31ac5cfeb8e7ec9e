"""What Braze reports may take consent away and never gives any (rule 12; stories 22-25)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from sms_consent.models import ConsentRecord, InboundMessage, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import asks_first, bodies, seen
from tests.sms_consent.webhooks.events import campaign, changed, email_changed, event, now, send, text

Outcome = InboundMessage.Outcome
SOURCES = ["Dashboard", "CSV Import", "Preference Center", "SDK", "Subscription Page", "User Merge", "REST API"]


def outcomes() -> list[str]:
    return list(InboundMessage.objects.order_by("pk").values_list("outcome", flat=True))


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Any:
    """Alice is on both programs, here and at Braze."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    visitor.press(visitor.links(ALICE)[0])
    assert deliver() == 0
    return visitor


def reports(words: str, status: str) -> list[Any]:
    """One text in all the ways in which it is reported."""
    said, state = text(words, at=now(-1)), changed(status, "Inbound Message", at=now(-1))
    return [
        lambda: send([said]),
        lambda: send([state]),
        lambda: campaign("inbound", message=words),
        lambda: campaign(status.lower()),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_story_22_one_stop_in_every_order_of_its_reports_is_one_record(order: tuple[int, ...], visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    Subscription.objects.update(folded_to=None)
    sent = reports("STOP", "Unsubscribed")
    for number in order:
        sent[number]()
        sent[number]()
    assert acts(ALICES_PHONE, "sms").count("withdrawn") == 1
    assert Subscription.objects.get().stopped_at is not None


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_story_22_one_y_in_either_order_of_its_reports_is_one_record(
    order: tuple[int, ...], visit: Visit, deliver: Deliver
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    at = now(1)
    sent = [text("Y", at=at), changed("Subscribed", "Inbound Message", at=at)]
    for number in order:
        send([sent[number], sent[number]])
    assert acts(ALICES_PHONE, "sms") == ["requested", "confirmed"]
    assert set(outcomes()) == {Outcome.ACTED, Outcome.REPEAT}


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_story_22_one_start_in_either_order_of_its_reports_is_one_record(order: tuple[int, ...]) -> None:
    sent = [text("START", at=now(-1)), changed("Subscribed", "Inbound Message", at=now(-1))]
    for number in order:
        send([sent[number], sent[number]])
    assert acts(ALICES_PHONE, "sms") == ["granted"]
    assert Outcome.UNPROVEN not in outcomes()


def test_story_23_our_own_write_comes_back(alice: Any) -> None:
    send([changed("Subscribed", "REST API"), email_changed("Subscribed", "REST API")])
    assert (acts(ALICES_PHONE, "sms"), acts(ALICE, "email")) == (["granted"], ["requested", "confirmed"])
    assert set(outcomes()) == {Outcome.REPEAT}


def test_story_23_our_own_opt_out_comes_back_after_she_has_joined_again(
    alice: Any, deliver: Deliver, sandbox: Sandbox
) -> None:
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "email"})
    deliver()
    left_at = now(0)
    alice.preferences(ALICES_PHONE, "email")
    deliver()
    send([email_changed("Unsubscribed", "REST API", at=left_at)])
    assert (standing(ALICE, "email"), outcomes()) == ("subscribed", [Outcome.ECHO])


@pytest.mark.parametrize("source", SOURCES)
def test_story_24_somebody_unsubscribes_her_at_braze(
    source: str, alice: Any, deliver: Deliver, sandbox: Sandbox
) -> None:
    send([changed("Unsubscribed", source, at=now(2)), email_changed("Unsubscribed", source, at=now(2))])
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
    assert acts(ALICE, "email") == ["requested", "confirmed", "withdrawn"]
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


@pytest.mark.parametrize(("source", "stops"), [("Inbound Message", True), ("Dashboard", False)])
def test_only_the_handset_stops_a_number(source: str, stops: bool, alice: Any) -> None:
    send([changed("Unsubscribed", source, at=now(2))])
    assert (Subscription.objects.get(program__slug="sms").stopped_at is not None) is stops


def test_several_profiles_with_one_number_report_one_opt_out(alice: Any) -> None:
    send([changed("Unsubscribed", "Dashboard", at=now(2)) for _ in range(3)])
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


def test_an_opt_out_taken_for_known_still_outdoes_a_start_that_was_on_its_way(alice: Any) -> None:
    """STOP, START, STOP: the second STOP's change of state comes before the START does."""
    send([text("STOP", at=now(-60))])
    send([changed("Unsubscribed", "Inbound Message", at=now(-40))])
    send([text("START", at=now(-50))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.parametrize("source", [*SOURCES, "Inbound Message"])
def test_story_25_subscribed_without_proof_is_listed_and_changes_nothing(
    source: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    send([changed("Subscribed", source)])
    assert (standing(ALICES_PHONE, "sms"), outcomes()) == ("none", [Outcome.UNPROVEN])
    assert deliver() == 0
    assert sandbox.world.calls == []


def test_a_stopped_number_is_not_lifted_from_the_dashboard(alice: Any) -> None:
    send([text("STOP", at=now(1))])
    send([changed("Subscribed", "Dashboard", at=now(5))])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_the_global_state_ends_every_program_of_emails(alice: Any) -> None:
    send([event("users.behaviors.subscription.GlobalStateChange", now(2), subscription_status="Unsubscribed",
                email_address=ALICE, state_change_source="Subscription Page")])  # fmt: skip
    assert (standing(ALICE, "email"), standing(ALICES_PHONE, "sms")) == ("unsubscribed", "subscribed")


def test_a_mark_as_spam_is_an_opt_out(alice: Any) -> None:
    """SEC-12."""
    send([event("users.messages.email.MarkAsSpam", now(2), email_address=ALICE.upper())])
    assert standing(ALICE, "email") == "unsubscribed"


@pytest.mark.parametrize(
    ("code", "state"), [("21610", "unsubscribed"), ("40300", "unsubscribed"), ("30003", "subscribed")]
)
def test_a_block_at_the_provider_is_an_opt_out(code: str, state: str, alice: Any) -> None:
    """REV-12."""
    send([event("users.messages.sms.Rejection", now(2), to_phone_number=ALICES_PHONE, provider_error_code=code)])
    assert standing(ALICES_PHONE, "sms") == state


def test_double_opt_in_does_not_look_like_an_opt_out(visit: Visit, deliver: Deliver) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    send([changed("Unsubscribed", "REST API", at=now(1))])
    assert (standing(ALICES_PHONE, "sms"), outcomes()) == ("pending", [Outcome.ECHO])


def test_a_group_that_is_not_ours_is_nothing_to_us(alice: Any, programs: dict[str, Program]) -> None:
    assert send([changed("Unsubscribed", "Dashboard", group="somebody-elses")]).status_code == 200
    assert InboundMessage.objects.count() == 0


# --- Without Currents -----------------------------------------------------------------------------------


@pytest.fixture
def at_once(sandbox: Sandbox) -> None:
    """Have Braze take START at its word."""
    sandbox.world.set_group(SMS, "sms", double_opt_in=False)


def test_an_opt_out_of_a_campaign_acts_at_once(alice: Any) -> None:
    campaign("unsubscribed")
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.usefixtures("at_once")
def test_an_opt_in_by_a_campaign_is_looked_up_at_braze(deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START")
    assert standing(ALICES_PHONE, "sms") == "none"
    deliver()
    assert (acts(ALICES_PHONE, "sms"), outcomes()) == (["granted"], [Outcome.ACTED])


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("again", [False, True])
def test_story_22_a_start_that_a_campaign_tells_first_is_one_record(
    again: bool, deliver: Deliver, sandbox: Sandbox
) -> None:
    at = now()
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    for _ in range(1 + again):
        campaign("inbound", message="START")
        deliver()
    send([text("START", at=at)])
    assert (acts(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "sms")) == (["granted"], "subscribed")


def test_an_opt_in_that_braze_has_confirmed_first_counts_once_it_has(deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START")
    deliver()
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    campaign("inbound", message="Y")
    campaign("subscribed", source="Inbound Message")
    deliver()
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_an_opt_in_that_braze_does_not_bear_out_counts_for_nothing(deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    campaign("inbound", message="START")
    deliver()
    assert (acts(ALICES_PHONE, "sms"), outcomes()) == ([], [Outcome.UNKNOWN])


@pytest.mark.usefixtures("at_once")
def test_a_mere_state_by_a_campaign_proves_nothing(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(BOBS_PHONE, "START", SMS)
    campaign("subscribed", phone=BOBS_PHONE)
    deliver()
    assert (standing(BOBS_PHONE, "sms"), outcomes()) == ("none", [Outcome.UNPROVEN])


@pytest.mark.usefixtures("at_once")
def test_hints_wait_while_braze_is_down(deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    campaign("inbound", message="START")
    sandbox.faults.add("status", status=503)
    deliver()
    assert outcomes() == [Outcome.WAITING]
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"


@pytest.mark.parametrize(("takes_it", "state"), [(True, "subscribed"), (False, "pending")])
def test_a_mere_state_confirms_where_the_program_takes_brazes_word(
    takes_it: bool, state: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    Program.objects.update(takes_brazes_word=takes_it)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    campaign("subscribed")
    deliver()
    assert standing(ALICES_PHONE, "sms") == state
    assert not ConsentRecord.objects.filter(proven=True).exists()  # it is Braze's word and nobody else's


# --- Who is first seen through Braze ---------------------------------------------------------------------


@pytest.mark.usefixtures("at_once")
def test_a_number_first_seen_through_braze_gets_the_profile_that_it_has_there(
    deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    send([text("START")])
    deliver()
    assert len(sandbox.world.profiles) == 1
    assert sandbox.world.profiles[0].external_id
    assert bodies(sandbox, "/users/identify")[0]["phone_numbers_to_identify"][0]["phone"] == ALICES_PHONE
    assert sandbox.world.state(SMS, ALICES_PHONE) == SUBSCRIBED


@pytest.mark.usefixtures("at_once")
def test_a_number_that_texted_braze_before_anybody_signed_up_gets_the_profile_that_it_has_there(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 0
    assert len(sandbox.world.profiles) == 1
    assert sandbox.world.state(SMS, ALICES_PHONE) == SUBSCRIBED


def test_what_braze_has_without_proof_is_listed_with_the_subscription(alice: Any) -> None:
    send([text("STOP", at=now(1))])
    send([changed("Subscribed", "Dashboard", at=now(5))])
    assert Subscription.objects.get(program__slug="sms").seen == "subscribed"
