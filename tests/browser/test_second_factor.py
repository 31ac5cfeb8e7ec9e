"""A colleague sets up a second factor and signs in by it: every page on a small and a wide screen, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.accounts.staff import CHECK, CODES, NEW_CODES, PAGES, PAT, REMOVE, SET_UP, STEP, Phone, hire
from tests.browser import places
from tests.browser.test_accessible import complaints
from tests.browser.test_measured import problems
from tests.people import Visit

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_setting_it_up_and_signing_in(width: int, scheme: str, browser: Any, live_server: Any, visit: Visit) -> None:
    pat = hire(visit)
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    context.add_cookies([places.cookie_of(pat.client, live_server.url)])
    page, found = context.new_page(), {}
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    def look(name: str) -> None:
        found[name] = [*complaints(page), *problems(page.content()), *_overflow(page)]

    _set_up(page, look)
    for path in (PAGES, NEW_CODES, REMOVE, CHECK):
        page.goto(path)
        look(path)
    again = visit()
    again.sign_in(PAT)
    context.clear_cookies()
    context.add_cookies([places.cookie_of(again.client, live_server.url)])
    page.goto(STEP)
    look(STEP)
    page.fill("[name=code]", "123")
    page.click("main button.button:not(.is-text)")
    look("wrong")
    context.close()
    assert {name: it for name, it in found.items() if it} == {}
    assert said == [], "the policy refused something"


def _set_up(page: Any, look: Callable[[str], None]) -> None:
    page.goto(SET_UP)
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 0
    look(SET_UP)
    page.fill("[name=code]", Phone(page.content()).code())
    page.click("main button.button")
    assert page.url.endswith(CODES)
    assert "Your second factor is set up" in page.inner_text(".messages")
    look(CODES)


def _overflow(page: Any) -> list[str]:
    return ["too wide"] if page.evaluate(OVERFLOW) > 0 else []


def test_a_browser_that_was_left_signed_in(browser: Any, live_server: Any, visit: Visit) -> None:
    hire(visit)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 320, "height": 900})
    client = Client()
    client.force_login(places.User.objects.get(email=PAT))
    context.add_cookies([places.cookie_of(client, live_server.url)])
    page = context.new_page()
    page.goto(SET_UP)
    assert "Sign in again first" in page.inner_text("h1")
    assert (complaints(page), problems(page.content())) == ([], [])
    page.click("main button")
    assert "/accounts/login/" in page.url
    context.close()
