"""POST /users/track: profiles, their states, and what is refused."""

import pytest

ANNA, BEN = "+12025550101", "+61491570006"


def group(group_id: str, state: str) -> dict[str, str]:
    return {"subscription_group_id": group_id, "subscription_state": state}


def test_creates_a_profile_with_reserved_and_custom_attributes(braze, world):
    response = braze.track({"external_id": "a1", "phone": BEN, "language": "en", "favourite": "tea"})
    assert response.json() == {"message": "success", "attributes_processed": 1}
    assert world.profile("a1").phone == BEN
    assert world.profile("a1").attributes == {"language": "en", "favourite": "tea"}


def test_null_clears(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com", "language": "en"})
    braze.track({"external_id": "a1", "phone": None, "email": None, "language": None})
    profile = world.profile("a1")
    assert (profile.phone, profile.email, profile.attributes) == (None, None, {})
    assert world.holders(ANNA) == []


def test_sets_groups_of_both_channels(braze, world, sms, email):
    entries = [group(sms, "subscribed"), group(email, "unsubscribed")]
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": entries})
    assert world.profile("a1").states == {sms: "Subscribed", email: "Unsubscribed"}


def test_a_new_profile_inherits_the_state_of_a_number_that_is_known(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [group(sms, "unsubscribed")]})
    braze.track({"external_id": "a2", "phone": ANNA})
    assert world.profile("a2").states == {sms: "Unsubscribed"}


def test_consent_travels_to_a_new_number_unless_it_is_withdrawn_first(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [group(sms, "subscribed")]})
    braze.track({"external_id": "a1", "phone": BEN})
    assert world.state(sms, BEN) == "Subscribed"


def test_the_global_email_state_spreads_to_everyone_with_the_address(braze, world):
    braze.track({"external_id": "a1", "email": "a@example.com"})
    braze.track({"external_id": "a2", "email": "A@example.com", "email_subscribe": "opted_in"})
    assert world.profile("a1").email_subscribe == "opted_in"


def test_a_new_address_is_subscribed_again_unless_it_is_known(braze, world):
    braze.track({"external_id": "a1", "email": "a@example.com", "email_subscribe": "unsubscribed"})
    braze.track({"external_id": "b1", "email": "b@example.com", "email_subscribe": "opted_in"})
    braze.track({"external_id": "a1", "email": "new@example.com"})
    assert world.profile("a1").email_subscribe == "subscribed"
    braze.track({"external_id": "a1", "email": "b@example.com"})
    assert world.profile("a1").email_subscribe == "opted_in"


def test_refused_objects_are_named_and_the_others_go_through(braze, world):
    response = braze.track({"external_id": "a1"}, {"language": "en"}, {"external_id": "a3", "email": "nope"})
    assert response.status_code == 201
    assert response.json()["attributes_processed"] == 1
    assert [error["index"] for error in response.json()["errors"]] == [1, 2]
    assert [one.external_id for one in world.profiles] == ["a1"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"email": "nope"}, "The value provided for the 'email' field is not a valid email."),
        ({"email_subscribe": "yes"}, "BAD_EMAIL_SUBSCRIPTION_STATE"),
        ({"subscription_groups": {}}, "BAD_SUBSCRIPTION_GROUP_ARRAY"),
        ({"subscription_groups": ["x"]}, "BAD_SUBSCRIPTION_GROUP_HASH"),
        ({"subscription_groups": [group("?", "subscribed")]}, "BAD_SUBSCRIPTION_GROUP_ID"),
        ({"external_id": "x" * 988}, "EXTERNAL_USER_ID_TOO_LARGE"),
        ({"braze_id": "b1"}, "Only one of 'external_id', 'braze_id' or 'user_alias' may be provided"),
    ],
)
def test_says_why_an_object_is_refused(braze, fields, error):
    response = braze.track({"external_id": "a1", **fields})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"type": error, "input_array": "attributes", "index": 0}]


def test_a_bad_phone_is_left_out_and_the_rest_is_kept(braze, world):
    assert braze.track({"external_id": "a1", "phone": "12", "language": "en"}).status_code == 201
    assert (world.profile("a1").phone, world.profile("a1").attributes) == (None, {"language": "en"})


@pytest.mark.parametrize("body", [{}, {"attributes": []}, {"attributes": "x"}])
def test_nothing_valid_is_refused(braze, body):
    response = braze.post("/users/track", body)
    assert response.status_code == 400
    assert response.json()["message"].startswith("Valid data must be provided")


def test_takes_75_objects_in_all_and_no_more(braze, world):
    event = {"external_id": "a0", "name": "seen", "time": "2026-01-01T00:00:00Z"}
    attributes = [{"external_id": f"a{n}"} for n in range(75)]
    assert braze.track(*attributes).status_code == 201
    response = braze.post("/users/track", {"attributes": attributes, "events": [event]})
    assert (response.status_code, response.json()) == (400, {"message": "Max Input Length Exceeded"})


def test_keeps_events_and_purchases(braze, world):
    event = {"external_id": "a1", "name": "seen", "time": "2026-01-01T00:00:00Z"}
    purchase = {**event, "product_id": "tea", "currency": "EUR", "price": 3}
    response = braze.post("/users/track", {"events": [event], "purchases": [purchase]})
    assert response.json() == {"message": "success", "events_processed": 1, "purchases_processed": 1}
    assert world.profile("a1").events[0]["name"] == "seen"
    assert world.profile("a1").purchases[0]["product_id"] == "tea"


def test_an_email_finds_its_profile_only_where_there_is_no_external_id(braze, world):
    braze.track({"email": "a@example.com"})
    braze.track({"email": "a@example.com", "language": "en"})
    braze.track({"external_id": "a1", "email": "a@example.com"})
    assert [(one.external_id, one.attributes) for one in world.holders("a@example.com")] == [
        (None, {"language": "en"}),
        ("a1", {}),
    ]


def test_update_existing_only_creates_nobody(braze, world):
    assert braze.track({"external_id": "a1", "_update_existing_only": True}).status_code == 201
    assert world.profiles == []
