"""An answer that never ends: a byte now and then, so that no read takes as long as the time-out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

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
PATIENCE = 45.0  # seconds: four times BRAZE_TIMEOUT


class Front:
    """Stands before the sandbox; a call that names `dripping` is answered a blank at a time, without end."""

    def __init__(self, url: str, dripping: str) -> None:
        self._to, self._dripping = urlsplit(url), dripping.encode()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.dripped = threading.Event()
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._door.accept()[0],), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        with here, suppress(OSError), here.makefile("rb") as reader:
            while head := _head(reader):
                body = reader.read(_length(head))
                if self._dripping in body:
                    self._drip(here)
                    return
                here.sendall(self._ask(head, body))

    def _ask(self, head: bytes, body: bytes) -> bytes:
        with socket.create_connection((self._to.hostname, self._to.port)) as there, there.makefile("rb") as reader:
            there.sendall(head + body)
            answer = _head(reader)
            return answer + reader.read(_length(answer))

    def _drip(self, here: socket.socket) -> None:
        here.sendall(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while not self._over.is_set():
            self.dripped.set()
            here.sendall(b" ")
            time.sleep(1)


def _head(reader) -> bytes:  # type: ignore[no-untyped-def]
    lines = []
    while line := reader.readline():
        lines.append(line)
        if line == b"\r\n":
            break
    return b"".join(lines)


def _length(head: bytes) -> int:
    found = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(found[0].split(b":")[1]) if found else 0


@pytest.fixture
def front(sandbox: Sandbox) -> Iterator[Front]:
    front = Front(sandbox.url, phone(1))
    yield front
    front.close()


def test_an_opt_out_waits_for_no_answer_without_end(
    visit: Visit, deliver: Deliver, start: Start, front: Front, sandbox: Sandbox
) -> None:
    crowd([1, 2], "sms")
    deliver()
    start(BRAZE_REST_URL=front.url)
    stop(phone(1))
    assert front.dripped.wait(PATIENCE)
    stop(phone(2))  # of somebody else
    assert sandbox.world.wait_until(lambda: seen(sandbox, SMS, phone(2)) == UNSUBSCRIBED, PATIENCE)
