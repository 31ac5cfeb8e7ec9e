"""What Sentry gets of an error, over real HTTP: what failed and where, never for whom."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.delivery.conftest import ROOT

FAIL = f"""
import django, logging
django.setup()
from optin_site import logs
with logs.of_delivery():
    try:
        raise ValueError("nobody is {ALICE}")
    except ValueError:
        logging.getLogger("sms_consent").exception("%s has %s", "{ALICE}", "GET /?phone={ALICES_PHONE}")
import sentry_sdk
sentry_sdk.flush()
"""


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[str]]]:
    """A DSN, and the bodies that have come in there."""
    bodies: list[str] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - http.server's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append((gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode())
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Taker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://public@127.0.0.1:{server.server_port}/1", bodies
        server.shutdown()


def test_an_error_is_reported_without_people(sentry: tuple[str, list[str]]) -> None:
    dsn, bodies = sentry
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "optin_site.settings", "SENTRY_DSN": dsn}
    ended = subprocess.run([sys.executable, "-c", FAIL], cwd=ROOT, env=env, capture_output=True, text=True, timeout=90)
    assert ended.returncode == 0, ended.stderr
    told = "".join(bodies)
    assert "ValueError" in told
    assert '"delivery":"' in told.replace(" ", "")
    assert [word for word in ("alice@", ALICES_PHONE[2:], "phone=") if word in told] == []


def test_without_the_library_it_says_what_is_missing() -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "optin_site.settings", "SENTRY_DSN": "http://public@127.0.0.1:9/1"}
    bare = "import sys; sys.modules['sentry_sdk'] = None; import django; django.setup()"
    ended = subprocess.run([sys.executable, "-c", bare], cwd=ROOT, env=env, capture_output=True, text=True, timeout=90)
    assert "SENTRY_DSN needs sentry-sdk" in ended.stderr
