"""A program moves to another group while one of its people is held by an act that hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from sms_consent import outbox
from sms_consent.models import Program, Subscription
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.conftest import Start, database_url
from tests.sms_consent.delivery.helpers import all_told, crowd, phone, seen, stop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]
PATIENCE = 30.0  # seconds
LIMITED = "?options=-c%20lock_timeout%3D1000"  # an operator's: nothing waits for a lock for more than a second


@contextmanager
def held(address: str) -> Iterator[None]:
    """Somebody in the middle of an act about this address: its row is locked, as `ledger.standings` locks it."""
    begun, over = threading.Event(), threading.Event()

    def act() -> None:
        with transaction.atomic():
            list(Subscription.objects.select_for_update().filter(address=address))
            begun.set()
            over.wait()
        connection.close()

    thread = threading.Thread(target=act)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("limit", ["", LIMITED], ids=["as it comes", "lock_timeout"])
def test_an_opt_out_of_another_program_does_not_wait_for_a_move(
    limit: str, visit: Visit, deliver: Deliver, start: Start, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no row locks")
    alice = visit()
    alice.sign_up("person1@example.com", phone(1), "sms", "email")
    alice.press(alice.links("person1@example.com")[-1])
    crowd([2], "sms")
    all_told(deliver)
    outbox.forget_group(programs["email"].pk)  # as the admin does where somebody corrects the group's id
    with held("person1@example.com"):
        start(DATABASE_URL=database_url() + limit)
        stop(phone(2))  # of somebody else, from another program
        assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, phone(2)) == UNSUBSCRIBED, PATIENCE)
