"""A run of reconcile_braze as a whole: too many changes, Braze's limits, outages, what is under way."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from sms_consent import outbox
from sms_consent import reconcile as reconciling
from sms_consent.models import BrazeProfile, BrazeReading, ConsentRecord, Program, Subscription
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.people import ALICE, ALICES_PHONE, standing
from tests.sms_consent.delivery.helpers import LOOK, email, phone
from tests.sms_consent.reconcile.helpers import flip, reconcile, stand

MANY = range(60)
NUMBERS = [phone(number) for number in MANY]
EMAILS = [email(number) for number in MANY]


@pytest.fixture
def sms(programs: dict[str, Program], sandbox: Sandbox) -> Program:
    """The program for texts."""
    return programs["sms"]


# --- Too many at once ---------------------------------------------------------------------------------


def test_a_mass_flip_is_stopped_before_anything_is_written(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:20])
    run = reconcile()
    assert (run.code, ConsentRecord.objects.count(), outbox.unsent()) == (1, 0, 0)
    assert "It would be: 20 opted out at Braze, 0 confirmed by Braze's word." in run.out
    assert set(Subscription.objects.values_list("state", flat=True)) == {"subscribed"}


def test_until_somebody_says_yes(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:20])
    reconcile()
    assert "20 opted out at Braze." in reconcile("--yes").out
    assert Subscription.objects.filter(state="unsubscribed").count() == 20


def test_a_few_are_no_mass(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:19])
    assert (reconcile().code, Subscription.objects.filter(state="unsubscribed").count()) == (0, 19)


def test_twenty_in_two_thousand_are_no_mass(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [phone(number) for number in range(2000)], there="")
    flip(sandbox, NUMBERS[:20])
    assert reconcile().code == 0
    assert Subscription.objects.filter(state="unsubscribed").count() == 20


def test_what_is_enforced_counts_too(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS, here="unsubscribed")
    assert reconcile().code == 0
    assert (reconcile("--enforce").code, outbox.unsent()) == (1, 0)
    assert (reconcile("--enforce", "--yes").code, outbox.unsent()) == (0, 60)


def test_a_long_list_is_cut(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [phone(number) for number in range(130)], here="unsubscribed")
    run = reconcile()
    assert "130 subscribed at Braze without proof here:" in run.out
    assert run.out.count("unsubscribed here") == 100
    assert "… and 30 more" in run.out


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_is_drawn_on_a_terminal_only(is_terminal: bool, sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    out = StringIO()
    out.isatty = lambda: is_terminal  # type: ignore[method-assign]
    call_command("reconcile_braze", stdout=out, no_color=True)
    assert ("[##############################] 60 of 60\n" in out.getvalue()) is is_terminal


# --- Asking Braze -------------------------------------------------------------------------------------


def test_fifty_addresses_a_call_numbers_and_emails_apart(
    sms: Program, programs: dict[str, Program], sandbox: Sandbox
) -> None:
    stand(sandbox, sms, NUMBERS)
    stand(sandbox, programs["email"], EMAILS)
    assert "120 asked about, 0 left out" in reconcile().out
    asked = [call.query.count("email%5B%5D=") + call.query.count("phone%5B%5D=") for call in looks(sandbox)]
    assert sorted(asked) == [10, 10, 50, 50]


def looks(sandbox: Sandbox) -> list[Any]:
    return sandbox.world.calls_to(LOOK)


def test_a_number_that_a_hundred_and_fifty_people_hold(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [ALICES_PHONE])
    with sandbox.world.lock:
        for _ in range(150):
            sandbox.world.people.house(sandbox.world.people.create(), "sms", ALICES_PHONE)
    flip(sandbox, [ALICES_PHONE])
    reconcile()
    assert (standing(ALICES_PHONE, "sms"), len(looks(sandbox))) == ("unsubscribed", 2)


@pytest.mark.parametrize("form", ["epoch", "delta", "mau"])
def test_a_limit_is_waited_for(form: str, sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:5])
    sandbox.faults.add("status", endpoint=LOOK, status=429, form=form, seconds=1, times=1)
    began = time.monotonic()
    assert "5 opted out at Braze." in reconcile().out
    assert time.monotonic() - began > 0.9
    assert sorted(call.status for call in looks(sandbox)) == [200, 200, 429]


def test_a_quarter_of_the_limit_is_left_to_the_worker(sms: Program, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    stand(sandbox, sms, [phone(number) for number in range(400)], there="")
    sandbox.limits.is_on = True
    sandbox.limits.set("shared", requests=8, seconds=2)
    time.sleep(2 - time.time() % 2)  # a window has just begun
    assert reconcile().code == 0
    first = int(looks(sandbox)[0].at // 2)
    assert [sum(int(call.at // 2) == first + n for call in looks(sandbox)) for n in range(2)] == [6, 2]


def test_a_short_outage_is_sat_out(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:5])
    sandbox.faults.add("status", endpoint=LOOK, status=503)
    sandbox.faults.add("drop_before", endpoint=LOOK)
    assert "5 opted out at Braze." in reconcile().out


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_ends_it_with_words(status: int, sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    sandbox.faults.add("status", endpoint=LOOK, status=status, times=None)
    run = reconcile()
    assert (run.code, f"Braze: {status}" in run.out, "braze_check" in run.out) == (1, True, True)


def test_one_address_that_braze_does_not_take(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [*NUMBERS[:40], "+12"])
    flip(sandbox, NUMBERS[:5])
    sandbox.faults.add("status", endpoint=LOOK, status=400, match="%2B12&", times=None)
    assert "40 asked about, 1 left out" in reconcile().out
    assert Subscription.objects.filter(state="unsubscribed").count() == 5


def test_when_all_are_refused_it_is_not_them(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS[:8])
    sandbox.faults.add("status", endpoint=LOOK, status=400, times=None)
    run = reconcile()
    assert (run.code, "Braze: 400" in run.out) == (1, True)


def test_an_answer_that_is_none_is_not_taken_for_nobody(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS[:8])
    sandbox.faults.add("status", endpoint=LOOK, status=200, body={"message": "success"})
    assert "0 subscribed here and unknown at Braze" in reconcile().out


# --- What is under way is left alone --------------------------------------------------------------------

NOW = timezone.now


@pytest.mark.parametrize(
    "under_way",
    [
        {"due_at": NOW},
        {"due_at": lambda: NOW() + timedelta(minutes=4), "is_recheck": lambda: True},
        {"leased_until": lambda: NOW() + timedelta(minutes=1)},
        {"told_at": lambda: NOW() - timedelta(minutes=29)},
        {"opened_at": lambda: NOW() - timedelta(minutes=29)},
        {"parked_at": lambda: NOW() - timedelta(days=3)},
    ],
)
def test_a_subscription_with_something_open(under_way: dict[str, Any], sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [ALICES_PHONE])
    flip(sandbox, [ALICES_PHONE])
    Subscription.objects.update(**{name: value() for name, value in under_way.items()})
    assert "0 asked about, 1 left out" in reconcile().out
    assert (looks(sandbox), standing(ALICES_PHONE, "sms")) == ([], "subscribed")


def test_half_an_hour_is_long_enough(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, [ALICES_PHONE])
    flip(sandbox, [ALICES_PHONE])
    ago = NOW() - timedelta(minutes=31)
    Subscription.objects.update(told_at=ago, opened_at=ago)
    assert "1 opted out at Braze." in reconcile().out


def test_another_program_of_the_same_number_counts(sms: Program, sandbox: Sandbox) -> None:
    group = "5a4d0000-0000-4000-8000-000000000009"
    sandbox.world.set_group(group, "sms")
    other = Program.objects.create(
        slug="alerts", name="Alerts", channel="sms", subscription_group_id=group, confirm_sign_ups=False
    )
    stand(sandbox, sms, [ALICES_PHONE])
    stand(sandbox, other, [ALICES_PHONE])
    flip(sandbox, [ALICES_PHONE])
    Subscription.objects.filter(program=other).update(due_at=NOW())
    assert "0 asked about, 2 left out" in reconcile().out


@pytest.mark.parametrize("address", [ALICE, ALICES_PHONE])
@pytest.mark.parametrize(
    "under_way", [{"due_at": NOW}, {"accepted_at": lambda: NOW() - timedelta(minutes=29), "due_at": lambda: None}]
)
def test_a_holder_of_whom_something_is_open(
    address: str, under_way: dict[str, Any], programs: dict[str, Program], sandbox: Sandbox
) -> None:
    stand(sandbox, programs["email" if "@" in address else "sms"], [address])
    User.objects.create_user(ALICE, phone=ALICES_PHONE)
    BrazeProfile.objects.update(due_at=None)
    BrazeProfile.objects.update(**{name: value() for name, value in under_way.items()})
    assert "0 asked about, 1 left out" in reconcile().out


# --- Broken off, and gone on with -----------------------------------------------------------------------


def test_a_run_that_had_read_everything_acts_without_reading_again(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:5])
    reconciling.read(lambda count: None)
    read = len(looks(sandbox))
    assert "5 opted out at Braze." in reconcile().out
    assert len(looks(sandbox)) == read
    reconcile()
    assert len(looks(sandbox)) == 2 * read


def test_a_reading_from_long_ago_is_not_gone_on_with(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    reconciling.read(lambda count: None)
    BrazeReading.objects.update(moved_at=F("moved_at") - timedelta(minutes=61))
    assert "60 asked about" in reconcile().out
    assert (len(looks(sandbox)), BrazeReading.objects.count()) == (4, 2)


def test_two_at_once_do_not_get_in_each_others_way(sms: Program, sandbox: Sandbox) -> None:
    stand(sandbox, sms, NUMBERS)
    flip(sandbox, NUMBERS[:5])

    def meanwhile(count: int) -> None:
        BrazeReading.objects.update(up_to=F("up_to") + 1_000_000)

    stand(sandbox, sms, [phone(number) for number in range(100, 2200)], there="")
    with pytest.raises(reconciling.AlreadyRunningError):
        reconciling.read(meanwhile)
    assert Subscription.objects.filter(state=UNSUBSCRIBED.lower()).count() == 0
