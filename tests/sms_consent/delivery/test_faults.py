"""What Braze and the way to it may do to a call, and that it comes right by itself."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    SIX_MINUTES,
    TRACK,
    all_answered,
    crowd,
    disagreements,
    later,
    parked,
    phone,
    seen,
    stop,
    stopped,
)

ENDPOINTS = (LOOK, SET, TRACK)
Strike = Callable[[str, str], int]
IMPATIENCE = 1.0  # seconds that a slow answer is waited for; any other answer has the usual time, however busy we are


FAULTS: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502, "body": "<html>Bad gateway</html>"},
    "503": {"kind": "status", "status": 503},
    "429 epoch": {"kind": "status", "status": 429, "form": "epoch", "seconds": 60},
    "429 delta": {"kind": "status", "status": 429, "form": "delta", "seconds": 60},
    "429 mau": {"kind": "status", "status": 429, "form": "mau", "seconds": 60},
    "429 bare": {"kind": "status", "status": 429, "headers": {"X-RateLimit-Reset": ""}},
    "429 for ever": {"kind": "status", "status": 429, "headers": {"X-RateLimit-Reset": "99999999999999999"}},
    "slow": {"kind": "slow", "seconds": 60},  # it is let go of before
    "slow to answer": {"kind": "latency", "seconds": 60},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "garbage": {"kind": "garbage"},
    "a list": {"kind": "status", "status": 201, "body": ["success"]},
    "a null": {"kind": "status", "status": 201, "body": "null"},
    "deep": {"kind": "status", "status": 201, "body": "[" * 100_000},
    "no message": {"kind": "status", "status": 200, "body": {"users": {}}},
}


@pytest.fixture
def strike(deliver: Deliver, sandbox: Sandbox, settings: Any) -> Strike:
    """Deliver with one of `FAULTS` on an endpoint, until its call has ended; returns how many rows are left.

    Every call meets it meanwhile: a busy machine may take so long that the first is tried again.
    """

    def strike(name: str, endpoint: str) -> int:
        fault = sandbox.faults.add(endpoint=endpoint, times=None, **FAULTS[name])
        usual = settings.BRAZE_TIMEOUT
        settings.BRAZE_TIMEOUT = IMPATIENCE if fault.kind in ("slow", "latency") else usual
        left = deliver()
        settings.BRAZE_TIMEOUT = usual
        sandbox.faults.release(fault)
        sandbox.faults.clear()
        all_answered(sandbox)
        return left

    return strike


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_recovers_from(
    fault: str, endpoint: str, visit: Visit, deliver: Deliver, strike: Strike, sandbox: Sandbox
) -> None:
    crowd([1, 2], "sms")
    assert strike(fault, endpoint) > 0
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == parked() == stopped() == []
    assert len(sandbox.world.profiles) == 2


@pytest.mark.parametrize("fault", ["503", "429 epoch", "dropped before", "dropped after", "slow", "garbage"])
def test_an_opt_out_recovers_from(fault: str, visit: Visit, deliver: Deliver, strike: Strike, sandbox: Sandbox) -> None:
    crowd([1, 2], "sms")
    deliver()
    stop(phone(1))
    assert strike(fault, SET) == 1
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == []


@pytest.mark.parametrize("form", ["epoch", "delta", "mau"])
def test_a_limit_is_waited_for_before_anything_is_claimed(
    form: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    sandbox.faults.add("status", endpoint=SET, status=429, form=form, seconds=600)
    deliver()
    row = Subscription.objects.get()
    assert 590 < _seconds_until(row.due_at) < 602
    assert (row.attempts, row.lease, row.told) == (0, None, "")


def test_the_last_call_of_a_window_is_the_last(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    sandbox.limits.is_on = True
    sandbox.limits.set("status/set", requests=1, seconds=3600)
    crowd(range(51), "sms")
    assert deliver() > 0
    assert [call.status for call in sandbox.world.calls_to(SET)] == [201]
    sandbox.limits.reset()
    later(3700)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_what_slows_the_rest_does_not_slow_opt_outs(visit: Visit, sandbox: Sandbox) -> None:
    from sms_consent.delivery.worker import Lane, deliver_due, deliver_opt_outs_due, new_courier

    crowd([1, 2], "sms")
    urgent, rest = new_courier(Lane.OPT_OUTS), new_courier(Lane.REST)
    sandbox.faults.add("status", endpoint=SET, status=429, form="mau", seconds=600)
    deliver_due(rest)
    stop(phone(1))
    assert (deliver_opt_outs_due(urgent), deliver_due(rest)) == (1, 0)
    assert seen(sandbox, SMS, phone(1)) == "Unsubscribed"
    urgent.close()
    rest.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("503", "failed (503)"),
        ("429 delta", "limited (429)"),
        ("slow to answer", "unanswered (ReadTimeout, ReadTimeoutError, TimeoutError)"),
        ("dropped before", "unanswered (ConnectionError, ProtocolError, RemoteDisconnected)"),
    ],
)
def test_the_log_says_what_kind_of_trouble_it_was(
    fault: str, words: str, visit: Visit, strike: Strike, caplog: pytest.LogCaptureFixture
) -> None:
    crowd([1], "sms")
    strike(fault, TRACK)
    assert ("WARNING", f"Braze {TRACK}: {words}, 1 rows") in [(it.levelname, it.getMessage()) for it in caplog.records]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:9", "ConnectionRefusedError"),
        ("http://no-such.invalid", "NameResolutionError"),
        ("https://127.0.0.1:{port}", "SSLError"),
    ],
)
def test_the_log_says_what_is_wrong_on_the_way(
    url: str, kind: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, caplog: Any
) -> None:
    crowd([1], "sms")
    settings.BRAZE_REST_URL = url.format(port=sandbox.url.rpartition(":")[2])
    deliver()
    (said,) = {it.getMessage() for it in caplog.records if f"Braze {TRACK}" in it.getMessage()}
    assert kind in said
    assert phone(1).strip("+") not in said


def test_nobody_listens(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        settings.BRAZE_REST_URL = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        crowd([1], "sms")
        assert deliver() > 0
    assert set(Subscription.objects.values_list("told", flat=True)) == {""}
    assert BrazeProfile.objects.get().is_unknown is False
    settings.BRAZE_REST_URL = sandbox.url
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == []


@pytest.mark.parametrize("order", ["arrival", "reverse", "random"])
def test_applied_late_and_in_any_order(order: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("late", times=None)
    crowd([1, 2], "sms")
    deliver()
    stop(phone(1))
    deliver()
    sandbox.world.apply_late(order)
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_the_repeat_of_an_opt_out_is_scheduled_not_unsent(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    deliver()
    stop(phone(1))
    assert deliver() == 0
    assert Subscription.objects.get().is_recheck
    later(SIX_MINUTES)
    sandbox.faults.add("drop_after", endpoint=SET)
    assert deliver() == 1


def test_an_opt_out_that_nothing_was_sent_before_is_sent_once(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    deliver()
    later(SIX_MINUTES)
    stop(phone(1))
    deliver()
    later(SIX_MINUTES)
    deliver()
    assert len(sandbox.world.calls_to(SET)) == 2


@pytest.mark.parametrize("users", [None, {}, 7, "x"])
def test_nobody_is_subscribed_on_an_answer_that_is_none(
    users: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.world.send_text(ALICES_PHONE, "STOP", SMS)
    sandbox.faults.add("status", endpoint=LOOK, status=200, body={"message": "success", "users": users})
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    assert deliver() == 1
    later(SIX_MINUTES)
    assert deliver() == 0
    assert sandbox.world.calls_to(SET) == []


@pytest.mark.parametrize(
    "users",
    [[None, 7, {"phone": 3}], [{"phone": ALICES_PHONE, "subscription_groups": [None, {"id": []}]}]],
)
def test_an_odd_answer_to_the_look_ends_nothing(users: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    body = {"message": "success", "users": users}
    sandbox.faults.add("status", endpoint=LOOK, status=200, body=body)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def _seconds_until(moment: Any) -> float:
    from django.utils import timezone

    return float((moment - timezone.now()).total_seconds())
