"""The rules of delivery as a model: whatever people do and whatever goes wrong, in any order, this holds.

MODEL_EXAMPLES=2000 tries more of it than the few seconds that a test may take.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sms_consent.sandbox import Sandbox
from tests.sms_consent.delivery.machine import Life
from tests.sms_consent.delivery.moving_clock import Clock

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "6"))

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]


@pytest.fixture
def clock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(sandbox)
    monkeypatch.setattr("django.utils.timezone.now", clock.now)
    return clock


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_rules_hold_in_every_order_of_things(sandbox: Sandbox, clock: Clock, settings_of_hooks: Any) -> None:
    tries = settings(
        max_examples=EXAMPLES,
        stateful_step_count=20,
        deadline=None,
        derandomize="MODEL_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(lambda: Life(sandbox, clock), settings=tries)


@pytest.fixture
def settings_of_hooks(settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = "the-hook-token"
