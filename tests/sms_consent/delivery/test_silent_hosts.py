"""A database host that dies without a word: what is under way vanishes. A new one answers at the same address."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import connection

from sms_consent.sandbox import Sandbox
from tests.optin_site.test_settings import PRODUCTION
from tests.people import Visit
from tests.sms_consent.delivery.conftest import Start, database_url
from tests.sms_consent.delivery.helpers import SET, TRACK, crowd, phone, stop
from tests.sms_consent.delivery.test_processes import called

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs"),
]

SO_ATTACH_FILTER = 26
PATIENCE = 60.0  # seconds: what a lease lasts, and fifteen times the longest pause of the worker


class Road:
    """A way to PostgreSQL on which what is under way can be made to vanish; who sets out anew arrives."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        self._beyond: list[socket.socket] = []
        self._gone: set[int] = set()
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on every packet of the connections that are open vanishes, acknowledgements included."""
        self._gone.update(map(id, self._open))
        code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0
        program = struct.pack("HL", 1, ctypes.addressof(code))
        for one in self._open:
            if one.fileno() >= 0:
                one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def close(self) -> None:
        """Let go of both ends, so that nobody is left in the test's database."""
        self._is_closed = True
        self._door.shutdown(socket.SHUT_RDWR)  # closed alone it would take one more
        self._door.close()
        for one in (*self._open, *self._beyond):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._door.accept()
            except OSError:
                return
            there = socket.create_connection(self._to)
            self._open.append(here)
            self._beyond.append(there)
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if id(other) not in self._gone:
                    other.sendall(data)
        if id(other) in self._gone and not self._is_closed:
            return  # not even a word that it is over
        for end in (one, other):  # a thread that reads keeps open what is only closed
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def road() -> Iterator[Road]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is no host")
    found = connection.settings_dict
    road = Road(found["HOST"], int(found["PORT"]))
    yield road
    road.close()


def _by(road: Road) -> str:
    found = connection.settings_dict
    return database_url().replace(f":{found['PORT']}/", f":{road.port}/")


def test_an_opt_out_is_told_though_the_old_host_never_says_goodbye(
    visit: Visit, start: Start, road: Road, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    ours = {name: getattr(settings, name) for name in ("LEDGER_KEY", "BRAZE_REST_KEY", "PHONE_REGIONS")}
    ours["PHONE_REGIONS"] = ",".join(ours["PHONE_REGIONS"])
    site = PRODUCTION | ours | {"BRAZE_REST_URL": sandbox.url, "CACHE_URL": "locmemcache://"}
    start(DATABASE_URL=_by(road), **site)  # in development no connection outlasts a round
    assert called(sandbox, TRACK)
    time.sleep(1.5)
    road.swallow()
    stop(phone(1))
    assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(SET)) >= 2, PATIENCE)
