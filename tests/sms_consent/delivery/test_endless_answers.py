"""An answer that never ends: a byte now and then, so that no read takes as long as the time-out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.conftest import Start
from tests.sms_consent.delivery.fronts import Front
from tests.sms_consent.delivery.helpers import crowd, phone, seen, stop

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs"),
]
PATIENCE = 45.0  # seconds: four times BRAZE_TIMEOUT


class Dripping(Front):
    """A call that names `dripping` is answered a blank at a time, without end."""

    def __init__(self, url: str, dripping: str) -> None:
        self._dripping = dripping.encode()
        self.dripped, self._over = threading.Event(), threading.Event()
        super().__init__(url)

    def close(self) -> None:
        self._over.set()
        super().close()

    def answer(self, here: socket.socket, head: bytes, body: bytes) -> None:
        if self._dripping not in body:
            here.sendall(self.ask(head, body))
            return
        here.sendall(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while not self._over.is_set():
            self.dripped.set()
            here.sendall(b" ")
            time.sleep(1)
        raise ConnectionAbortedError


@pytest.fixture
def front(sandbox: Sandbox) -> Iterator[Dripping]:
    front = Dripping(sandbox.url, phone(1))
    yield front
    front.close()


def test_an_opt_out_waits_for_no_answer_without_end(
    visit: Visit, deliver: Deliver, start: Start, front: Dripping, sandbox: Sandbox
) -> None:
    crowd([1, 2], "sms")
    deliver()
    start(BRAZE_REST_URL=front.url)
    stop(phone(1))
    assert front.dripped.wait(PATIENCE)
    stop(phone(2))  # of somebody else
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, phone(2)) == UNSUBSCRIBED, PATIENCE)
