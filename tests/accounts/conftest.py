"""Alice, who has signed up, and Pat, who works here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.staff import Clock, hire
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor
from tests.sms_consent.webhooks.events import TOKEN


@pytest.fixture
def alice(visit: Visit) -> Visitor:
    """Alice has signed up with both boxes and has her mail."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    return visitor


@pytest.fixture
def joined(alice: Visitor, deliver: Deliver) -> Visitor:
    """Alice has signed up for both, pressed the button, and Braze has her."""
    alice.press(alice.links(ALICE)[0])
    assert deliver() == 0
    return alice


@pytest.fixture
def open_hooks(settings: Any) -> None:
    """Braze may tell us what happened there."""
    settings.BRAZE_WEBHOOK_TOKEN = TOKEN


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is moved."""
    return Clock(monkeypatch)


@pytest.fixture
def pat(visit: Visit) -> Visitor:
    """A colleague who has just signed in."""
    return hire(visit)
