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
def test_enter_sends_what_is_typed_and_a_quick_answer_leaves_it(tab, world):
    tab.get_by_label("From").fill(ANNA)
    tab.get_by_label("Text", exact=True).fill("STOP, I said")
    tab.get_by_role("button", name="HELP", exact=True).click()
    assert world.wait_until(lambda: _texted(world) == ["HELP"])
    tab.get_by_label("Text", exact=True).press("Enter")
    assert world.wait_until(lambda: _texted(world) == ["HELP", "STOP, I said"])


def _texted(world):
    return [text.body for text in world.texts(ANNA) if text.inbound]


@pytest.mark.browser
def test_any_number_texts_any_program_and_sees_both_sides(tab, world, sms):
    world.set_group("club", channel="sms", name="Club", opt_in_words=["JOIN"])
    tab.get_by_label("From").fill(ANNA)
    tab.get_by_role("combobox", name="To", exact=True).select_option("club")
    tab.get_by_role("button", name="JOIN").click()
    tab.get_by_role("log").get_by_text("Thank you, you will get our texts.").wait_for()
    tab.get_by_role("combobox", name="To", exact=True).select_option(sms)
    tab.get_by_label("Text", exact=True).fill("please stop")
    tab.get_by_role("button", name="Send", exact=True).click()
    tab.get_by_role("log").get_by_text("please stop").wait_for()
    assert [(text.group_id, text.inbound) for text in world.texts(ANNA)] == [
        ("club", True),
        ("club", False),
        (sms, True),
    ]
    assert tab.get_by_role("log").get_by_text("Thank you").count() == 0


@pytest.mark.browser
def test_words_are_given_to_a_number_by_hand(tab, world, sms):
    tab.get_by_text("Own words").click()
    tab.get_by_role("textbox", name="Opt-in").fill("join, CLUB")
    tab.get_by_label("Double opt-in").uncheck()
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text("Saved.").wait_for()
    assert world.groups[sms].opt_in_words == ["join", "CLUB"]
    assert not world.groups[sms].double_opt_in
    tab.get_by_role("textbox", name="Opt-in").fill("STOP")
    tab.get_by_role("button", name="Save").click()
    tab.get_by_text("a word has one meaning only: STOP").wait_for()


@pytest.mark.browser
def test_the_help_desk_acts_and_the_hook_is_seen(tab, sandbox, braze, world, sms, receiver):
    braze.track({"external_id": "a1", "phone": ANNA})
    tab.locator(".card").get_by_role("button", name="Help desk").click()
    tab.get_by_role("combobox", name="By", exact=True).select_option("CSV Import")
    tab.get_by_role("button", name="Unsubscribe", exact=True).click()
    tab.get_by_text("a1 is Unsubscribed").wait_for()
    tab.get_by_text(f"StateChange · Unsubscribed · {ANNA} · CSV Import").click()
    tab.get_by_text("delivered").wait_for()
    assert world.state(sms, ANNA) == "Unsubscribed"
    tab.get_by_role("button", name="Carrier block").click()
    tab.get_by_text(f"Rejection · 21610 · {ANNA}").wait_for()


@pytest.mark.browser
def test_ways_back_are_switched_by_hand(tab, sandbox, world, receiver):
    receiver.answers = [404]
    tab.get_by_role("button", name="Webhook campaigns").click()
    assert world.wait_until(lambda: sandbox.hooks.settings.campaigns)
    tab.get_by_text("Campaigns are triggered by").click()
    tab.get_by_role("checkbox", name="Dashboard").uncheck()
    assert world.wait_until(lambda: "Dashboard" not in sandbox.hooks.settings.campaign_sources)
    tab.get_by_role("button", name="Webhook campaigns").click()
    assert world.wait_until(lambda: not sandbox.hooks.settings.campaigns)  # a change would send again by itself
    world.send_text(ANNA, "hello")
    tab.get_by_role("button", name="Send again").click()
    tab.get_by_text("attempt 2").wait_for()
    assert receiver.batches() == [["hello"], ["hello"]]


@pytest.mark.browser
def test_hooks_get_into_trouble_by_hand(tab, sandbox, world, receiver):
    for trouble in ("Hooks come twice", "Hooks out of order", "Hooks are held back"):
        tab.get_by_role("button", name=trouble).click()
    hooks = sandbox.hooks
    assert world.wait_until(
        lambda: hooks.settings.hold and hooks.settings.copies == 2 and hooks.settings.order == "random"
    )
    tab.get_by_role("button", name="All well again").click()
    tab.get_by_role("button", name="All well again").wait_for(state="hidden")
    settings = hooks.settings
    assert (settings.copies, settings.order, settings.delay, settings.hold) == (1, "emitted", 0, False)


@pytest.mark.browser
def test_nothing_is_wider_than_a_small_screen(tab, braze, world, receiver):
    braze.track({"external_id": "x" * 300, "email": f"{'a' * 60}@example.com", "note": "y" * 500})
    tab.locator(".card").wait_for()
    world.send_text(ANNA, "z" * 400)
    tab.locator("#calls summary").click()
    tab.locator("#hooks summary").click()
    for panel in tab.locator("details.panel:visible > summary").all():
        panel.click()
    assert tab.evaluate("document.documentElement.scrollWidth") == 320
