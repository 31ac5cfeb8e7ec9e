"""An app, and one whose owner has signed in."""

from __future__ import annotations

import pytest

from tests.accounts.api.app import App
from tests.people import ALICE, ALICES_PHONE, Visit, Visitor


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def alices(app: App, alice: Visitor) -> App:
    """Alice's app: she pressed the button in her mail, and signed in."""
    alice.press(alice.links(ALICE)[0])
    app.sign_in(ALICE, alice)
    return app


@pytest.fixture
def alice(visit: Visit) -> Visitor:
    """Alice has signed up with both boxes, on the site, and has her mail."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    return visitor
