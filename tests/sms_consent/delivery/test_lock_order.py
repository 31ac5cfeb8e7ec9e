"""Whoever locks several subscriptions locks them in the order of their ids: in two orders two wait for each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sms_consent import outbox
from sms_consent.choices import State, Told
from sms_consent.delivery import jobs
from sms_consent.models import Subscription
from sms_consent.outbox import Claim
from tests.sms_consent.delivery.helpers import crowd
from tests.sms_consent.delivery.test_races import meanwhile

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
