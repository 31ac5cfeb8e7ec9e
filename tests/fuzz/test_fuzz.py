"""No request, however odd, is answered with a 500. `make fuzz` sends 20,000."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.fuzz.session import fuzz
from tests.people import ALICE, ALICES_PHONE, Visitor

COUNT = int(os.environ.get("FUZZ_REQUESTS", "600"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))


@pytest.fixture
def clients(visit: Callable[[], Visitor], settings: Any) -> list[Client]:
    """A stranger, a member and a superuser."""
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    settings.BRAZE_WEBHOOK_TOKEN, settings.TWILIO_AUTH_TOKEN = "the-hook-token", "the-twilio-token"
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss@example.com"))
    found = [Client(), alice.client, boss]
    for client in found:
        client.raise_request_exception = False
    return found


@pytest.mark.timeout(3600)
def test_no_request_is_answered_with_a_500(clients: list[Client]) -> None:
    failed, seen = [], set()
    for request, status in fuzz(clients, COUNT, SEED):
        seen.add(status)
        if status >= 500:
            failed.append((status, request))
    print(f"{COUNT} requests, seed {SEED}: answered {sorted(seen)}")
    assert failed == []
    assert {200, 302, 403, 404, 405} <= seen, "the requests get nowhere"
