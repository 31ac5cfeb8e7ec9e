"""What others do at Braze: help desk, another system, imports, preference center, spam, a carrier."""

import pytest

ANNA, BEN = "+12025550101", "+12025550102"


@pytest.fixture
def anna(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com"})
    return world.profile("a1")


def last(world):
    event = world.events[-1]
    return event.event_type.rpartition(".")[2], event.properties.get("state_change_source")


@pytest.mark.parametrize("source", ["Dashboard", "REST API", "CSV Import", "Subscription Page"])
@pytest.mark.parametrize("who", [ANNA, "a@example.com", "a1"])
def test_a_state_is_set_by_whoever_says_so(sandbox, world, sms, email, anna, who, source):
    group = email if "@" in who else sms
    sandbox.desk.set_state(who, group, "Subscribed", source)
    assert anna.states == {group: "Subscribed"}
    assert last(world) == ("StateChange", source)


def test_the_preference_center_asks_first(sandbox, world, sms, anna):
    sandbox.desk.set_state(ANNA, sms, "Subscribed", "Preference Center")
    assert (anna.states, world.events) == ({}, [])
    assert len(world.texts(ANNA)) == 1


def test_an_import_makes_a_profile(sandbox, world, sms):
    sandbox.desk.set_state(BEN, sms, "Subscribed", "CSV Import")
    assert [(one.external_id, one.phone, one.states) for one in world.profiles] == [(None, BEN, {sms: "Subscribed"})]
    assert last(world) == ("StateChange", "CSV Import")


def test_another_system_can_park_a_state(sandbox, world, sms):
    sandbox.desk.set_state(BEN, sms, "Subscribed", "REST API")
    assert world.states.parked[BEN][sms].state == "Subscribed"


def test_a_global_state_is_set_from_outside(sandbox, world, anna):
    sandbox.desk.set_global_email("A@example.com", "unsubscribed")
    assert anna.email_subscribe == "unsubscribed"
    assert last(world) == ("GlobalStateChange", "Subscription Page")


def test_a_complaint_is_noted_and_changes_no_subscription(sandbox, world, anna):
    sandbox.desk.mark_as_spam("a@example.com")
    assert last(world) == ("MarkAsSpam", None)
    assert world.events[-1].properties["email_address"] == "a@example.com"
    assert anna.attributes["marked_email_as_spam_at"]
    assert anna.email_subscribe == "subscribed"


def test_a_blocked_number_gets_nothing_and_braze_is_told_each_time(sandbox, world, sms, anna):
    sandbox.desk.block(ANNA, sms)
    world.send_text(ANNA, "HELP")
    assert len(world.texts(ANNA)) == 1
    rejections = [one for one in world.events if one.event_type == "users.messages.sms.Rejection"]
    assert len(rejections) == 2
    assert rejections[0].properties["provider_error_code"] == "21610"
    assert rejections[0].properties["to_phone_number"] == ANNA


def test_a_block_changes_no_state_and_an_opt_in_word_lifts_it(sandbox, world, sms, anna):
    sandbox.desk.block(ANNA, sms)
    assert anna.states == {}
    world.send_text(ANNA, "UNSTOP")
    assert [text.inbound for text in world.texts(ANNA)] == [True, False]


def test_each_act_can_be_asked_for_over_http(braze, world, sms, anna):
    def desk(act, **body):
        response = braze.post(f"/__sandbox/desk/{act}", body)
        assert response.ok, response.text
        return response.json()["done"]

    assert desk("state", who=ANNA, group_id=sms, state="Unsubscribed", source="Dashboard") == "a1 is Unsubscribed"
    assert desk("email", email="a@example.com", state="unsubscribed") == "a@example.com is unsubscribed"
    assert desk("spam", email="a@example.com").startswith("a@example.com marked")
    assert desk("block", phone=ANNA, group_id=sms).endswith(ANNA)
    kinds = [one.event_type.rpartition(".")[2] for one in world.events]
    assert kinds == ["StateChange", "GlobalStateChange", "MarkAsSpam", "Rejection"]


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("state", {"who": BEN, "group_id": "sms", "state": "Subscribed"}, 404),
        ("state", {"who": ANNA, "group_id": "?", "state": "Subscribed"}, 404),
        ("state", {"who": ANNA, "group_id": "sms", "state": "subscribed"}, 400),
        ("state", {"who": ANNA, "group_id": "sms", "state": "Subscribed", "source": "?"}, 400),
        ("email", {"email": "b@example.com", "state": "unsubscribed"}, 404),
        ("email", {"email": "a@example.com", "state": "Unsubscribed"}, 400),
        ("spam", {"email": "b@example.com"}, 404),
        ("block", {"phone": "12", "group_id": "sms"}, 404),
        ("block", {"nonsense": 1}, 400),
    ],
)
def test_says_what_was_wrong(braze, world, sms, anna, act, body, status):
    if body.get("group_id") == "sms":
        body = {**body, "group_id": sms}
    response = braze.post(f"/__sandbox/desk/{act}", body)
    assert response.status_code == status
    assert response.json()["message"]
    assert world.events == []
