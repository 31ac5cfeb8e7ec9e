"""All that a site writes to its logs while people use it, and while things go wrong: nobody is in it (SEC-11)."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection

from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROLS_PHONE, hidden_fields
from tests.ports import free_port
from tests.sms_consent.delivery.conftest import ROOT, database_url
from tests.sms_consent.delivery.helpers import SET, TRACK
from tests.waiting import until

PHONES, EMAILS = (ALICES_PHONE, BOBS_PHONE, CAROLS_PHONE), (ALICE, BOB)
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


class Site:
    """A site of three processes, and all that they write."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder, self.sandbox = folder, sandbox
        self.address = ("127.0.0.1", free_port())
        self.url = "http://{}:{}".format(*self.address)
        self.env = os.environ | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "optin_site.settings",
            "BRAZE_REST_URL": sandbox.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
            "BRAZE_WEBHOOK_TOKEN": "a hook token",
            "LOG_FORMAT": "json",
            "RATE_LIMITS": "off",
            "PHONE_REGIONS": "US",
            "PYTHONWARNINGS": "ignore",
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve pages, deliver and mail until the block ends."""
        bind = "{}:{}".format(*self.address)
        web = self._start("gunicorn", "-w", "2", "--access-logfile", "-", "-b", bind, "optin_site.wsgi")
        others = [self._start("manage", "sync_braze"), self._start("manage", "send_mail")]
        try:
            yield
        finally:
            for process in (web, *others):
                process.terminate()
                process.wait(30)

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = ["manage.py"] if what == "manage" else ["-m", what]
        with (self._folder / f"{what}-{words[-1]}").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command, *words], cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT
            )

    def log(self) -> list[str]:
        """Return every line so far, of every process."""
        return [line for file in sorted(self._folder.iterdir()) for line in file.read_text().splitlines()]

    def lines(self) -> list[dict[str, Any]]:
        """Return those that are structured: all but what commands print at their start."""
        return [json.loads(line) for line in self.log() if not line.endswith("Ctrl-C.")]


@pytest.fixture
def site(tmp_path: Path, sandbox: Sandbox) -> Site:
    return Site(tmp_path, sandbox)


def _fill_in(browser: requests.Session, url: str, **fields: str) -> None:
    data = hidden_fields(browser.get(url).text) | fields
    assert browser.post(url, data, allow_redirects=False).status_code == 302


def _link(sandbox: Sandbox, email: str) -> str:
    mails = [mail for mail in sandbox.world.mails if email in mail.to]
    return re.search(r"/confirm/[\w-]+/", mails[0].text)[0] if mails else ""  # type: ignore[index]


def _use(site: Site) -> str:
    """Do what people do, and what goes wrong; return the token of a link that was used."""
    browser, hook = requests.Session(), f"{site.url}/hooks/braze/events/"
    until(lambda: requests.get(f"{site.url}/healthz", timeout=30).ok)
    site.sandbox.faults.add("status", endpoint=SET, status=400, body={"message": f"{ALICES_PHONE} is wrong"})
    site.sandbox.faults.add("status", endpoint=TRACK, status=503, times=2)
    _fill_in(browser, f"{site.url}/", email=ALICE, phone=ALICES_PHONE, program_sms="on", program_email="on")
    _fill_in(browser, f"{site.url}/?phone={BOBS_PHONE}&email={BOB}", email=BOB, phone="202-555-0102")
    _fill_in(browser, f"{site.url}/phone/", phone=CAROLS_PHONE)
    for path in (f"/phone/?phone=%2B{CAROLS_PHONE[1:]}", f"/nowhere/{BOBS_PHONE}?phone=2025550102", f"/x/{ALICE}"):
        browser.get(site.url + path)
    link = until(lambda: _link(site.sandbox, ALICE))
    _fill_in(browser, site.url + link, answer="confirm")
    requests.post(f"{site.url}/hooks/twilio/sms/", {"From": ALICES_PHONE, "Body": "STOP"}, timeout=30)
    event = {"event": "inbound", "phone": ALICES_PHONE, "message": f"stop {ALICE}", "subscription_group_id": SMS}
    assert requests.post(hook, json=event, timeout=30).status_code == 401
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sms_consent_inboundmessage RENAME TO elsewhere")
        try:
            shown = {"Authorization": "Bearer a hook token"}
            requests.post(hook, json=event, headers=shown, timeout=30)
        finally:
            cursor.execute("ALTER TABLE elsewhere RENAME TO sms_consent_inboundmessage")
    with socket.create_connection(site.address) as raw:
        raw.sendall(f"GET /?phone={BOBS_PHONE} NONSENSE {ALICE}\r\n\r\n".encode())
        raw.recv(100)
    until(lambda: len(site.sandbox.world.calls_to(TRACK)) >= 3)
    return link.split("/")[2]


def test_nobody_is_in_the_logs(site: Site) -> None:
    with site.running():
        token = _use(site)
    log = "\n".join(site.log())
    for happened in ("Braze refused", "Not Found", "could not be written down", "Traceback", "Invalid request"):
        assert happened in log
    assert all(line.get("request") for line in site.lines() if line["logger"] == "django.request")
    served = [line["message"] for line in site.lines() if line["logger"] == "gunicorn.access"]
    assert served
    assert [line for line in served if "127.0.0.1" in line or "python-requests" in line] == []
    for phone in PHONES:
        assert phone[2:] not in re.sub(r"[-. ()]", "", log)
    assert [word for word in (*EMAILS, "alice", "bob@", token, "phone=") if word in log.lower()] == []


def test_each_line_says_which_request_or_delivery_it_is_of(site: Site) -> None:
    with site.running():
        until(lambda: requests.get(f"{site.url}/healthz", timeout=30).ok)
        answer = requests.get(f"{site.url}/phone/?phone=1", headers={"X-Request-Id": "x" * 20}, timeout=30)
        _fill_in(requests.Session(), f"{site.url}/phone/", phone=CAROLS_PHONE)
        until(lambda: site.sandbox.world.calls_to(SET))
        until(lambda: [line for line in site.lines() if line["message"].startswith(f"Braze {SET}")])
    asked = [line for line in site.lines() if line.get("request") == answer.headers["X-Request-Id"]]
    assert [(line["route"], line["status"]) for line in asked if "route" in line] == [("phone/", 200)]
    told = [line for line in site.lines() if line["message"].startswith(f"Braze {SET}")]
    assert all(len(line["delivery"]) == 16 for line in told)
    assert {"at", "level", "logger", "message"} <= set(told[0])
