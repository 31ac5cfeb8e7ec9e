"""Currents as Braze sends it: batches, credentials, what each answer leads to, and what may go wrong on the way."""

import time

import pytest

from sms_consent.sandbox import Hooks, Sandbox
from tests.sms_consent.sandbox.receiver import CURRENTS

ANNA = "+12025550101"


@pytest.fixture
def text(sandbox, world):
    """Send texts that mean nothing to Braze, all of which wait until `flush`."""

    def send(*bodies):
        sandbox.hooks.configure(hold=True)
        for body in bodies:
            world.send_text(ANNA, body)
        sandbox.hooks.configure(hold=False)
        return sandbox.hooks.flush()

    return send


def attempts(sandbox):
    return [(hook.status, hook.outcome) for hook in sandbox.hooks.sent]


def test_a_batch_carries_what_happened_with_version_and_token(sandbox, world, receiver):
    world.send_text(ANNA, "STOP")
    assert sandbox.hooks.flush() == []
    sent = {event["id"]: event for event in receiver.events()}
    assert sent == {one.id: one.as_json() for one in world.events}
    path, headers, _ = receiver.arrived[0]
    assert (path, headers["Braze-Currents-Version"]) == (CURRENTS, "1")
    assert headers["Authorization"] == f"Bearer {receiver.token}"


def test_each_type_has_batches_of_its_own(sandbox, world, receiver):
    sandbox.hooks.configure(hold=True)
    world.send_text(ANNA, "STOP")
    world.send_text(ANNA, "hello")
    sandbox.hooks.configure(hold=False)
    sandbox.hooks.flush()
    sizes = {
        body["events"][0]["event_type"].rpartition(".")[2]: len(body["events"]) for body in receiver.bodies(CURRENTS)
    }
    assert sizes == {"StateChange": 1, "InboundReceive": 2}


def test_a_batch_holds_a_hundred(sandbox, text, receiver):
    assert text(*(str(number) for number in range(101))) == []
    assert [len(batch) for batch in receiver.batches()] == [100, 1]


def test_nothing_is_sent_without_an_address_for_it(sandbox, world):
    world.send_text(ANNA, "STOP")
    assert sandbox.hooks.flush() == []
    assert sandbox.hooks.sent == []


@pytest.mark.parametrize("status", [500, 503, 429, 302, 418])
def test_a_failure_is_tried_again_until_it_works(sandbox, text, receiver, status):
    receiver.answers = [status, status]
    assert text("a", "b") == []
    assert receiver.batches() == [["a", "b"]] * 3
    again = (status, "will be sent again")
    assert attempts(sandbox) == [again, again, (200, "delivered")]


def test_silence_is_tried_again(sandbox, world, receiver):
    sandbox.hooks.configure(url="http://127.0.0.1:9")
    world.send_text(ANNA, "hello")
    assert world.wait_until(lambda: len(sandbox.hooks.sent) > 1)
    sandbox.hooks.configure(url=receiver.url)
    assert sandbox.hooks.flush() == []
    assert receiver.batches() == [["hello"]]


def test_a_refused_batch_is_sent_item_by_item_and_what_is_refused_again_is_dropped(sandbox, text, receiver):
    receiver.answers = [400, 200, 400]
    assert text("a", "b", "c") == []
    assert receiver.batches() == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert [outcome for _, outcome in attempts(sandbox)] == [
        "will be sent again, item by item",
        "delivered",
        "given up",
        "delivered",
    ]


def test_a_single_event_gets_a_second_chance_too(sandbox, text, receiver):
    receiver.answers = [400, 400]
    assert text("a") == []
    assert receiver.batches() == [["a"], ["a"]]


def test_what_is_too_large_is_halved(text, receiver):
    receiver.answers = [413, 413]
    assert text("a", "b", "c") == []
    assert receiver.batches() == [["a", "b", "c"], ["a"], ["b", "c"]]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_is_refused_for_good_is_kept_until_told(sandbox, world, text, receiver, status):
    receiver.answers = [status]
    assert [one.properties["message_body"] for one in text("a")] == ["a"]
    world.send_text(ANNA, "b")
    assert len(sandbox.hooks.flush()) == 2
    assert receiver.batches() == [["a"]]
    sandbox.hooks.resend()
    assert sandbox.hooks.flush() == []
    assert receiver.batches() == [["a"], ["a"], ["b"]]


def test_a_new_configuration_sends_what_was_kept(sandbox, text, receiver):
    sandbox.hooks.configure(token="wrong")
    assert len(text("a")) == 1
    assert receiver.refused == [CURRENTS]
    sandbox.hooks.configure(token=receiver.token)
    assert sandbox.hooks.flush() == []
    assert receiver.batches() == [["a"]]


def test_settings_that_change_while_a_request_is_refused_do_not_leave_it_kept(sandbox, world, receiver):
    sandbox.hooks.configure(token="wrong")
    receiver.pause = 0.3
    world.send_text(ANNA, "a")
    assert world.wait_until(lambda: sandbox.hooks.sent)
    sandbox.hooks.configure(token=receiver.token)
    assert sandbox.hooks.flush() == []
    assert receiver.batches() == [["a"]]


def test_a_batch_may_come_twice(sandbox, text, receiver):
    sandbox.hooks.configure(copies=2)
    text("a", "b")
    assert receiver.batches() == [["a", "b"], ["a", "b"]]


def test_events_may_come_in_reverse(sandbox, text, receiver):
    sandbox.hooks.configure(order="reverse")
    text("a", "b", "c")
    assert receiver.batches() == [["c", "b", "a"]]


def test_events_may_come_in_any_order(sandbox, text, receiver):
    sandbox.hooks.configure(order="random")
    bodies = [str(number) for number in range(50)]
    text(*bodies)
    (batch,) = receiver.batches()
    assert batch != bodies
    assert sorted(batch) == sorted(bodies)


def test_events_may_be_delayed(sandbox, world, receiver):
    sandbox.hooks.configure(delay=0.3)
    began = world.pulse.now()
    world.send_text(ANNA, "a")
    assert sandbox.hooks.flush() == []
    assert sandbox.hooks.sent[0].at - began >= 0.3
    assert receiver.batches() == [["a"]]


def test_what_is_held_is_reported_at_once(sandbox, world, receiver):
    sandbox.hooks.configure(hold=True)
    world.send_text(ANNA, "a")
    started = time.monotonic()
    assert len(sandbox.hooks.flush()) == 1
    assert time.monotonic() - started < 1


def test_a_call_never_waits_for_the_receiver(sandbox, braze, receiver):
    sandbox.hooks.configure(url="http://127.0.0.1:9", backoff=5)
    started = time.monotonic()
    for number in range(20):
        braze.track({"external_id": f"a{number}", "email": f"a{number}@example.com", "email_subscribe": "opted_in"})
    assert time.monotonic() - started < 1
    assert len(sandbox.hooks.waiting) == 20


def test_credentials_are_tried_with_an_empty_batch(sandbox, receiver):
    assert sandbox.hooks.check() == 200
    assert receiver.bodies(CURRENTS) == [{"events": []}]
    sandbox.hooks.configure(token="wrong")
    assert sandbox.hooks.check() == 401


def test_the_token_is_never_recorded(sandbox, world, braze, receiver):
    world.send_text(ANNA, "STOP")
    sandbox.hooks.flush()
    assert receiver.token not in repr(sandbox.hooks.sent)
    assert receiver.token not in braze.get("/__sandbox/state").text


def test_reset_forgets_what_waits_and_returns_to_the_first_settings(sandbox, world, receiver):
    sandbox.hooks.configure(hold=True)
    world.send_text(ANNA, "a")
    sandbox.reset()
    assert sandbox.hooks.settings == Hooks()
    sandbox.hooks.configure(url=receiver.url, token=receiver.token)
    assert sandbox.hooks.flush() == []
    assert receiver.arrived == []


def test_may_be_on_from_the_start(receiver):
    with Sandbox(hooks=Hooks(receiver.url, receiver.token)) as other:
        other.world.send_text(ANNA, "hello")
        assert other.hooks.flush() == []
        other.reset()
        assert other.hooks.settings.url == receiver.url
    assert receiver.batches() == [["hello"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://192.0.2.1"},
        {"url": "https://example.com"},
        {"url": "https://127.0.0.1:8000"},
        {"url": "http://127.0.0.1:x"},
        {"token": "two words"},
        {"campaign_sources": ["Nobody"]},
        {"order": "sideways"},
        {"copies": 0},
        {"twilio": True},
        {"nonsense": 1},
    ],
)
def test_nonsense_is_refused(sandbox, braze, wrong):
    assert braze.post("/__sandbox/hooks", wrong).status_code == 400
    assert sandbox.hooks.settings == Hooks()


def test_everything_can_be_turned_and_seen_over_http(braze, world, receiver):
    assert braze.post("/__sandbox/hooks", {"hold": True, "copies": 2}).json()["hold"]
    world.send_text(ANNA, "hello")
    assert braze.post("/__sandbox/hooks/flush", {}).json() == {"waiting": 1}
    assert braze.get("/__sandbox/state").json()["sending"]["waiting"] == 1
    braze.post("/__sandbox/hooks", {"hold": False})
    assert braze.post("/__sandbox/hooks/flush", {"timeout": 5}).json() == {"waiting": 0}
    assert braze.post("/__sandbox/hooks/check", {}).json() == {"status": 200}
    assert [one["status"] for one in braze.get("/__sandbox/hooks").json()] == [200, 200, 200]


def test_what_was_kept_can_be_sent_over_http(braze, world, receiver):
    receiver.answers = [404]
    world.send_text(ANNA, "hello")
    assert braze.post("/__sandbox/hooks/flush", {}).json() == {"waiting": 1}
    assert braze.get("/__sandbox/state").json()["sending"]["stuck"]
    braze.post("/__sandbox/hooks/resend", {})
    assert braze.post("/__sandbox/hooks/flush", {}).json() == {"waiting": 0}
