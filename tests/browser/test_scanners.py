"""Mail scanners that open every link in a real browser, and run what is on the page."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent.models import ConsentRecord, Subscription
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
