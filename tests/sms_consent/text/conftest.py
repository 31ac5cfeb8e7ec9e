"""A word of a campaign, beside START and UNSTOP."""

from __future__ import annotations

import pytest

from sms_consent.models import Disclosure, Keyword, Program


@pytest.fixture
def spring(programs: dict[str, Program]) -> Keyword:
    """SPRING24 to a short code, on posters."""
    keyword = Keyword(
        word="SPRING24",
        number="55512",
        program=programs["sms"],
        disclosure=Disclosure.objects.get(door="keyword"),
        place="poster, till receipt",
        incentive="10 % off your first order",
        campaign="spring-24",
        position=3,
    )
    keyword.full_clean()
    keyword.save()
    return keyword
