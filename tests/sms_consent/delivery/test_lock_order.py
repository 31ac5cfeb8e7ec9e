"""Whoever locks several subscriptions locks them in the order of their ids: in two orders two wait for each other.

And of addresses nobody locks more than PostgreSQL has room for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from sms_consent import outbox, people
from sms_consent.braze.client import BATCH
from sms_consent.choices import State, Told
from sms_consent.delivery import jobs
from sms_consent.delivery.worker import Lane, deliver_opt_outs_due, new_courier
from sms_consent.models import Subscription
from sms_consent.outbox import Claim
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, Deliver
from tests.sms_consent.delivery.helpers import SET, crowd, disagreements, phone, stop
from tests.sms_consent.delivery.test_races import in_flight, meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]
Do = Callable[[list[Claim]], None]


def settle(claims: list[Claim]) -> None:
    """Settle what was overtaken: nobody has these leases."""
    outbox.settle_subscriptions(Told.SUBSCRIBED, dict.fromkeys(claims, jobs.ACCEPTED))


def open_rides(claims: list[Claim]) -> None:
    outbox.open_rides([claim.id for claim in claims])


def close_rides(claims: list[Claim]) -> None:
    outbox.close_rides([claim.id for claim in claims])


def open_riders(claims: list[Claim]) -> None:
    """Open a call that tells the second, and that the first is only sent along with."""
    outbox.open_riders([claim.address for claim in claims])


def settle_riders(claims: list[Claim]) -> None:
    """Settle a call that told the second, and meanwhile the first has changed."""
    loaded, changed = {claim.id: claim.version for claim in claims}, {claims[0].id: 1}
    outbox.settle_riders(loaded | changed, [claim.address for claim in claims], accepted=[claims[1].id])


def claims() -> list[Claim]:
    """Return claims of a number and a mailbox, of which PostgreSQL finds the second first: the other was just written.

    Both are subscribed, and the call about their people is the one that tells the second.
    """
    crowd([0], "sms")
    crowd([1], "email")
    Subscription.objects.update(rides=1, state=State.SUBSCRIBED)
    first, second = Subscription.objects.order_by("pk")
    first.save()
    now = timezone.now()
    return [Claim(it.pk, it.version, lease=1, until=now, address=it.address) for it in (first, second)]


@pytest.mark.parametrize("do", [outbox.note_looked, settle, open_rides, close_rides, open_riders, settle_riders])
def test_a_worker_and_somebody_else_do_not_wait_for_each_other(do: Do) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    both = claims()
    rows, is_locked = Subscription.objects.select_for_update(), threading.Event()
    with meanwhile(lambda: is_locked.wait() and do(both)), transaction.atomic():
        rows.get(pk=both[0].id)
        is_locked.set()
        time.sleep(0.5)  # until the worker waits for it
        rows.get(pk=both[1].id)


@contextmanager
def held(addresses: list[str]) -> Iterator[None]:
    """Have somebody else's transaction hold these, on a connection of its own."""
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            people.lock(addresses)
            is_held.set()
            is_over.wait()

    try:
        with meanwhile(hold):
            assert is_held.wait(10)
            yield
            is_over.set()
    finally:
        is_over.set()


def test_of_those_who_lock_many_two_do_at_a_time_and_no_visitor_waits_for_them() -> None:
    """PostgreSQL has room for 6,400 locks. Where there is none left, it fails whoever comes next."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no such locks")
    one, two, three = ([f"{name}{number}@example.com" for number in range(people.MANY + 1)] for name in "abc")
    with held(one), held(two), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '200ms'")
        people.lock([ALICE, ALICES_PHONE])
        with pytest.raises(OperationalError, match="lock timeout"):
            people.lock(three)
    with held(one), transaction.atomic():
        people.lock(three)


def test_opt_outs_never_wait_for_those_who_lock_many(deliver: Deliver, sandbox: Sandbox) -> None:
    """However many there are: they are settled a hundred at a time (rule 4)."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no such locks")
    crowd(range(151), "sms")
    deliver()
    for number in range(151):
        stop(phone(number))
    sandbox.faults.add("latency", endpoint=SET, seconds=0.3, times=None)  # they are answered together
    one, two = ([f"{name}{number}@example.com" for number in range(people.MANY + 1)] for name in "ab")
    with held(one), held(two), meanwhile(_tell_opt_outs) as ended:
        assert in_flight(sandbox, SET, 4)
        ended()
    assert disagreements(sandbox) == []


def _tell_opt_outs() -> None:
    with closing(new_courier(Lane.OPT_OUTS)) as urgent:
        while deliver_opt_outs_due(urgent):
            pass


def test_two_who_lock_as_many_as_they_may_leave_room_for_visitors(sandbox: Sandbox) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no such locks")
    with closing(new_courier(Lane.REST)) as courier:
        assert 2 * BATCH * courier.at_once <= people.most_locked()
    one, two, three = ([f"{name}{number}@example.com" for number in range(people.most_locked())] for name in "abc")
    with held(one), held(two), transaction.atomic():
        people.lock(three[: people.MANY])
