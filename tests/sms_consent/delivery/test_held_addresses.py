"""Another process hangs in the middle of an act: suspended, or on a machine that has gone. It holds an address."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from sms_consent import people
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.conftest import Start
from tests.sms_consent.delivery.helpers import crowd, phone, seen, stop

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs"),
]
PATIENCE = 30.0  # seconds


@pytest.fixture
def hanging() -> Iterator[threading.Thread]:
    """Somebody in the middle of an act about the first of the crowd, until the test ends."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks no addresses")
    begun, over = threading.Event(), threading.Event()

    def act() -> None:
        with transaction.atomic():
            people.lock([phone(1)])  # as every service does first
            begun.set()
            over.wait()
        connection.close()

    thread = threading.Thread(target=act)
    thread.begin = lambda: (thread.start(), begun.wait())  # type: ignore[attr-defined]
    yield thread
    over.set()
    thread.join()


def test_an_opt_out_waits_for_nobody_else(
    visit: Visit, deliver: Deliver, start: Start, hanging: threading.Thread, sandbox: Sandbox
) -> None:
    crowd([1, 2], "sms")
    deliver()
    stop(phone(1))
    hanging.begin()  # type: ignore[attr-defined]
    start()
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, phone(1)) == UNSUBSCRIBED, PATIENCE)
    stop(phone(2))  # of somebody else, whose address nobody holds
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, phone(2)) == UNSUBSCRIBED, PATIENCE)
