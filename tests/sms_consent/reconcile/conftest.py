"""Who Braze is asked about."""

from __future__ import annotations

import pytest

from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor
from tests.sms_consent.delivery.helpers import later
from tests.sms_consent.reconcile.helpers import HOUR


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice, subscribed to both, and Braze told so an hour ago."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    visitor.press(visitor.links(ALICE)[0])
    assert deliver() == 0
    later(HOUR)
    return visitor
