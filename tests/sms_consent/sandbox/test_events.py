"""What the fake Braze tells of: each change once, with who made it, and every text."""

import time
import uuid

import pytest

ANNA, BEN = "+12025550101", "+12025550102"
GROUP_STATE = "users.behaviors.subscriptiongroup.StateChange"


def changes(world):
    """Return (whom, status, source) of each change of a group state."""
    return [
        (
            one.user.get("external_user_id"),
            one.properties["subscription_status"],
            one.properties["state_change_source"],
        )
        for one in world.events
        if one.event_type == GROUP_STATE
    ]


def kinds(world):
    return [one.event_type.rpartition(".")[2] for one in world.events]


def test_a_change_is_told_in_the_shape_of_currents(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA, "time_zone": "America/Chicago"})
    braze.set_sms("unsubscribed", phone=ANNA)
    (event,) = [one.as_json() for one in world.events]
    uuid.UUID(event.pop("id"))
    assert abs(event.pop("time") - time.time()) < 5
    assert event == {
        "event_type": GROUP_STATE,
        "user": {
            "user_id": world.profile("a1").braze_id,
            "external_user_id": "a1",
            "timezone": "America/Chicago",
        },
        "properties": {
            "subscription_group_id": sms,
            "subscription_status": "Unsubscribed",
            "channel": "sms",
            "channel_identifier": ANNA,
            "phone_number": ANNA,
            "state_change_source": "REST API",
        },
    }


def test_every_write_of_the_site_comes_from_the_rest_api(braze, world, sms):
    entry = {"subscription_group_id": sms, "subscription_state": "subscribed"}
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [entry]})
    braze.set_sms("unsubscribed", external_id="a1")
    v2 = {"subscription_group_id": sms, "subscription_state": "subscribed", "phones": [ANNA]}
    braze.post("/v2/subscription/status/set", {"subscription_groups": [v2]})
    assert changes(world) == [
        ("a1", "Subscribed", "REST API"),
        ("a1", "Unsubscribed", "REST API"),
        ("a1", "Subscribed", "REST API"),
    ]


def test_what_changes_nothing_is_not_told(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com", "email_subscribe": "subscribed"})
    braze.set_sms(phone=ANNA)
    braze.set_sms(phone=ANNA)
    assert kinds(world) == ["StateChange"]


def test_only_what_changed_is_told(braze, world, sms, email):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com"})
    braze.set_sms(phone=ANNA)
    braze.set_email(email="a@example.com")
    assert [one.properties["subscription_group_id"] for one in world.events] == [sms, email]


def test_a_parked_state_is_told_when_somebody_gets_it(braze, world):
    braze.set_sms(phone=ANNA)
    assert world.events == []
    braze.track({"external_id": "a1", "phone": ANNA})
    assert changes(world) == [("a1", "Subscribed", "REST API")]


def test_everyone_who_shares_the_number_is_told_of(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA}, {"external_id": "a2", "phone": ANNA})
    world.send_text(ANNA, "STOP")
    found = [("a1", "Unsubscribed", "Inbound Message"), ("a2", "Unsubscribed", "Inbound Message")]
    assert sorted(changes(world)) == found


def test_a_prompt_is_no_change_and_its_answer_is_one(braze, world, sms):
    entry = {"subscription_group_id": sms, "subscription_state": "subscribed", "use_double_opt_in_logic": True}
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [entry]})
    assert world.events == []
    world.send_text(ANNA, "Y")
    assert changes(world) == [("a1", "Subscribed", "Inbound Message")]


@pytest.mark.parametrize(
    ("body", "action"),
    [("STOP", "Unsubscribed"), ("unstop", "Subscribed"), ("START", "None"), ("HELP", "None"), ("stop please", "None")],
)
def test_every_text_is_told_with_what_it_did(braze, world, sms, body, action):
    braze.track({"external_id": "a1", "phone": ANNA})
    world.send_text(ANNA, body)
    event = world.events[-1]
    assert event.event_type == "users.messages.sms.InboundReceive"
    assert event.user["external_user_id"] == "a1"
    assert event.properties == {
        "user_phone_number": ANNA,
        "inbound_phone_number": "+12025550100",
        "subscription_group_id": sms,
        "action": action,
        "message_body": body,
        "media_urls": [],
    }


def test_a_second_stop_is_a_text_and_no_change(world):
    world.send_text(BEN, "STOP")
    world.send_text(BEN, "STOP")
    assert kinds(world) == ["StateChange", "InboundReceive", "InboundReceive"]
    assert world.events[-1].properties["action"] == "Unsubscribed"


@pytest.mark.parametrize(("body", "is_named"), [("START", True), ("STOP", True), ("hello", False), ("help", False)])
def test_a_text_names_an_unknown_number_only_if_its_word_makes_a_profile(world, body, is_named):
    world.send_text(BEN, body)
    user = world.events[-1].user
    assert list(user) == (["user_id"] if is_named else [])
    assert len(world.profiles) == is_named


def test_a_global_email_state_is_told(braze, world):
    braze.track({"external_id": "a1", "email": "a@example.com", "email_subscribe": "opted_in"})
    braze.post("/email/status", {"email": "a@example.com", "subscription_state": "unsubscribed"})
    assert kinds(world) == ["GlobalStateChange", "GlobalStateChange"]
    assert world.events[-1].properties == {
        "subscription_status": "Unsubscribed",
        "channel": "email",
        "channel_identifier": "a@example.com",
        "email_address": "a@example.com",
        "state_change_source": "REST API",
    }


def test_what_a_profile_gains_by_a_merge_is_told(braze, world):
    world.send_text(ANNA, "STOP")
    braze.track({"external_id": "a1", "email": "a@example.com"})
    entry = {"external_id": "a1", "phone": ANNA, "prioritization": ["unidentified"]}
    braze.post("/users/identify", {"phone_numbers_to_identify": [entry]})
    assert changes(world)[-1] == ("a1", "Unsubscribed", "User Merge")
    assert world.events[-1].properties["phone_number"] == ANNA


def test_what_was_parked_is_told_as_the_doing_of_the_call_that_parked_it(braze, world, sms):
    """Not as that of the text by which somebody comes to have the number."""
    world.set_group(sms, "sms", double_opt_in=True)
    braze.set_sms("unsubscribed", phone=ANNA)
    world.send_text(ANNA, "START")
    assert changes(world) == [(None, "Unsubscribed", "REST API")]


def test_a_call_applied_late_is_told_late(braze, world, sandbox):
    braze.track({"external_id": "a1", "phone": ANNA})
    sandbox.faults.add("late")
    braze.set_sms(phone=ANNA)
    assert world.events == []
    world.apply_late()
    assert changes(world) == [("a1", "Subscribed", "REST API")]


def test_the_control_api_shows_them_newest_first(braze, world):
    world.send_text(BEN, "STOP")
    events = braze.get("/__sandbox/events").json()
    assert [one["id"] for one in events] == [one.id for one in reversed(world.events)]
    assert set(events[0]) == {"event_type", "id", "time", "user", "properties"}
