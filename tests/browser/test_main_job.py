"""The main job in a real browser: sign up, watch the profile appear, press the button in the mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from sms_consent.models import ConsentRecord, Program
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Any, live_server: Any) -> Iterator[Any]:
    """A tab of somebody with a small phone. Whatever the browser complains about fails the test."""
    context = browser.new_context(viewport={"width": 320, "height": 700}, base_url=live_server.url)
    tab = context.new_page()
    tab.set_default_timeout(10_000)
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []


def sign_up(page: Any) -> None:
    page.goto("/")
    page.fill("[name=email]", ALICE)
    page.fill("[name=phone]", "(202) 555-0101")
    page.check("[name=program_sms]")
    page.check("[name=program_email]")
    page.click("main button[type=submit]")
    page.wait_for_url("**/welcome/")


def test_a_sign_up_reaches_braze(
    page: Any, programs: dict[str, Program], sandbox: Sandbox, deliver: Callable[[], int]
) -> None:
    sign_up(page)
    assert deliver() == 0
    profile = sandbox.world.profile(User.objects.get().external_id)
    assert (profile.phone, profile.states, profile.email) == (ALICES_PHONE, {SMS: SUBSCRIBED}, None)

    call_command("send_mail", "--once")
    page.goto(re.search(r"http\S+/confirm/\S+", sandbox.world.mails[0].text)[0])
    page.click("button[value=confirm]")
    page.wait_for_load_state()
    assert deliver() == 0
    assert (profile.email, profile.email_subscribe, profile.states[EMAIL]) == (ALICE, "opted_in", SUBSCRIBED)


def test_a_double_click_signs_up_once(page: Any, programs: dict[str, Program], sandbox: Sandbox) -> None:
    page.goto("/")
    page.fill("[name=email]", ALICE)
    page.check("[name=program_email]")
    page.dblclick("main button[type=submit]")
    page.wait_for_url("**/welcome/")
    assert User.objects.count() == 1
    assert ConsentRecord.objects.count() == 1


def test_errors_stand_beside_the_field_and_get_the_focus(
    page: Any, programs: dict[str, Program], sandbox: Sandbox
) -> None:
    page.goto("/")
    page.fill("[name=email]", ALICE)
    page.fill("[name=phone]", "12")
    page.check("[name=program_sms]")
    page.click("main button[type=submit]")
    field = page.locator("[name=phone]")
    assert field.get_attribute("aria-invalid") == "true"
    described = [page.locator(f"#{name}").inner_text() for name in field.get_attribute("aria-describedby").split()]
    assert any("+1 201-555-0123" in words for words in described)
    assert User.objects.count() == 0


def test_works_without_javascript(
    browser: Any, live_server: Any, programs: dict[str, Program], sandbox: Sandbox
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    sign_up(context.new_page())
    context.close()
    assert ConsentRecord.objects.count() == 2


def test_who_is_quick_is_not_taken_for_a_program(
    page: Any, programs: dict[str, Program], sandbox: Sandbox, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    page.goto("/phone/")
    page.fill("[name=phone]", "(202) 555-0101")
    page.press("[name=phone]", "Enter")
    page.wait_for_url("**/phone/sent/**")
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize(
    "path", ["/", "/welcome/", "/text/", "/phone/", "/phone/sent/", "/terms/", "/privacy/", "/accounts/login/"]
)
def test_nothing_is_wider_than_a_small_phone(
    page: Any, path: str, programs: dict[str, Program], sandbox: Sandbox
) -> None:
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
