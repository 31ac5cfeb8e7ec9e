"""A 429 whose reset has passed by our clock, because that is ahead of Braze's, or because the header is wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sms_consent.sandbox import Sandbox
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.conftest import Start
from tests.sms_consent.delivery.helpers import SET, all_told, crowd, phone, stop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]
A_WHILE = 4.0  # seconds: with back-off from 1 s on, doubling, there is room for three or four tries


@pytest.mark.parametrize("headers", [{"X-RateLimit-Reset": "1700000000"}, {"Retry-After": "0"}], ids=str)
def test_it_backs_off_all_the_same(
    headers: dict[str, Any], visit: Visit, deliver: Deliver, start: Start, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    all_told(deliver)
    before = len(sandbox.world.calls_to(SET))
    sandbox.faults.add("status", endpoint=SET, status=429, headers=headers, times=None)
    stop(phone(1))
    start()
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(SET)) > before, 30)
    time.sleep(A_WHILE)
    assert len(sandbox.world.calls_to(SET)) - before <= 6
