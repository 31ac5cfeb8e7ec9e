"""The site as it is in every row: default programs, Braze at hand, hooks open."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sms_consent.sandbox import Sandbox
from tests.requirements.phones import OUR_TOKEN
from tests.sms_consent.webhooks.events import TOKEN


@pytest.fixture(autouse=True)
def _hooks_are_open(programs: Any, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = TOKEN


@pytest.fixture
def we_answer(settings: Any) -> None:
    """The number is the brand's own, and the site answers what is texted to it."""
    settings.TWILIO_AUTH_TOKEN, settings.TEXT_REPLIES = OUR_TOKEN, True


@pytest.fixture
def staff(db: None) -> Client:
    """The browser of somebody who may do everything in the admin."""
    client = Client()
    client.force_login(User.objects.create_superuser("agent@example.com"))
    return client
