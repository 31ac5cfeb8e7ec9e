"""Real processes: killed, suspended, two at once, told to stop (stories 13 and 14)."""

from __future__ import annotations

import signal
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from sms_consent.models import BrazeProfile, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit
from tests.sms_consent.delivery.conftest import Start, cut_connections
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    TRACK,
    all_answered,
    bodies,
    crowd,
    disagreements,
    later,
    phone,
    seen,
    stop,
)
from tests.waiting import until

START_UP = 30.0  # seconds a process may take to come up on a busy machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


def called(sandbox: Sandbox, path: str, times: int = 1) -> bool:
    """Wait until a call has come in."""
    return sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(path)) >= times, START_UP)


@pytest.mark.parametrize("path", [SET, TRACK])
def test_the_claims_of_a_killed_worker_come_back(
    path: str, visit: Visit, start: Start, deliver: Deliver, sandbox: Sandbox
) -> None:
    slow = sandbox.faults.add("slow", endpoint=path, seconds=START_UP)
    crowd([1], "sms")
    worker = start()
    assert called(sandbox, path)
    worker.kill()
    worker.wait()
    assert deliver() > 0
    tried = len(sandbox.world.calls_to(path))
    assert tried == 1
    sandbox.faults.release(slow)
    later(61)
    assert deliver() == 0
    assert disagreements(sandbox) == []
    assert len(sandbox.world.calls_to(path)) == 2
    all_answered(sandbox)


def test_story_13_killed_after_braze_applied_it(visit: Visit, start: Start, deliver: Deliver, sandbox: Sandbox) -> None:
    sandbox.faults.add("latency", endpoint=SET, seconds=1)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    worker = start()
    assert called(sandbox, SET)
    worker.kill()
    worker.wait()
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, ALICES_PHONE) == SUBSCRIBED)
    stop(ALICES_PHONE)
    deliver()
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED
    later(61)
    assert deliver() == 0
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED


def suspend(worker: subprocess.Popen[str]) -> None:
    """Suspend it while it writes nothing: SQLite has one writer, and nobody else would be one."""

    def is_suspended() -> bool:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.01)
        if connection.vendor != "sqlite" or _is_free(connection.settings_dict["NAME"]):
            return True
        worker.send_signal(signal.SIGCONT)
        return False

    until(is_suspended)


def _is_free(database: Any) -> bool:
    with closing(sqlite3.connect(database, timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


@pytest.mark.parametrize("path", [LOOK, SET])
def test_story_14_suspended_past_its_lease(
    path: str, visit: Visit, start: Start, deliver: Deliver, sandbox: Sandbox
) -> None:
    slow = sandbox.faults.add("slow", endpoint=path, seconds=START_UP)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    worker = start()
    assert called(sandbox, path)
    suspend(worker)
    later(61)
    stop(ALICES_PHONE)
    deliver()
    sandbox.faults.release(slow)
    worker.send_signal(signal.SIGCONT)
    all_answered(sandbox)
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED)
    _settled()
    assert Subscription.objects.get().told == "unsubscribed"


def test_a_worker_whose_lease_has_gone_marks_again(
    visit: Visit, start: Start, deliver: Deliver, sandbox: Sandbox
) -> None:
    slow = sandbox.faults.add("latency", endpoint=SET, seconds=START_UP)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    start()
    assert called(sandbox, SET)
    later(61)
    deliver()
    sandbox.faults.release(slow)
    assert called(sandbox, SET, 2)
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(SET)) == 3, START_UP)
    _settled()


def _settled() -> None:
    """Wait until nothing is under a lease, or due, any more."""
    open_ones = Subscription.objects.filter(Q(lease__isnull=False) | Q(due_at__isnull=False), is_recheck=False)
    until(lambda: not open_ones.exists())


def test_two_workers_never_send_the_same_row_at_once(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    sandbox.faults.add("latency", seconds=0.1, times=None)
    crowd(range(130), "sms")
    workers = [start("--once"), start("--once")]
    assert all(worker.wait(60) in (0, 1) for worker in workers)
    assert disagreements(sandbox) == []
    assert _overlaps(sandbox) == []
    told = [number for body in bodies(sandbox, SET) for number in body["phone"]]
    assert len(told) == len(set(told)) == 130


def _overlaps(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Return pairs of calls that were open at the same time for the same person or number."""
    calls = [call for call in sandbox.world.calls if call.path in (SET, TRACK)]
    return [
        (one.number, other.number)
        for one in calls
        for other in calls
        if one.number < other.number and one.path == other.path
        if other.at < one.at + (one.seconds or 0.0) and _whom(one.body) & _whom(other.body)
    ]


def _whom(body: dict) -> set[str]:  # type: ignore[type-arg]
    return {person["external_id"] for person in body.get("attributes", [])} | set(body.get("phone", []))


def test_once_ends_with_0_when_nothing_is_left(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    worker = start("--once")
    output, _ = worker.communicate(timeout=START_UP)
    assert (worker.returncode, "Nothing is left unsent." in output) == (0, True)


def test_once_ends_with_1_when_something_is_parked(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    sandbox.faults.add("status", endpoint=SET, status=400)
    worker = start("--once")
    output, _ = worker.communicate(timeout=START_UP)
    assert (worker.returncode, "1 left unsent" in output) == (1, True)


def told_to_stop_amid(path: str, seconds: float, start: Start, sandbox: Sandbox) -> None:
    """Tell a worker to stop while Braze takes so long to answer a call, and wait until it has ended."""
    sandbox.faults.add("latency", endpoint=path, seconds=seconds)
    crowd([1], "sms")
    worker = start()
    assert called(sandbox, path)
    worker.terminate()
    assert worker.wait(START_UP) == 0


def test_told_to_stop_it_ends_its_calls_first(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    told_to_stop_amid(TRACK, 1, start, sandbox)
    assert BrazeProfile.objects.get().accepted_at is not None
    assert disagreements(sandbox) == []


def test_told_to_stop_it_begins_no_other_call(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    told_to_stop_amid(SET, 2, start, sandbox)
    assert sandbox.world.calls_to(TRACK) == []
    assert start("--once").wait(START_UP) == 0
    assert disagreements(sandbox) == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_waiting_worker_wakes_at_once(
    interrupted: bool, visit: Visit, start: Start, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    crowd([1], "sms")
    start()
    assert called(sandbox, TRACK)
    time.sleep(0.3)
    if interrupted:
        cut_connections()
        time.sleep(2.5)
    delays = []
    for number in range(2, 7):  # all but the first come when the worker has just begun to wait
        began = time.time()
        stop(phone(number))
        assert called(sandbox, SET, number)
        delays.append(sandbox.world.calls_to(SET)[-1].at - began)
    assert statistics.median(delays) < 0.7  # one alone may be late on a busy machine; a poll of a second makes all so


def test_a_database_that_is_away_is_a_line_now_and_then(start: Start) -> None:
    worker = start(DATABASE_URL="postgres://nobody@127.0.0.1:9/nothing", PYTHONUNBUFFERED="1")
    lines: list[str] = []
    while len(lines) < 6:
        lines.append(worker.stdout.readline())  # type: ignore[union-attr]
    worker.terminate()
    output = "".join(lines) + worker.communicate(timeout=START_UP)[0]
    assert worker.returncode == 0
    assert "The database does not answer rest: " in output
    assert "Traceback" not in output
    assert "Not listening" not in output


def test_neither_lane_ends_with_the_trouble_it_meets(visit: Visit, start: Start, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    start()
    assert called(sandbox, TRACK)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sms_consent_brazeline RENAME TO elsewhere")
        time.sleep(1.5)
        cursor.execute("ALTER TABLE elsewhere RENAME TO sms_consent_brazeline")
    crowd([2], "sms")
    stop(phone(3))
    assert called(sandbox, TRACK, 2)
    assert called(sandbox, SET, 3)
