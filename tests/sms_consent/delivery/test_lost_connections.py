"""A worker whose connection to the database is cut in the middle of a round (story 14, rule 4)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings as site
from django.db import connection

from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from sms_consent.sandbox.faults import Fault
from tests.sms_consent.delivery.conftest import Start, cut_connections
from tests.sms_consent.delivery.helpers import LOOK, SET, TRACK, all_answered, crowd, disagreements, phone, stop
from tests.waiting import until

START_UP = 30.0  # seconds a process may take to come up on a busy machine
SOON = 15.0  # seconds: a pause of a few, and some for a busy machine. The lease would be a minute

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


def cut_amid(path: str, slow: Fault, sandbox: Sandbox, times: int = 1) -> None:
    """Cut the connections while that call is in the air, then let it end."""
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(path)) >= times, START_UP)
    cut_connections()
    sandbox.faults.release(slow)


def everything_is_told() -> bool:
    held = {"leased_until__isnull": False}
    rows = Subscription.objects.filter(due_at__isnull=False, is_recheck=False) | Subscription.objects.filter(**held)
    return not rows.exists() and not BrazeProfile.objects.filter(accepted_at=None).exists()


def test_an_opt_out_does_not_wait_for_the_lease(start: Start, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    start()
    until(everything_is_told, START_UP)
    slow = sandbox.faults.add("slow", endpoint=SET, seconds=START_UP, match="unsubscribed")
    stop(phone(1))
    cut_amid(SET, slow, sandbox, times=2)
    until(everything_is_told, SOON)
    assert disagreements(sandbox) == []


@pytest.mark.parametrize("path", [LOOK, SET, TRACK])
def test_nor_does_a_consent(path: str, start: Start, sandbox: Sandbox) -> None:
    slow = sandbox.faults.add("slow", endpoint=path, seconds=START_UP)
    crowd([1], "sms", "email")
    start()
    cut_amid(path, slow, sandbox)
    until(everything_is_told, SOON)
    all_answered(sandbox)
    assert disagreements(sandbox) == []


def test_what_is_held_while_something_else_fails_waits_for_the_lease(start: Start, sandbox: Sandbox) -> None:
    """Or else Braze would be told every second, for as long as the failure lasts."""
    crowd([1], "sms")
    slow = sandbox.faults.add("slow", endpoint=TRACK, seconds=START_UP)
    start()
    assert sandbox.world.wait_until(lambda: bool(sandbox.world.calls_to(TRACK)), START_UP)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sms_consent_brazeprofile RENAME COLUMN accepted_at TO elsewhere")
        sandbox.faults.release(slow)
        time.sleep(4)
        assert len(sandbox.world.calls_to(TRACK)) == 1
        cursor.execute("ALTER TABLE sms_consent_brazeprofile RENAME COLUMN elsewhere TO accepted_at")


def test_once_says_in_a_line_that_the_database_is_away() -> None:
    env = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing"}
    command = [sys.executable, "manage.py", "sync_braze", "--once"]
    done = subprocess.run(
        command,
        cwd=site.BASE_DIR,
        env=env | {"DJANGO_SETTINGS_MODULE": "optin_site.settings"},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The database does not answer: ")
    assert "Traceback" not in done.stderr
