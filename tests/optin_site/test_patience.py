"""A cache that is away, or hangs, costs no visitor anything, and somebody gets to know (rule 14)."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from redis import Redis

from optin_site.env import Reader
from tests.people import ALICE, ALICES_PHONE, send_sign_up, standing
from tests.ports import free_port
from tests.sms_consent.metrics.conftest import Scrape, scrape
from tests.sms_consent.tasks.conftest import redis
from tests.waiting import until, until_open

__all__ = ["redis", "scrape"]
pytestmark = pytest.mark.usefixtures("programs", "sandbox")
CacheAt = Callable[[int], None]


@pytest.fixture
def cache_at(settings: Any) -> CacheAt:
    """Have limits, and keep what they count in a Redis at this port, as CACHE_URL would."""
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS

    def cache_at(port: int) -> None:
        url = f"rediscache://127.0.0.1:{port}/0"
        settings.CACHES = {"default": Reader(Path(os.devnull)).url_config("cache", "NO_CACHE_URL", url)}

    return cache_at


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port at which somebody takes calls, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def sign_up() -> int:
    return int(send_sign_up(Client(), ALICE, ALICES_PHONE, "sms", "email").status_code)


def test_people_sign_up_and_in_without_it_and_the_log_says_so_once(
    cache_at: CacheAt, caplog: pytest.LogCaptureFixture
) -> None:
    cache_at(free_port())
    assert sign_up() == 302
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert Client().post("/accounts/login/", {"email": ALICE}).status_code == 302
    errors = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
    assert errors == ["The cache does not answer (ConnectionError): nobody is counted, and no limit holds"]


def test_one_that_hangs_costs_a_second_and_not_one_for_every_question(cache_at: CacheAt, hanging: int) -> None:
    cache_at(hanging)
    began = time.monotonic()
    assert [sign_up() for _ in range(3)] == [302] * 3
    assert time.monotonic() - began < 15  # a sign-up asks some thirty times


def test_the_site_is_ready_without_it_and_says_so(cache_at: CacheAt, client: Client, scrape: Scrape) -> None:
    assert client.get("/readyz").json()["cache"] == "answers"
    assert scrape("optin_cache_answers") == 1
    cache_at(free_port())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["cache"]) == (200, "unreachable")
    assert scrape("optin_cache_answers") == 0


@pytest.mark.long
def test_limits_hold_again_when_it_is_back(cache_at: CacheAt, redis: str) -> None:
    port = int(redis.rpartition(":")[2])
    cache_at(port)
    assert [sign_up() for _ in range(21)][-2:] == [302, 429]
    Redis(port=port).shutdown(nosave=True)
    assert [sign_up() for _ in range(30)] == [302] * 30
    with subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL) as again:
        until_open(port)
        until(lambda: sign_up() == 429)
        again.terminate()


def test_what_is_not_there_to_be_counted_up_is_no_outage(cache_at: CacheAt, redis: str) -> None:
    """A key may be evicted, or was made while the server was away: all other limits still hold."""
    cache_at(int(redis.rpartition(":")[2]))
    cache.set("there", 1, 60)
    assert cache.incr("gone-for-long") == 1
    assert cache.get("there") == 1
    assert cache.add("there", 2) is False
