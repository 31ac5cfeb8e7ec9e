"""The control API: everything a page or another process may look at and turn."""

import pytest

ANNA = "+12025550101"


@pytest.fixture
def control(braze):
    def call(path, body=None):
        response = braze.get(f"/__sandbox/{path}") if body is None else braze.post(f"/__sandbox/{path}", body)
        assert response.ok, response.text
        return response.json()

    return call


def test_state_shows_the_whole_world(braze, control, sms):
    braze.set_sms(phone=ANNA)
    braze.track({"external_id": "a1", "phone": "+12025550102"})
    state = control("state")
    assert [one["external_id"] for one in state["profiles"]] == ["a1"]
    assert [(one["address"], one["key"], one["state"]) for one in state["parked"]] == [(ANNA, sms, "Subscribed")]
    assert [one["path"] for one in state["calls"]] == ["/users/track", "/subscription/status/set"]
    assert state["full"]


def test_state_since_a_revision_shows_what_changed(braze, control):
    braze.track({"external_id": "a1"})
    revision = control("state")["revision"]
    braze.track({"external_id": "a2"})
    state = control(f"state?since={revision}")
    assert [one["external_id"] for one in state["profiles"]] == ["a2"]
    assert [one["number"] for one in state["calls"]] == [2]
    assert not state["full"]


def test_state_is_full_again_after_somebody_was_deleted(braze, control):
    braze.track({"external_id": "a1"}, {"external_id": "a2"})
    revision = control("state")["revision"]
    braze.post("/users/delete", {"external_ids": ["a1"]})
    state = control(f"state?since={revision}")
    assert state["full"]
    assert [one["external_id"] for one in state["profiles"]] == ["a2"]


def test_people_are_all_there_however_many(braze, control, sms):
    for start in range(0, 250, 50):
        braze.track(*[{"external_id": f"a{number}"} for number in range(start, start + 50)])
    braze.set_sms(phone=ANNA)
    everyone = control("people")
    assert (len(everyone["profiles"]), [one["address"] for one in everyone["parked"]]) == (250, [ANNA])
    braze.track({"external_id": "a7", "phone": ANNA})
    (changed,) = control(f"people?since={everyone['revision']}")["profiles"]
    assert (changed["external_id"], changed["states"]) == ("a7", {sms: "Subscribed"})


def test_a_call_is_kept_as_it_came(braze, control):
    braze.set_sms(phone=ANNA)
    call = control("calls")[0]
    assert (call["method"], call["path"], call["status"]) == ("POST", "/subscription/status/set", 201)
    assert call["body"]["phone"] == ANNA
    assert call["seconds"] > 0
    assert "parked" in call["notes"][0]


def test_recording_can_be_switched_off(braze, control, world):
    control("recording", {"on": False})
    braze.track({"external_id": "a1"})
    assert world.calls == []
    assert control("state")["totals"] == {"profiles": 1, "calls": 1}


def test_a_fault_can_be_ordered_and_taken_back(braze, control):
    control("faults", {"kind": "status", "status": 500, "times": None})
    assert braze.track({"external_id": "a1"}).status_code == 500
    assert [one["fired"] for one in control("faults")] == [1]
    control("faults/clear", {})
    assert braze.track({"external_id": "a1"}).status_code == 201


def test_permissions_can_be_taken_and_given_back(braze, control):
    control("permissions", {"permissions": []})
    assert braze.track({"external_id": "a1"}).status_code == 403
    control("permissions", {"permissions": None})
    assert braze.track({"external_id": "a1"}).status_code == 201


def test_a_group_can_be_added(braze, control, world):
    control("groups", {"id": "new", "channel": "sms", "double_opt_in": False})
    assert [one["id"] for one in control("groups")][-1] == "new"
    assert not world.groups["new"].double_opt_in


def test_a_text_can_be_sent_from_a_phone(control, world, sms):
    control("phones/%2B12025550101/texts", {"body": "STOP"})
    assert world.state(sms, ANNA) == "Unsubscribed"


def test_limits_and_clock_can_be_set(braze, control, world):
    control("limits", {"on": True, "form": "mau", "pools": {"track": {"requests": 0, "seconds": 3600}}})
    before = world.pulse.now()
    control("clock", {"advance": 86_400})
    assert "X-Ratelimit-Retry-After" in braze.track({"external_id": "a1"}).headers
    assert world.pulse.now() - before >= 86_400


def test_late_calls_can_be_applied_in_reverse(braze, control, world):
    control("faults", {"kind": "late", "times": 2})
    braze.track({"external_id": "a1", "language": "en"})
    braze.track({"external_id": "a1", "language": "de"})
    assert control("late", {"order": "reverse"}) == {"applied": 2}
    assert world.profile("a1").attributes == {"language": "en"}


def test_the_mailbox_can_be_killed(control, sandbox):
    control("mailbox", {"mode": "dead"})
    assert sandbox.mailbox.mode == "dead"
    assert control("state")["mailbox"] == "dead"


def test_reset_begins_again(braze, control, world):
    braze.track({"external_id": "a1"})
    control("faults", {"kind": "status", "times": None})
    control("reset", {})
    assert world.profiles == []
    assert braze.track({"external_id": "a1"}).status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("nothing", {}, 404),
        ("mails/7", None, 404),
        ("mails/x", None, 400),
        ("phones/12/texts", {"body": "STOP"}, 404),
        ("phones/%2B12025550101/texts", {"body": ""}, 400),
        ("phones/%2B12025550101/texts", {"body": "STOP", "group_id": "?"}, 404),
        ("faults", {"kind": "nonsense"}, 400),
        ("groups", {"id": "x", "channel": "fax"}, 400),
        ("limits", {"pools": {"x": {}}}, 400),
        ("mailbox", {"mode": "x"}, 400),
        ("clock", {"advance": "x"}, 400),
        ("late", {"order": "x"}, 400),
        ("state?since=x", None, 400),
        ("reset", [], 400),
    ],
)
def test_says_what_was_wrong(braze, path, body, status):
    path = f"/__sandbox/{path}"
    response = braze.get(path) if body is None else braze.post(path, body)
    assert response.status_code == status
    assert response.json()["message"]


def test_takes_nothing_that_another_sites_page_could_post(braze, sandbox):
    response = braze.session.post(sandbox.url + "/__sandbox/reset", data="{}", timeout=5)
    assert response.status_code == 400
