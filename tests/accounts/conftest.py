"""Alice, who has signed up."""

from __future__ import annotations

import pytest

from tests.people import ALICE, ALICES_PHONE, Visit, Visitor


@pytest.fixture
def alice(visit: Visit) -> Visitor:
    """Alice has signed up with both boxes and has her mail."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    return visitor
