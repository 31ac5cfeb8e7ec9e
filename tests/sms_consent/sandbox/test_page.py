"""The page: what is served, and what a person sees and does in a real browser."""

import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from sms_consent.sandbox import page
from tests.browsing import chromium

ANNA = "+12025550101"
FILES = sorted(Path(page.__file__).parent.glob("*.*s")) + [Path(page.__file__).parent / "index.html"]


@pytest.fixture(scope="module")
def browser():
    with chromium() as launched:
        yield launched


@pytest.fixture
def tab(browser, sandbox):
    opened = browser.new_page(viewport={"width": 320, "height": 800})
    opened.set_default_timeout(5_000)
    opened.goto(sandbox.url)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", sorted(page.FILES))
def test_every_file_is_served_under_a_strict_policy(sandbox, path):
    response = requests.get(sandbox.url + path, timeout=5)
    assert response.status_code == 200
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]


def test_head_gives_no_body(sandbox):
    response = requests.head(sandbox.url + "/page.js", timeout=5)
    assert int(response.headers["Content-Length"]) > 0
    assert response.content == b""


def test_nothing_of_it_is_fetched_from_elsewhere():
    words = "".join(file.read_text() for file in FILES)
    assert re.findall(r"(?:src|href|from|import|url)\s*[=(]?\s*[\"']?(?:https?:)?//", words) == []


def test_nothing_in_it_reads_data_as_markup():
    assert [file.name for file in FILES if "innerHTML" in file.read_text()] == []


@pytest.mark.browser
def test_shows_people_calls_and_mails_as_they_come_and_answers_a_prompt(tab, sandbox, braze, world, sms):
    tab.get_by_text("Sign up at http://127.0.0.1:8000/").wait_for()
    entry = {
        "subscription_group_id": sms,
        "subscription_state": "subscribed",
        "use_double_opt_in_logic": True,
    }
    braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [entry]})
    tab.get_by_text("SMS: asked, waiting for Y").wait_for()
    tab.get_by_role("button", name="Y", exact=True).click()
    tab.get_by_text("SMS: Subscribed").wait_for()
    assert world.state(sms, ANNA) == "Subscribed"


@pytest.mark.browser
def test_a_mail_runs_no_script_and_its_link_opens_a_new_tab(tab, sandbox):
    message = EmailMessage()
    message["Subject"] = "Hello"
    link = f"{sandbox.url}/__sandbox/groups"
    message.set_content("Hello")
    message.add_alternative(f"<a href='{link}'>Go</a><script>parent.gone = true</script>", subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as smtp:
        smtp.send_message(message, "us@example.com", ["anna@example.com"])
    tab.get_by_role("button", name="Hello").click()
    with tab.expect_popup() as popup:
        tab.frame_locator("dialog iframe").get_by_role("link", name="Go").click()
    assert popup.value.url == link
    assert tab.evaluate("window.gone") is None


@pytest.mark.browser
def test_trouble_is_made_and_ended_by_hand(tab, braze, world):
    tab.get_by_role("button", name="Braze is down").click()
    assert world.wait_until(lambda: braze.sandbox.faults.rules)
    assert braze.track({"external_id": "a1"}).status_code == 503
    tab.get_by_role("button", name="All well again").click()
    tab.get_by_role("button", name="All well again").wait_for(state="hidden")
    assert braze.track({"external_id": "a1"}).status_code == 201


@pytest.mark.browser
def test_nothing_is_wider_than_a_small_screen(tab, braze):
    braze.track({"external_id": "x" * 300, "email": f"{'a' * 60}@example.com", "note": "y" * 500})
    tab.locator(".card").wait_for()
    tab.locator("#calls summary").click()
    assert tab.evaluate("document.documentElement.scrollWidth") == 320
