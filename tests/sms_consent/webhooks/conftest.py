"""Hooks that are open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sms_consent.webhooks.events import TOKEN


@pytest.fixture(autouse=True)
def _hooks_are_open(settings: Any, programs: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = TOKEN
