"""Everything that can go wrong, on order."""

import threading
import time

import pytest
import requests

from sms_consent.sandbox import Sandbox

ANNA = "+12025550101"


def test_a_status_fault_applies_nothing_and_then_is_over(braze, world, sandbox):
    sandbox.faults.add("status", status=503)
    assert braze.track({"external_id": "a1"}).status_code == 503
    assert world.profiles == []
    assert braze.track({"external_id": "a1"}).status_code == 201


def test_a_fault_strikes_its_endpoint_only(braze, sandbox):
    sandbox.faults.add("status", endpoint="/users/track")
    assert braze.set_sms(phone=ANNA).status_code == 201
    assert braze.track({"external_id": "a1"}).status_code == 503


def test_a_fault_strikes_what_it_matches_as_often_as_it_says(braze, sandbox):
    sandbox.faults.add("status", match="a2", times=3)
    assert braze.track({"external_id": "a1"}).status_code == 201
    assert [braze.track({"external_id": "a2"}).status_code for _ in range(4)] == [503, 503, 503, 201]


@pytest.mark.parametrize(
    ("form", "header", "low", "high"),
    [
        ("epoch", "X-RateLimit-Reset", 1_500_000_000, 9_000_000_000),
        ("delta", "X-RateLimit-Reset", 7, 7),
        ("mau", "X-Ratelimit-Retry-After", 7, 7),
    ],
)
def test_a_429_comes_in_three_forms(braze, sandbox, form, header, low, high):
    sandbox.faults.add("status", status=429, form=form, seconds=7)
    response = braze.track({"external_id": "a1"})
    assert response.status_code == 429
    assert low <= int(response.headers[header]) <= high
    assert ("X-RateLimit-Remaining" in response.headers) == (form != "mau")


def test_a_status_fault_may_bring_its_own_body_and_headers(braze, sandbox):
    sandbox.faults.add("status", status=502, body="<h1>Bad gateway</h1>", headers={"Retry-After": "3"})
    response = braze.track({"external_id": "a1"})
    assert (response.text, response.headers["Retry-After"]) == ("<h1>Bad gateway</h1>", "3")


@pytest.mark.parametrize(("kind", "people"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_call_has_no_answer(braze, world, sandbox, kind, people):
    sandbox.faults.add(kind)
    with pytest.raises(requests.ConnectionError):
        braze.track({"external_id": "a1"})
    assert len(world.profiles) == people


def test_a_dropped_call_is_recorded_without_a_status(braze, world, sandbox):
    sandbox.faults.add("drop_before")
    with pytest.raises(requests.ConnectionError):
        braze.track({"external_id": "a1"})
    assert world.wait_until(lambda: world.calls[0].seconds is not None)
    assert (world.calls[0].status, world.calls[0].fault) == (None, "drop_before")


def test_late_calls_are_accepted_now_and_applied_in_any_order(braze, world, sandbox, sms):
    braze.track({"external_id": "a1", "phone": ANNA})
    sandbox.faults.add("late", times=2)
    assert braze.set_sms("subscribed", phone=ANNA).status_code == 201
    assert braze.set_sms("unsubscribed", phone=ANNA).status_code == 201
    assert len(world.pending_applications) == 2
    assert world.state(sms, ANNA) is None
    assert world.apply_late("reverse") == 2
    assert world.state(sms, ANNA) == "Subscribed"


def test_a_late_call_applies_itself_when_its_time_has_come(braze, world, sandbox):
    sandbox.faults.add("late", seconds=0.05, is_random=True)
    braze.track({"external_id": "a1"})
    assert world.wait_until(lambda: world.people.get("a1"), timeout=2)
    assert world.pending_applications == []


def test_reset_forgets_what_is_late(braze, world, sandbox):
    sandbox.faults.add("late")
    braze.track({"external_id": "a1"})
    sandbox.reset()
    assert world.apply_late() == 0


def test_garbage_is_applied_and_unreadable(braze, world, sandbox):
    sandbox.faults.add("garbage")
    response = braze.track({"external_id": "a1"})
    assert response.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        response.json()
    assert world.profile("a1")


def test_item_error_refuses_the_objects_named(braze, world, sandbox):
    sandbox.faults.add("item_error", item="a2")
    response = braze.track({"external_id": "a1"}, {"external_id": "a2"})
    assert response.status_code == 201
    assert [(one["input_array"], one["index"]) for one in response.json()["errors"]] == [("attributes", 1)]
    assert world.profile("a2") is None


def test_slow_waits_before_it_applies_and_latency_after(braze, world, sandbox):
    sandbox.faults.add("slow", seconds=0.2)
    sandbox.faults.add("latency", seconds=0.2)
    for name in ("slow", "latency"):
        thread = threading.Thread(target=braze.track, args=[{"external_id": name}])
        thread.start()
        time.sleep(0.1)
        assert (world.profile(name) is not None) == (name == "latency")
        thread.join()
    assert world.profile("slow")


def test_what_the_sandbox_takes_itself_is_a_part_of_its_latency():
    with Sandbox(key="key", latency=1.5) as sandbox:
        sandbox.faults.add("slow", seconds=1.4)
        began = time.monotonic()
        requests.post(f"{sandbox.url}/users/track", json={}, headers={"Authorization": "Bearer key"}, timeout=10)
        assert 1.5 <= time.monotonic() - began < 2.7


@pytest.mark.parametrize("rule", [{"kind": "nonsense"}, {"kind": "item_error"}, {"kind": "slow", "of": 1}])
def test_a_rule_that_makes_no_sense_is_refused(sandbox, rule):
    with pytest.raises((ValueError, TypeError)):
        sandbox.faults.add(**rule)
