"""The subscription group calls: v1, v2, the two reads, and the global email state."""

import pytest

ANNA, BEN = "+12025550101", "+12025550102"


def test_accepts_the_scalars_of_the_two_call_recipe(braze, world, sms):
    braze.set_sms(external_id="a1", phone=ANNA)
    braze.track({"external_id": "a1", "phone": ANNA})
    assert world.profile("a1").states == {sms: "Subscribed"}


def test_a_state_for_an_unknown_number_is_parked_and_creates_nobody(braze, world, sms):
    response = braze.set_sms(phone=[ANNA])
    assert (response.status_code, response.json()) == (201, {"message": "success"})
    assert world.profiles == []
    assert world.states.parked[ANNA][sms].state == "Subscribed"


def test_a_parked_state_is_forgotten_after_30_days(braze, world):
    braze.set_sms(phone=[ANNA])
    world.pulse.advance(30 * 86_400 + 1)
    braze.track({"external_id": "a1", "phone": ANNA})
    assert world.profile("a1").states == {}


def test_a_parked_state_for_an_email_is_inherited(braze, world, email):
    braze.set_email("unsubscribed", email=["Anna@example.com"])
    braze.track({"external_id": "a1", "email": "anna@example.com"})
    assert world.profile("a1").states == {email: "Unsubscribed"}


def test_a_state_follows_the_number_to_everyone_who_holds_it(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA}, {"external_id": "a2", "phone": ANNA})
    braze.set_sms("unsubscribed", phone=ANNA)
    assert [one.states[sms] for one in world.holders(ANNA)] == ["Unsubscribed", "Unsubscribed"]


def test_a_state_by_external_id_reaches_others_with_the_same_number(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA}, {"external_id": "a2", "phone": ANNA})
    braze.set_sms(external_id=["a1"])
    assert world.profile("a2").states == {sms: "Subscribed"}


def test_an_unknown_external_id_is_accepted_and_changes_nothing(braze, world):
    assert braze.set_sms(external_id="nobody").status_code == 201
    assert world.profiles == []
    assert world.states.parked == {}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"phone": ANNA, "email": "a@example.com"}, "not both"),
        ({"phone": [f"+1202555{n:04}" for n in range(51)]}, "max number of ids"),
        ({"phone": "0491 570 006"}, "E.164"),
        ({"email": "a@example.com"}, "cannot be used"),
        ({}, "required"),
        ({"phone": ANNA, "subscription_group_id": "?"}, "Invalid subscription group ID"),
        ({"phone": ANNA, "subscription_state": "opted_in"}, "Invalid subscription state"),
        ({"phone": [None]}, "strings"),
    ],
)
def test_refuses_a_wrong_call_as_a_whole(braze, world, fields, message):
    response = braze.set_sms(**fields)
    assert response.status_code == 400
    assert message in response.json()["message"]
    assert world.states.parked == {}


def test_v2_sets_several_groups(braze, world, sms, email):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com"})
    entries = [
        {"subscription_group_id": group, "subscription_state": "subscribed", "external_ids": ["a1"]}
        for group in (sms, email)
    ]
    assert braze.post("/v2/subscription/status/set", {"subscription_groups": entries}).status_code == 201
    assert world.profile("a1").states == {sms: "Subscribed", email: "Subscribed"}


def test_v2_refuses_emails_and_phones_in_one_request(braze, sms, email):
    entries = [
        {"subscription_group_id": sms, "subscription_state": "subscribed", "phones": [ANNA]},
        {"subscription_group_id": email, "subscription_state": "subscribed", "emails": ["a@example.com"]},
    ]
    response = braze.post("/v2/subscription/status/set", {"subscription_groups": entries})
    assert response.status_code == 400


def test_v2_refuses_the_whole_call_for_one_bad_group(braze, world, sms):
    entries = [
        {"subscription_group_id": group, "subscription_state": "subscribed", "phones": [ANNA]} for group in (sms, "?")
    ]
    assert braze.post("/v2/subscription/status/set", {"subscription_groups": entries}).status_code == 400
    assert world.states.parked == {}


@pytest.mark.parametrize("name", ["phone", "phone[]"])
def test_status_is_keyed_by_what_was_asked(braze, sms, name):
    braze.track({"external_id": "a1", "phone": ANNA})
    braze.set_sms(phone=ANNA)
    answer = braze.get("/subscription/status/get", subscription_group_id=sms, **{name: [ANNA, BEN]})
    assert answer.json()["status"] == {ANNA: "Subscribed", BEN: "Unknown"}


def test_status_prefers_external_ids(braze, sms):
    braze.track({"external_id": "a1", "phone": ANNA})
    query = {"subscription_group_id": sms, "external_id": "a1", "phone": ANNA}
    assert braze.get("/subscription/status/get", **query).json()["status"] == {"a1": "Unknown"}


def test_status_of_an_unknown_group_is_refused(braze):
    answer = braze.get("/subscription/status/get", subscription_group_id="?", phone=ANNA)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid subscription group ID"})


def test_lists_the_groups_of_everyone_with_a_number(braze, sms):
    braze.track({"external_id": "a1", "phone": ANNA}, {"external_id": "a2", "phone": ANNA})
    braze.set_sms(phone=ANNA)
    answer = braze.get("/subscription/user/status", **{"phone[]": [ANNA, BEN]}).json()
    assert answer["total_count"] == 2
    assert [user["external_id"] for user in answer["users"]] == ["a1", "a2"]
    assert [(one["id"], one["status"]) for one in answer["users"][0]["subscription_groups"]] == [(sms, "Subscribed")]


def test_lists_users_page_by_page(braze):
    braze.track(*({"external_id": f"a{n}"} for n in range(5)))
    query = {"external_id": [f"a{n}" for n in range(5)], "limit": 2, "offset": 4}
    answer = braze.get("/subscription/user/status", **query).json()
    assert [user["external_id"] for user in answer["users"]] == ["a4"]
    assert answer["total_count"] == 5


def test_email_status_spreads_to_the_address_and_waits_for_a_new_one(braze, world):
    braze.track({"external_id": "a1", "email": "a@example.com"})
    body = {"email": ["a@example.com", "b@example.com"], "subscription_state": "unsubscribed"}
    assert braze.post("/email/status", body).status_code == 201
    braze.track({"external_id": "b1", "email": "b@example.com"})
    assert world.profile("a1").email_subscribe == "unsubscribed"
    assert world.profile("b1").email_subscribe == "unsubscribed"


def test_a_group_that_is_gone_is_not_listed(braze, world, sms):
    braze.track({"external_id": "a1", "phone": "+12025550101"})
    braze.set_sms(phone="+12025550101")
    world.groups.pop(sms)
    (user,) = braze.get("/subscription/user/status", external_id="a1").json()["users"]
    assert user["subscription_groups"] == []
