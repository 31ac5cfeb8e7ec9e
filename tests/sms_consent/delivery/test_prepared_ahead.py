"""Calls that are prepared while others are in the air: none may say what is not so any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import Q

from sms_consent import selectors
from sms_consent.braze import Pace
from sms_consent.braze.limits import Limit
from sms_consent.choices import Told
from sms_consent.delivery import Worker, pipeline
from sms_consent.models import Program, Subscription
from sms_consent.outbox import MAX_ASKS
from sms_consent.sandbox import Sandbox
from tests.sms_consent.delivery.conftest import cut_connections
from tests.sms_consent.delivery.helpers import SET, TRACK, asks_first, bodies, crowd, disagreements, email, later, leave
from tests.sms_consent.delivery.test_races import in_the_middle
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]
PEOPLE = 150  # three calls: the first one's answer tells what Braze allows
NOT_PREPARED = Q(told=Told.NOTHING) | Q(told=Told.ASKED, rides=0)  # no call about these people has been opened


def _work() -> None:
    with suppress(DatabaseError):  # its connection may be cut
        Worker().run_once()


@contextmanager
def the_second_in_the_air(sandbox: Sandbox) -> Iterator[None]:
    """Have a worker's second call about people take longer than the third may wait once it is prepared."""
    sandbox.faults.add("latency", endpoint=TRACK, seconds=0)  # the first one: nothing
    with in_the_middle(sandbox, TRACK, _work):
        until(lambda: not Subscription.objects.filter(NOT_PREPARED).exists())
        time.sleep(pipeline.LONGEST_WAIT + 0.5)  # the rest is for what is done between that note and the waiting
        yield


@pytest.fixture(autouse=True)
def _one_thread(settings: Any, programs: Any) -> None:
    """One call at a time; and nobody has to confirm their mailbox first."""
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    Program.objects.filter(slug="email").update(confirm_sign_ups=False)
    selectors.forget_offers()


def told_to_subscribe(body: dict[str, Any]) -> set[str]:
    """Return the mailboxes of a call about people that it subscribes."""
    people = [it for it in body["attributes"] if "subscription_groups" in it]
    return {it["email"] for it in people if it["subscription_groups"][0]["subscription_state"] == "subscribed"}


def test_the_next_call_is_prepared_while_one_is_in_the_air(sandbox: Sandbox) -> None:
    crowd(range(PEOPLE), "email")
    with the_second_in_the_air(sandbox):
        assert Subscription.objects.filter(told=Told.UNKNOWN).count() == PEOPLE - 50
    assert [len(body["attributes"]) for body in bodies(sandbox, TRACK)] == [50, 50, 50]
    assert disagreements(sandbox) == []


def test_who_leaves_while_their_call_waits_for_a_slow_one_is_not_subscribed(sandbox: Sandbox) -> None:
    """Or else Braze would have them subscribed until the opt-out is told once more, five minutes later (rule 3)."""
    crowd(range(PEOPLE), "email")
    with the_second_in_the_air(sandbox):
        told = {it["email"] for body in bodies(sandbox, TRACK) for it in body["attributes"]}
        gone, *_ = {email(number) for number in range(PEOPLE)} - told
        leave(gone)
    assert not any(gone in told_to_subscribe(body) for body in bodies(sandbox, TRACK))
    assert disagreements(sandbox) == []


def test_a_call_that_was_never_made_has_started_no_request(sandbox: Sandbox) -> None:
    """Two calls may start one: a third is none too many while one of them was never made."""
    asks_first()
    crowd(range(PEOPLE), "sms")
    with the_second_in_the_air(sandbox):
        sandbox.faults.add("drop_before", endpoint=TRACK)
    assert sorted(Subscription.objects.values_list("rides", flat=True)) == [1] * 50 + [MAX_ASKS] * 100


def test_nobody_is_told_once_a_limit_is_spent(sandbox: Sandbox) -> None:
    """Somebody else makes calls, too: what is left is for opt-outs."""
    sandbox.limits.is_on = True
    sandbox.limits.set("track", requests=20, seconds=10**9)
    for _ in range(17):
        sandbox.limits.spend("track")
    crowd(range(PEOPLE), "email")
    Worker().run_once()
    assert [call.status for call in sandbox.world.calls_to(TRACK)] == [201, 201]


def test_a_call_that_a_lost_connection_called_off_has_started_no_request(sandbox: Sandbox) -> None:
    """Or else two such rounds would leave a request that no call starts any more."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection to cut")
    asks_first()
    crowd(range(PEOPLE), "sms")
    with the_second_in_the_air(sandbox):
        cut_connections()
    assert len(bodies(sandbox, TRACK)) == 2
    assert sorted(Subscription.objects.values_list("rides", flat=True)) == [0] * 50 + [1] * 50 + [MAX_ASKS] * 50


@pytest.mark.parametrize("path", [SET, TRACK])
def test_a_refusal_that_spends_the_limit_keeps_no_worker_busy(path: str, sandbox: Sandbox) -> None:
    """Nothing is prepared over and over while Braze says that it takes nothing."""
    crowd(range(3), "sms", "email")
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(time.time() + 30)}
    body = {"message": "success", "errors": ["something odd"]}
    sandbox.faults.add("status", endpoint=path, status=201, body=body, headers=headers)
    began = time.monotonic()
    assert Worker().run_once() > 0
    assert time.monotonic() - began < 5
    later(60)
    assert Worker().run_once() == 0
    assert disagreements(sandbox) == []


def test_a_call_that_was_never_made_makes_no_room_in_the_next_window() -> None:
    pace = Pace({TRACK: Limit(20, 10**9)})
    pace.spend(TRACK, -1)
    assert pace.left(TRACK) == 20
