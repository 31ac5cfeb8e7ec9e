"""Deleting, identifying, merging, exporting."""

ANNA = "+12025550101"


def test_delete_takes_the_state_of_a_number_that_nobody_else_holds(braze, world, sms):
    braze.track({"external_id": "a1", "phone": ANNA})
    braze.set_sms("unsubscribed", phone=ANNA)
    response = braze.post("/users/delete", {"external_ids": ["a1", "nobody"]})
    assert (response.status_code, response.json()) == (201, {"deleted": 2, "message": "success"})
    assert world.state(sms, ANNA) is None
    assert world.states.parked == {}


def test_delete_takes_one_kind_of_id(braze):
    body = {"external_ids": ["a1"], "phone_numbers": [{"phone": ANNA}]}
    assert braze.post("/users/delete", body).status_code == 400


def test_delete_by_phone_asks_the_prioritization(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA}, {"external_id": "a2", "phone": ANNA})
    entry = {"phone": ANNA, "prioritization": ["most_recently_updated"]}
    braze.post("/users/delete", {"phone_numbers": [entry]})
    assert [one.external_id for one in world.profiles] == ["a1"]


def test_identify_names_an_anonymous_profile(braze, world, sms):
    world.send_text(ANNA, "STOP")
    entry = {"external_id": "a1", "phone": ANNA, "prioritization": ["unidentified"]}
    response = braze.post("/users/identify", {"phone_numbers_to_identify": [entry]})
    assert response.json() == {"aliases_processed": 1, "message": "success"}
    assert world.profile("a1").states == {sms: "Unsubscribed"}
    assert len(world.profiles) == 1


def test_identify_folds_an_anonymous_profile_into_a_known_one(braze, world, sms):
    world.send_text(ANNA, "STOP")
    braze.track({"external_id": "a1", "email": "a@example.com"})
    entry = {"external_id": "a1", "phone": ANNA, "prioritization": ["unidentified"]}
    braze.post("/users/identify", {"phone_numbers_to_identify": [entry]})
    assert [(one.external_id, one.phone, one.states) for one in world.profiles] == [("a1", ANNA, {sms: "Unsubscribed"})]


def test_identify_leaves_identified_people_alone(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA})
    body = {"phone_numbers_to_identify": [{"external_id": "a2", "phone": ANNA}]}
    assert braze.post("/users/identify", body).status_code == 201
    assert [one.external_id for one in world.profiles] == ["a1"]


def test_merge_keeps_what_the_kept_profile_has(braze, world):
    braze.track({"external_id": "a1", "language": "en"}, {"external_id": "a2", "language": "de", "phone": ANNA})
    pair = {"identifier_to_merge": {"external_id": "a2"}, "identifier_to_keep": {"external_id": "a1"}}
    assert braze.post("/users/merge", {"merge_updates": [pair]}).status_code == 202
    assert [(one.external_id, one.phone, one.attributes) for one in world.profiles] == [
        ("a1", ANNA, {"language": "en"})
    ]


def test_export_gives_the_fields_asked_for_and_never_groups(braze):
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com", "email_subscribe": "opted_in"})
    fields = ["external_id", "phone", "email_subscribe", "subscription_groups"]
    answer = braze.post("/users/export/ids", {"external_ids": ["a1", "b1"], "fields_to_export": fields})
    assert answer.json()["users"] == [{"external_id": "a1", "phone": ANNA, "email_subscribe": "opted_in"}]
    assert answer.json()["invalid_user_ids"] == ["b1"]


def test_whoever_texted_first_is_found_by_every_name_once_identified(braze, world, sms):
    world.send_text(ANNA, "STOP")
    braze.track({"external_id": "a1", "phone": ANNA, "email": "a@example.com"})
    assert len(braze.get("/subscription/user/status", phone=ANNA).json()["users"]) == 2
    entry = {"external_id": "a1", "phone": ANNA, "prioritization": ["unidentified", "most_recently_updated"]}
    braze.post("/users/identify", {"phone_numbers_to_identify": [entry]})
    for name, value in {"external_id": "a1", "phone": ANNA, "email": "a@example.com"}.items():
        (user,) = braze.get("/subscription/user/status", **{name: value}).json()["users"]
        assert (user["external_id"], [one["status"] for one in user["subscription_groups"]]) == ("a1", ["Unsubscribed"])
        status = braze.get("/subscription/status/get", subscription_group_id=sms, **{name: value}).json()["status"]
        assert status == {value: "Unsubscribed"}


def test_an_anonymous_profile_can_be_deleted_by_its_number(braze, world, sms):
    world.send_text(ANNA, "UNSTOP")
    braze.post("/users/delete", {"phone_numbers": [{"phone": ANNA, "prioritization": ["unidentified"]}]})
    assert world.profiles == []
    assert braze.get("/subscription/status/get", subscription_group_id=sms, phone=ANNA).json()["status"] == {
        ANNA: "Unknown"
    }
