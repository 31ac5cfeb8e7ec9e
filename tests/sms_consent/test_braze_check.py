"""manage.py braze_check: which step is missing, in words that name the page; nothing at Braze changes by asking."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from sms_consent import lines, triggers
from sms_consent.braze.probes import PROBES
from sms_consent.models import BrazeLine, Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.commands import Ran, run
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit
from tests.sms_consent.delivery.helpers import crowd, later

PERMISSIONS = [probe.permission for probe in PROBES]


@pytest.fixture(autouse=True)
def _token(programs: dict[str, Program], sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = "a-token"


def check() -> Ran:
    return run("braze_check")


def verdict(ran: Ran, step: str) -> str:
    """Return what the list says of a step."""
    found = [line for line in ran.out.splitlines() if step in line]
    assert found, ran.out
    return next(word for word in ("OK", "MISSING", "CANNOT BE SEEN FROM HERE") if found[0].startswith(word))


def test_where_all_is_set_up_nothing_is_missing(visit: Visit, deliver: Deliver) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    ran = check()
    assert (ran.code, "MISSING" in ran.out) == (0, False)
    assert {verdict(ran, f"permission {name}") for name in PERMISSIONS} == {"OK"}
    assert verdict(ran, "channel of “Text messages”") == verdict(ran, "channel of “Emails”") == "OK"


def test_asking_changes_nothing_at_braze(sandbox: Sandbox) -> None:
    check()
    assert (sandbox.world.profiles, sandbox.world.states.parked) == ([], {})
    assert {call.body for call in sandbox.world.calls if call.method == "GET"} == {None}
    assert [call.body for call in sandbox.world.calls if call.method == "POST"] == [{}] * 6
    assert all(not call.notes for call in sandbox.world.calls)


@pytest.mark.parametrize("missing", PERMISSIONS)
@pytest.mark.parametrize("status", [401, 403])
def test_each_permission_that_is_missing_is_named(missing: str, status: int, sandbox: Sandbox) -> None:
    if status == 403:
        sandbox.braze.permissions = frozenset(PERMISSIONS) - {missing}
    else:
        path = next(probe.path for probe in PROBES if probe.permission == missing)
        sandbox.faults.add("status", endpoint=path, status=401, times=None)
    ran = check()
    assert (ran.code, verdict(ran, f"permission {missing}"), ran.out.count("MISSING")) == (1, "MISSING", 1)
    assert "Settings > APIs and Identifiers > API Keys" in ran.out


def test_a_wrong_key_is_told_from_a_missing_permission(settings: Any) -> None:
    settings.BRAZE_REST_KEY = "not-the-key-of-this-workspace"
    ran = check()
    assert (ran.code, verdict(ran, "BRAZE_REST_KEY"), "permission" in ran.out) == (1, "MISSING", False)
    assert "not-the-key" not in ran.out


def test_the_key_is_never_printed(settings: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", status=401, body={"message": f"Invalid API key: {settings.BRAZE_REST_KEY}"}, times=2)
    assert settings.BRAZE_REST_KEY not in check().out


@pytest.mark.parametrize(
    "url", ["https://rest.aid-03.braze.com", "https://example.com", "rest.iad-03.braze.com", "http://[::1"]
)
def test_an_address_that_is_not_brazes_gets_no_key(url: str, settings: Any, sandbox: Sandbox) -> None:
    settings.BRAZE_REST_URL = url
    ran = check()
    assert (ran.code, verdict(ran, "BRAZE_REST_URL"), "BRAZE_REST_KEY" in ran.out) == (1, "MISSING", False)


def test_an_address_where_nothing_answers(settings: Any) -> None:
    settings.BRAZE_REST_URL = "http://127.0.0.1:9"
    ran = check()
    assert (ran.code, verdict(ran, "BRAZE_REST_URL")) == (1, "CANNOT BE SEEN FROM HERE")
    assert "Nobody answers at http://127.0.0.1:9" in ran.out


def test_an_address_where_something_else_answers(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", status=404, times=None)
    ran = check()
    assert ran.code == 1
    assert "This is not Braze's REST address (404 Invalid URL)" in ran.out


def test_while_braze_is_down_nothing_is_known(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", status=503, times=None)
    ran = check()
    assert (ran.code, verdict(ran, "BRAZE_REST_KEY")) == (0, "CANNOT BE SEEN FROM HERE")


def test_trouble_with_one_call_leaves_the_others_seen(sandbox: Sandbox) -> None:
    sandbox.faults.add("status", endpoint="/users/merge", status=429)
    ran = check()
    assert (ran.code, verdict(ran, "permission users.merge")) == (0, "CANNOT BE SEEN FROM HERE")
    assert verdict(ran, "permission users.delete") == "OK"


def test_a_mistyped_group(programs: dict[str, Program]) -> None:
    Program.objects.filter(slug="sms").update(subscription_group_id="5a4d0000-mistyped")
    ran = check()
    assert (ran.code, verdict(ran, "group of “Text messages”")) == (1, "MISSING")
    assert "Audience > Subscription Group Management" in ran.out
    assert verdict(ran, "group of “Emails”") == "OK"


def test_groups_that_are_the_wrong_way_round(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    deliver()
    sandbox.world.groups[SMS].channel = "email"
    ran = check()
    assert (ran.code, verdict(ran, "channel of “Text messages”")) == (1, "MISSING")


def test_what_cannot_be_seen_says_where_to_look() -> None:
    ran = check()
    assert verdict(ran, "double opt-in of “Text messages”") == "CANNOT BE SEEN FROM HERE"
    assert "Global Keywords > Opt-In" in ran.out
    assert "double opt-in of “Emails”" not in ran.out
    assert (ran.code, EMAIL in ran.out) == (0, True)


def test_without_the_hooks_token(settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = ""
    ran = check()
    assert (ran.code, verdict(ran, "BRAZE_WEBHOOK_TOKEN"), "Data Export" in ran.out) == (1, "MISSING", True)


def test_without_programs() -> None:
    Program.objects.update(is_active=False)
    ran = check()
    assert (ran.code, "create_default_programs" in ran.out) == (1, True)


def test_triggers_that_are_gone() -> None:
    triggers.lift("default")
    ran = check()
    assert (ran.code, verdict(ran, "triggers of the ledger")) == (1, "MISSING")


def test_a_worker_that_does_not_run(visit: Visit, deliver: Deliver) -> None:
    assert verdict(check(), "worker") == "CANNOT BE SEEN FROM HERE"
    crowd([1], "sms")
    later(130)
    ran = check()
    assert (ran.code, verdict(ran, "worker"), "sync_braze" in ran.out) == (1, "MISSING", True)
    deliver()
    assert verdict(check(), "worker") == "OK"


def test_what_is_parked_or_scheduled_says_nothing_about_the_worker(visit: Visit, deliver: Deliver) -> None:
    crowd([1], "sms")
    deliver()
    Subscription.objects.update(due_at=timezone.now(), parked_at=timezone.now())
    later(3600)
    assert verdict(check(), "worker") == "OK"


def test_a_stopped_line_is_named() -> None:
    lines.stop("/users/track", BrazeLine.Lane.REST, reason="403 Forbidden", refused="x")
    ran = check()
    assert (ran.code, verdict(ran, "line /users/track"), "403 Forbidden" in ran.out) == (1, "MISSING", True)
