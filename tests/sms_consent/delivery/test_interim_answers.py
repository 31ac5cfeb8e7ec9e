"""An interim answer (RFC 9110 §15.2, RFC 8297) before the real one: whatever comes next is the same call's."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from sms_consent.delivery.worker import Lane, deliver_opt_outs_due, new_courier
from sms_consent.models import Subscription
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.fronts import Front
from tests.sms_consent.delivery.helpers import all_told, crowd, later, phone, seen, stop

SLOW = 2.0  # seconds that Braze takes for the first call, far from BRAZE_TIMEOUT


class Edge(Front):
    """The first call gets an interim answer at once, and the real one when it is there.

    The second is answered 503, and does not reach Braze.
    """

    def __init__(self, url: str, interim: bytes) -> None:
        self._interim, self.calls = interim, 0
        super().__init__(url)

    def answer(self, here: socket.socket, head: bytes, body: bytes) -> None:
        self.calls += 1
        number = self.calls
        if number == 1:
            here.sendall(self._interim)
            time.sleep(SLOW)
        if number == 2:
            words = b'{"message":"Service unavailable"}'
            here.sendall(b"HTTP/1.1 503 No\r\nContent-Length: %d\r\n\r\n%s" % (len(words), words))
        else:
            here.sendall(self.ask(head, body))


@pytest.fixture(params=["100 Continue", "102 Processing", "103 Early Hints"])
def edge(request: Any, sandbox: Sandbox) -> Iterator[Edge]:
    edge = Edge(sandbox.url, f"HTTP/1.1 {request.param}\r\n\r\n".encode())
    yield edge
    edge.close()


@pytest.mark.long
def test_each_call_is_settled_by_its_own_answer(
    visit: Visit, deliver: Deliver, edge: Edge, sandbox: Sandbox, settings: Any
) -> None:
    crowd([1, 2], "sms")
    all_told(deliver)
    settings.BRAZE_REST_URL, settings.BRAZE_REQUESTS_IN_FLIGHT = edge.url, 1
    with closing(new_courier(Lane.OPT_OUTS)) as urgent:
        stop(phone(1))
        deliver_opt_outs_due(urgent)
        stop(phone(2))
        until = time.monotonic() + 4 * SLOW
        while time.monotonic() < until:
            deliver_opt_outs_due(urgent)
            time.sleep(0.1)
        later(360)
        deliver_opt_outs_due(urgent)
    told = dict(Subscription.objects.values_list("address", "told"))
    assert told == {phone(1): "unsubscribed", phone(2): "unsubscribed"}
    assert [seen(sandbox, SMS, phone(number)) for number in (1, 2)] == [UNSUBSCRIBED] * 2
