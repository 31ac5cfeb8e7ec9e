"""Workers of Celery that are killed, that stand still, and that are many (the ledger and Braze agree in the end)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sms_consent.models import BrazeProfile, Seal, SealedRecord, Subscription
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import Visit
from tests.sms_consent.delivery.conftest import ROOT, database_url
from tests.sms_consent.delivery.helpers import SET, TRACK, bodies, crowd, disagreements, later, phone, seen, stop
from tests.sms_consent.tasks.conftest import Celery, kill
from tests.waiting import until

LONG = 60.0  # seconds that processes may take on a busy machine
WORKER = ("worker", "-c", "1")
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


def _all_told(people: int) -> bool:
    """Whether all of these are here, and nothing is left to tell of them."""
    rows = Subscription.objects.filter(told="subscribed", due_at=None)
    return rows.count() == people and not BrazeProfile.objects.exclude(due_at=None).exists()


def _the_worker(worker: subprocess.Popen[str]) -> None:
    kill(worker)


def _the_process_that_had_it(worker: subprocess.Popen[str]) -> None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)


@pytest.mark.parametrize(("end", "path"), [(_the_worker, SET), (_the_worker, TRACK), (_the_process_that_had_it, TRACK)])
def test_what_a_killed_one_had_in_hand_goes_to_another(
    end: Callable[[subprocess.Popen[str]], None], path: str, visit: Visit, celery: Celery, sandbox: Sandbox
) -> None:
    """Without beat: nothing but the message that comes back brings it to Braze."""
    crowd(range(60), "sms")
    slow = sandbox.faults.add("latency", endpoint=path, seconds=1, times=None)
    assert celery("call", "sms_consent.tasks.deliver").wait(LONG) == 0
    worker = celery(*WORKER)
    assert sandbox.world.wait_until(lambda: bool(sandbox.world.calls_to(path)), LONG)
    end(worker)
    sandbox.faults.clear(slow.label)
    later(61)
    if worker.poll() is not None:
        celery(*WORKER)
    until(lambda: _all_told(60))
    assert disagreements(sandbox) == []
    assert len(sandbox.world.profiles) == 60


def test_many_workers_under_beat_lose_nothing_and_mail_once(visit: Visit, celery: Celery, sandbox: Sandbox) -> None:
    celery("beat")
    doomed = celery("worker", "-c", "2", "-Q", "optin.rest")
    for _ in range(2):
        celery("worker", "-c", "2")
    for first in range(0, 60, 20):
        crowd(range(first, first + 20), "sms")
        sandbox.world.wait_until(lambda: bool(sandbox.world.calls_to(TRACK)), LONG)
        if first == 20:
            kill(doomed)
            later(61)
    stop(phone(3))
    until(lambda: seen(sandbox, SMS, phone(3)) == UNSUBSCRIBED)
    until(lambda: later(0) or _all_told(59))
    assert disagreements(sandbox) == []
    until(lambda: len(sandbox.world.mails) >= 60)
    assert set(Counter(mail.to[0] for mail in sandbox.world.mails).values()) == {1}


def test_an_opt_out_has_a_worker_that_nothing_else_keeps_busy(visit: Visit, celery: Celery, sandbox: Sandbox) -> None:
    celery("beat")
    celery(*WORKER, "-Q", "optin.rest,optin.chores")
    celery(*WORKER, "-Q", "optin.opt-outs")
    sandbox.faults.add("latency", endpoint=TRACK, seconds=8, times=None)
    crowd([1])
    assert sandbox.world.wait_until(lambda: bool(sandbox.world.calls_to(TRACK)), LONG)
    stop(phone(2))
    told = [call for call in bodies(sandbox, SET) if phone(2) in call["phone"]]
    assert told == []
    until(lambda: seen(sandbox, SMS, phone(2)) == UNSUBSCRIBED, 4)


def test_a_worker_told_to_stop_ends_its_calls_first(visit: Visit, celery: Celery, sandbox: Sandbox) -> None:
    sandbox.faults.add("latency", endpoint=TRACK, seconds=1)
    crowd([1], "sms")
    worker = celery(*WORKER)
    celery("call", "sms_consent.tasks.deliver")
    assert sandbox.world.wait_until(lambda: bool(sandbox.world.calls_to(TRACK)), LONG)
    worker.terminate()
    assert worker.wait(LONG) == 0
    assert _all_told(1)


def test_chores_are_done(visit: Visit, celery: Celery, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    celery(*WORKER)
    seal = "sms_consent.sealing.seal_new"
    assert celery("call", "sms_consent.tasks.chore", "--args", f'["{seal}"]').wait(LONG) == 0
    until(Seal.objects.exists)
    assert SealedRecord.objects.count() == 1


def test_reconciling_by_a_task_finds_who_has_left(visit: Visit, celery: Celery, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    celery(*WORKER)
    assert celery("call", "sms_consent.tasks.deliver").wait(LONG) == 0
    until(lambda: _all_told(1))
    sandbox.world.send_text(phone(1), "STOP", SMS)
    later(3600)
    assert celery("call", "sms_consent.tasks.reconcile").wait(LONG) == 0
    until(lambda: Subscription.objects.get().state == "unsubscribed")


def test_without_a_broker_it_says_what_is_missing(celery: Celery) -> None:
    command = [sys.executable, "-m", "celery", "-A", "optin_site", "worker"]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "optin_site.settings", "CELERY_BROKER_URL": ""}
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LONG)
    assert ended.returncode != 0
    assert "CELERY_BROKER_URL must be set" in ended.stderr


def test_a_worker_refuses_a_queue_that_nobody_fills(celery: Celery) -> None:
    assert celery(*WORKER, "-Q", "elsewhere.rest").wait(LONG) != 0


BARE = """
import sys
for name in ("celery", "kombu", "redis", "sentry_sdk"):
    sys.modules[name] = None  # what importing them does where they are not installed
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


@pytest.mark.parametrize("words", [["check"], ["sync_braze", "--once"], ["send_mail", "--once"]])
def test_the_site_does_without_celery(words: list[str], celery: Celery) -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "optin_site.settings", "DATABASE_URL": database_url()}
    command = [sys.executable, "-c", BARE, *words]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LONG)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
