"""Mail scanners that open every link in a real browser, and run what is on the page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from sms_consent.models import ConsentRecord, Subscription
from tests.browsing import chromium
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    # playwright keeps an event loop in this thread, and Django then takes each query for one inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with chromium() as launched:
        yield launched
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in (ConsentRecord, Subscription)]


def test_story_18_a_scanner_that_runs_javascript_presses_no_button(
    browser: Any, live_server: Any, visit: Visit, deliver: Deliver
) -> None:
    """Courtlistener 2180: a page that confirms, or unsubscribes, by its own script would be pressed by this."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    links = [alice.unsubscribe_link(ALICES_PHONE)]
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    links += alice.links(ALICE)
    before = rows()
    page = browser.new_context(base_url=live_server.url).new_page()
    for link in links * 3:
        assert page.goto(link).status == 200
        page.wait_for_load_state("networkidle")
        assert page.locator("main button").count() > 0
    assert rows() == before
    page.locator("button[value=confirm], button[value=all], button[value=texts]").first.click()
    page.wait_for_load_state()
    assert rows() != before
