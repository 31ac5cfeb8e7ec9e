"""Webhook campaigns: what triggers one, what it says, and how often it is tried."""

import pytest

from tests.sms_consent.sandbox.receiver import CURRENTS, EVENTS

ANNA, BEN = "+12025550101", "+12025550102"


@pytest.fixture
def campaigns(sandbox, receiver):
    sandbox.hooks.configure(currents=False, campaigns=True)

    def bodies():
        assert sandbox.hooks.flush() == []
        return receiver.bodies(EVENTS)

    return bodies


@pytest.fixture
def anna(braze):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com"})


def test_a_text_and_what_it_changed_are_two_calls(world, sms, anna, campaigns, receiver):
    world.send_text(ANNA, "STOP")
    known = {"subscription_group_id": sms, "external_id": "a1", "phone": ANNA, "email": "a@example.com"}
    assert campaigns() == [
        {"event": "unsubscribed", "message": "", **known},
        {"event": "inbound", "message": "STOP", **known},
    ]
    assert receiver.bodies(CURRENTS) == []


def test_carries_the_token_and_no_time(world, sms, anna, campaigns, receiver):
    world.send_text(ANNA, "hello")
    campaigns()
    _, headers, body = receiver.arrived[0]
    assert headers["Authorization"] == f"Bearer {receiver.token}"
    assert set(body) == {"event", "subscription_group_id", "external_id", "phone", "email", "message"}


def test_an_anonymous_profile_has_no_external_id_and_unknown_values_are_empty(world, sms, campaigns):
    world.send_text(BEN, "UNSTOP")
    assert campaigns()[0] == {
        "event": "subscribed",
        "subscription_group_id": sms,
        "phone": BEN,
        "email": "",
        "message": "",
    }


def test_a_text_that_makes_no_profile_triggers_none(world, campaigns):
    world.send_text(BEN, "hello")
    assert campaigns() == []


def test_what_the_site_wrote_triggers_none(braze, anna, campaigns):
    braze.set_sms(phone=ANNA)
    assert campaigns() == []


def test_sources_can_be_chosen(sandbox, braze, world, sms, anna, campaigns):
    sandbox.hooks.configure(campaign_sources=["REST API"])
    braze.set_sms(phone=ANNA)
    sandbox.desk.set_state(ANNA, sms, "Unsubscribed")
    assert [one["event"] for one in campaigns()] == ["subscribed"]


def test_an_email_group_is_told_by_email(sandbox, email, campaigns, braze):
    braze.track({"external_id": "a1", "email": "a@example.com"})
    sandbox.desk.set_state("a@example.com", email, "Unsubscribed", "Preference Center")
    (body,) = campaigns()
    assert (body["event"], body["subscription_group_id"], body["email"], body["phone"]) == (
        "unsubscribed",
        email,
        "a@example.com",
        "",
    )


def test_both_ways_may_be_on_at_once(sandbox, world, anna, campaigns, receiver):
    sandbox.hooks.configure(currents=True)
    world.send_text(ANNA, "hello")
    assert len(campaigns()) == 1
    assert len(receiver.events("InboundReceive")) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_is_tried_five_times_more_and_given_up(sandbox, world, anna, campaigns, receiver, status):
    receiver.answers = [status] * 9
    world.send_text(ANNA, "hello")
    assert len(campaigns()) == 6
    assert [hook.attempt for hook in sandbox.hooks.sent] == [1, 2, 3, 4, 5, 6]
    assert sandbox.hooks.sent[-1].outcome == "given up"


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413])
def test_any_other_refusal_is_final(world, anna, campaigns, receiver, status):
    receiver.answers = [status]
    world.send_text(ANNA, "hello")
    assert len(campaigns()) == 1
