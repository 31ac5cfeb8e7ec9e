"""The dashboard on a phone, and beside it: whatever programs are called, nothing is written over anything."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sms_consent.models import Program, Tally

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "The weekly letter of offers and news, and of everything else that a name may tel"
WORDS = """() => [...document.querySelectorAll(".picture svg text, .picture .words span")]
    .map(it => [it.textContent, it.getBoundingClientRect()])
    .map(([said, at]) => [said, at.left, at.top, at.right, at.bottom])"""


@pytest.fixture
def busy(programs: dict[str, Program]) -> None:
    """A month of millions."""
    Program.objects.filter(slug="email").update(name=NAME)
    days = [timezone.now().date() - timedelta(days=number) for number in range(30)]
    acts = (("sms", "granted", "sign_up"), ("email", "requested", "sign_up"), ("email", "withdrawn", "one_click"))
    Tally.objects.bulk_create(
        Tally(day=day, program=programs[slug], act=act, source=source, language="en", count=1_234_567)
        for day in days
        for slug, act, source in acts
    )


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1100])
def test_nothing_is_written_over_anything(width: int, scheme: str, browser: Any, live_server: Any) -> None:
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss@example.com"))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.add_cookies([{"name": "sessionid", "value": boss.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/desk/")
    words = page.evaluate(WORDS)
    assert any(NAME in said for said, *_ in words)
    assert [said for said, left, _, right, _ in words if left < 0 or right > width] == []
    assert [(one[0], other[0]) for one, other in combinations(words, 2) if overlap(one[1:], other[1:])] == []


def overlap(one: list[float], other: list[float]) -> bool:
    """Whether two boxes (left, top, right, bottom) share more than the edge that rounding gives them."""
    left, top, right, bottom = (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
    return right - left > 1 and bottom - top > 1
