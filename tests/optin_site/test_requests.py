"""What surrounds every request: who is asking, whether the site can answer, and what is logged."""

from __future__ import annotations

import json
import logging
import timeit
from functools import partial
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from optin_site import sessions
from optin_site.logs import Scrubbed, scrubbed
from optin_site.sessions import SessionStore
from sms_consent.models import Evidence
from tests.people import ALICE, send_sign_up


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("proxies", "forwarded", "ip"),
    [
        (0, "198.51.100.1", "203.0.113.7"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 198.51.100.2", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1:4711", "198.51.100.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6", "203.0.113.7"),
        (1, None, "203.0.113.7"),
        (1, "nonsense", "203.0.113.7"),
        (1, "", "203.0.113.7"),
    ],
)
def test_the_evidence_holds_what_our_own_proxy_saw(settings: Any, proxies: int, forwarded: str | None, ip: str) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    client = Client(REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": forwarded} if forwarded is not None else {})
    assert send_sign_up(client, ALICE, "", "email").status_code == 302
    assert json.loads(Evidence.objects.get().payload)["ip"] == ip


def test_healthz_needs_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db(transaction=True)
def test_readyz_says_that_the_database_does_not_answer(client: Client) -> None:
    database = connections["default"]
    before = database.settings_dict["NAME"]
    database.close()
    database.settings_dict["NAME"] = "/nowhere/at/all" if database.vendor == "sqlite" else "nowhere_at_all"
    try:
        answer = client.get("/readyz")
    finally:
        database.close()
        database.settings_dict["NAME"] = before
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("path", ["/", "/welcome/", "/confirm/x/", "/terms/", "/privacy/", "/accounts/login/"])
def test_pages_carry_the_headers_of_a_careful_site(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "message",
    [
        "DETAIL:  Key (email)=(alice@example.com) already exists.",
        "{'alice@example.com': (550, b'No such user')}",
        "GET /users?phone=%2B12025550101",
        "told +12025550101 to go",
        "400 12025550101 is wrong",
        "400 (202) 555-0101 is wrong",
        "400 202.555.0101 is wrong",
        "400 +1-202-555-0101 is wrong",
        "400 1-202-555-0101 is wrong",
        "400 +1.202.555.0101 is wrong",
        "400 (202)-555-0101 is wrong",
        "400 +1 (202) 555-0101 is wrong",
        "400 1(202)555-0101 is wrong",
        "tel:+1202-555-0101",
    ],
)
def test_the_log_holds_no_address(message: str) -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed: %s", (message,), None)
    line = Scrubbed("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR failed: ")
    assert "alice" not in line
    assert "2025550101" not in line
    assert "0101" not in line


@pytest.mark.parametrize(
    "message",
    [
        "at 2026-12-01 12:30:00,1234 and 2026-12-01T12:30:00.123456+00:00",
        "delivery 5a4d0000-1202-4555-8000-000000000131 begins",
        "celery 5.7.0, 1.202.555.0 and 11.202.555.0131",
        "from 198.51.100.131 and 1.202.155.131 and 202.155.013.1",
        "seal 1-202-555 of 2025-550-0131",
        "2001:db8::1202:555:131",
        "POST /accounts/login/code/confirm/ 302",
    ],
)
def test_the_log_keeps_what_is_no_address(message: str) -> None:
    assert scrubbed(message) == message


def test_a_long_line_takes_no_longer_than_its_length() -> None:
    """Anybody may ask for a path of 64 kB, and have it logged."""
    short, long = (min(timeit.repeat(partial(scrubbed, "x" * size), number=1, repeat=3)) for size in (4_000, 64_000))
    assert long < 16 * 4 * max(short, 0.001)


def test_a_traceback_in_the_log_holds_no_address() -> None:
    try:
        raise ValueError("alice@example.com")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, error.__traceback__)
        )
    line = Scrubbed().format(record)
    assert "ValueError" in line
    assert "alice@" not in line.replace('"alice@example.com"', "")


def test_sessions_that_are_over_are_deleted_and_others_stay(db: None) -> None:
    """Some name a mailbox that was just being entered (EU-7)."""
    over, open_still = SessionStore(), SessionStore()
    over.set_expiry(-1)
    open_still.set_expiry(60)
    for session in (over, open_still):
        session["email_change"] = {"email": "alice@example.com"}
        session.save()
    assert sessions.prune() is False
    assert list(Session.objects.values_list("pk", flat=True)) == [open_still.session_key]
