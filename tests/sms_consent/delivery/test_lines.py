"""Configuration that Braze refuses: the line stops, loudly, nobody is to blame, and it opens by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from sms_consent import outbox
from sms_consent.models import BrazeLine, BrazeProfile, Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import Deliver, Visit, second_email_program
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    SIX_MINUTES,
    TRACK,
    bodies,
    confirmed,
    crowd,
    disagreements,
    email,
    later,
    parked,
    phone,
    stop,
    stopped,
)

WRONG_KEY = "a-key-that-braze-does-not-know"


def test_a_wrong_key_stops_everything_and_burns_nothing(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, caplog: Any
) -> None:
    crowd([1, 2], "sms")
    settings.BRAZE_REST_KEY = WRONG_KEY
    for _ in range(3):
        assert deliver() == 4
        later(SIX_MINUTES)
    assert set(Subscription.objects.values_list("attempts", flat=True)) == {0}
    assert set(BrazeProfile.objects.values_list("attempts", "parked_at")) == {(0, None)}
    assert "Line to Braze stopped" in caplog.text
    assert stopped() == [(LOOK, "rest"), (TRACK, "rest")]


def test_the_key_is_nowhere_to_be_read(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    settings.BRAZE_REST_KEY = WRONG_KEY
    crowd([1], "sms")
    stop(phone(2))
    deliver()
    kept = [*BrazeLine.objects.values_list("reason", flat=True), *parked()]
    assert "401 Invalid API key: [key]" in kept
    assert WRONG_KEY not in caplog.text + "".join(kept)


def test_a_mended_key_starts_at_once(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    crowd([1], "sms")
    stop(phone(2))
    right = settings.BRAZE_REST_KEY
    settings.BRAZE_REST_KEY = WRONG_KEY
    deliver()
    settings.BRAZE_REST_KEY = right
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])


@pytest.mark.parametrize("key", ["key\nof two lines", "schlüssel–€"])
def test_a_key_that_no_header_can_hold(
    key: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, caplog: Any
) -> None:
    crowd([1], "sms")
    settings.BRAZE_REST_KEY = key
    assert deliver() == 2
    assert stopped() == [(LOOK, "rest"), (TRACK, "rest")]
    assert key not in caplog.text


@pytest.mark.parametrize("url", ["rest.iad-03.braze.com", "http://", "ftp://127.0.0.1", "http://[::1"])
def test_an_address_that_is_none(url: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    crowd([1], "sms")
    settings.BRAZE_REST_URL = url
    assert deliver() == 2
    assert stopped() == [(LOOK, "rest"), (TRACK, "rest")]
    settings.BRAZE_REST_URL = sandbox.url
    assert deliver() == 0


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 415])
def test_a_stopped_line_is_tried_when_its_time_comes(
    status: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    sandbox.faults.add("status", status=status, times=None)
    deliver()
    tried = len(sandbox.world.calls)
    deliver()
    assert len(sandbox.world.calls) == tried
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])


def test_a_line_may_stay_stopped_for_weeks(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    sandbox.faults.add("status", endpoint=SET, status=404, times=None)
    deliver()
    BrazeLine.objects.update(probes=5_000)
    later(SIX_MINUTES)
    deliver()
    assert BrazeLine.objects.get(name=SET).probe_at > timezone.now()
    assert Subscription.objects.get().lease is None


def test_opt_outs_do_not_stop_with_the_rest(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1, 2], "sms")
    deliver()
    crowd([3], "sms")
    sandbox.faults.add("status", endpoint=SET, status=403, match='"subscribed"', times=None)
    deliver()
    assert stopped() == [(SET, "rest")]
    stop(phone(1))
    deliver()
    assert [address for address, _, _ in disagreements(sandbox)] == [phone(3)]


@pytest.mark.parametrize(
    ("missing", "line", "profiles", "numbers"),
    [
        ("users.track", TRACK, 1, 2),
        ("subscription.status.set", SET, 2, 1),
        ("subscription.groups.get", LOOK, 2, 1),
    ],
)
def test_a_missing_permission_stops_that_call_only(
    missing: str, line: str, profiles: int, numbers: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    needed = {"users.track", "subscription.status.set", "subscription.groups.get"}
    crowd([1], "sms")
    deliver()
    sandbox.braze.permissions = frozenset(needed - {missing})
    crowd([2], "sms")
    assert deliver() == 1
    assert stopped() == [(line, "rest")]
    assert len(sandbox.world.profiles) == profiles
    assert sum(call.status == 201 for call in sandbox.world.calls_to(SET)) == numbers
    sandbox.braze.permissions = None
    later(SIX_MINUTES)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_numbers_that_need_no_look_go_on_without_it(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    crowd([1], "sms")
    deliver()
    sandbox.faults.add("status", endpoint=LOOK, status=403, times=None)
    crowd([2], "sms")
    deliver()
    outbox.send_again(Subscription.objects.filter(address=phone(1)))
    assert deliver() == 1
    assert len(bodies(sandbox, SET)) == 2


def test_a_mistyped_sms_group_stops_that_program_only(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program], caplog: Any
) -> None:
    _retype(programs["sms"], "5a4d0000-mistyped")
    crowd(range(60), "sms", "email")
    call_command("send_mail", "--once")
    confirmed([1], visit())
    assert deliver() == 60
    assert (parked(), stopped()) == ([], [("sms", "rest")])
    assert caplog.text.count("Line to Braze stopped") == 1
    assert sandbox.world.state(EMAIL, email(1)) == "Subscribed"
    _retype(programs["sms"], SMS)
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])


def _retype(program: Program, group: str) -> None:
    program.subscription_group_id = group
    program.save()
    outbox.forget_group(program.pk)


@pytest.mark.parametrize("mistyped", ["tips", "email"])
def test_one_of_two_mistyped_email_groups(
    mistyped: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    both = {"email": programs["email"], "tips": second_email_program(sandbox)}
    right = both[mistyped].subscription_group_id
    _retype(both[mistyped], "e4a10000-mistyped")
    crowd(range(5), "email", "tips")
    call_command("send_mail", "--once")
    confirmed(range(5), visit())
    crowd([6], "sms")
    assert deliver() == 5
    assert (parked(), stopped()) == ([], [(mistyped, "rest")])
    wrong = {(address, here) for address, here, _ in disagreements(sandbox)}
    assert wrong == {(email(number), "subscribed") for number in range(5)}
    assert len(disagreements(sandbox)) == 5
    _retype(both[mistyped], right)
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])


def test_an_email_line_opens_again_after_a_restart(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    sandbox.world.groups.pop(EMAIL)
    crowd(range(3), "email")
    call_command("send_mail", "--once")
    confirmed(range(3), visit())
    assert deliver() == 3
    later(SIX_MINUTES)
    tried = len(bodies(sandbox, TRACK))
    assert deliver() == 3
    assert sum(len(body["attributes"]) for body in bodies(sandbox, TRACK)[tried:]) <= 2
    sandbox.world.set_group(EMAIL, "email")
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])
