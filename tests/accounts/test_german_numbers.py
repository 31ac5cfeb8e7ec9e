"""DAT-6, rule 2: a German mobile number typed with its country code and without a plus is another number here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import ALICE, Visit, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


@pytest.mark.parametrize("typed", ["4917112345678", "49 171 12345678"])
def test_who_types_their_country_code_without_a_plus_subscribes_nobody_else(
    typed: str, visit: Visit, settings: Any
) -> None:
    settings.PHONE_REGIONS = ["DE"]
    visit().sign_up(ALICE, typed, "sms")
    assert standing("+494917112345678", "sms") == "none"
