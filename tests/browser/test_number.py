"""The field for numbers in a real browser: grouped as one types, checked when one leaves it; and with no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sms_consent.models import Program
from tests.people import ALICE, standing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Any, live_server: Any, programs: dict[str, Program]) -> Iterator[Any]:
    """A tab with the sign-up."""
    context = browser.new_context(viewport={"width": 320, "height": 700}, base_url=live_server.url)
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    tab.goto("/")
    yield tab
    context.close()


def value_is(page: Any, value: str) -> None:
    page.wait_for_function("value => document.querySelector('[name=phone]').value === value", arg=value)


def test_a_number_is_grouped_while_it_is_typed(page: Any) -> None:
    page.locator("[name=phone]").press_sequentially("2025550101")
    value_is(page, "(202) 555-0101")


def test_another_country_has_its_own_groups(page: Any) -> None:
    page.locator("[name=phone]").press_sequentially("07400123456")
    page.select_option("[name=phone_country]", "GB")
    value_is(page, "07400 123456")


def test_a_mistake_is_named_when_the_field_is_left_and_goes_when_it_is_mended(page: Any) -> None:
    field = page.locator("[name=phone]")
    field.press_sequentially("12")
    field.press("Tab")
    page.wait_for_selector("#id_phone_error")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby").split() == ["id_phone_error", "id_phone_hint"]
    field.fill("2025550101")
    page.wait_for_selector("#id_phone_error", state="detached")
    assert field.get_attribute("aria-describedby") == "id_phone_hint"


def test_a_mistake_goes_when_a_number_that_is_optional_is_taken_away(page: Any) -> None:
    field = page.locator("[name=phone]")
    field.press_sequentially("12")
    field.press("Tab")
    page.wait_for_selector("#id_phone_error")
    field.fill("")
    field.press("Tab")
    page.wait_for_selector("#id_phone_error", state="detached")


def test_a_country_that_is_not_served_is_named_until_another_is_chosen(page: Any) -> None:
    page.goto("/phone/")
    page.fill("[name=phone]", "07400 123456")
    page.evaluate("document.querySelector('[name=phone_country] :checked').value = 'XX'")
    page.click("main button[type=submit]")
    page.wait_for_selector("#id_phone_country_error")
    page.select_option("[name=phone_country]", "GB")
    page.wait_for_selector(".has-errors", state="detached")
    assert page.locator(".field .errors").count() == 0
    assert page.get_attribute("[name=phone_country]", "aria-describedby") is None


def test_an_answer_about_the_country_before_is_too_late(page: Any) -> None:
    late = []
    page.route(
        "**/phone/check/*",
        lambda route: late.append(route) if "country=US" in route.request.post_data else route.continue_(),
    )
    page.fill("[name=phone]", "07400 123456")
    page.press("[name=phone]", "Tab")
    with page.expect_response("**/phone/check/*"):
        page.select_option("[name=phone_country]", "GB")
    with page.expect_response("**/phone/check/*"):
        late[-1].continue_()
    page.wait_for_timeout(200)
    assert page.locator("#id_phone_error").count() == 0


def test_an_address_that_is_none_is_named_before_the_form_is_sent(page: Any) -> None:
    page.fill("[name=email]", "alice")
    page.press("[name=email]", "Tab")
    assert "valid email" in page.inner_text("#id_email_error")
    page.fill("[name=email]", ALICE)
    page.press("[name=email]", "Tab")
    page.wait_for_selector("#id_email_error", state="detached")


def test_a_message_does_not_push_the_button_away_from_under_the_finger(page: Any) -> None:
    page.fill("[name=email]", "alice")
    page.click("main button[type=submit]")
    page.wait_for_selector(".error-summary")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert page.input_value("[name=email]") == "alice"


def test_without_javascript_the_country_counts_all_the_same(browser: Any, live_server: Any, page: Any) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    plain = context.new_page()
    plain.goto("/phone/")
    plain.select_option("[name=phone_country]", "GB")
    plain.fill("[name=phone]", "07400 123456")
    plain.click("main button[type=submit]")
    plain.wait_for_url("**/phone/sent/**")
    context.close()
    assert standing("+447400123456", "sms") == "pending"


def test_whatever_is_pressed_is_44_pixels_high(page: Any) -> None:
    sizes = page.eval_on_selector_all(
        "main input:not([type=hidden], [type=checkbox], [tabindex='-1']), main select, main button, main .tick",
        "them => them.map(it => it.getBoundingClientRect()).map(at => [at.width, at.height])",
    )
    assert len(sizes) == 6
    assert all(width >= 44 and height >= 44 for width, height in sizes)
