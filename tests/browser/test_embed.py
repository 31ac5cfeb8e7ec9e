"""The phone form on a page of another site, in a real browser: framed where it may be, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sms_consent.models import ConsentRecord, Program
from tests.people import ALICES_PHONE, standing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Shop:
    """Somebody else's site: one page, on another port and under another name, so that it is another site."""

    def __init__(self) -> None:
        self.body = ""
        shop = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 - the library's name
                body = f"<!doctype html><title>Shop</title><h1>Shop</h1>{shop.body}<p>Below</p>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.origin = f"http://localhost:{self.server.server_port}"


@pytest.fixture
def shop(settings: Any, programs: dict[str, Program]) -> Iterator[Shop]:
    """A shop that may show the form."""
    found = Shop()
    settings.EMBED_ORIGINS = [found.origin]
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def with_script(live_server: Any) -> str:
    return f'<script src="{live_server.url}/static/js/embed.js" data-program="sms"></script>'


def opened(browser: Any, shop: Shop, **options: Any) -> Any:
    page = browser.new_context(viewport={"width": 320, "height": 700}, **options).new_page()
    page.set_default_timeout(10_000)
    page.goto(shop.origin)
    return page


def fill_in(page: Any) -> Any:
    """Fill in the form in the frame; return the frame."""
    frame = page.frame_locator("iframe")
    frame.locator("[name=phone]").fill("(202) 555-0101")
    frame.locator("button").click()
    frame.locator("h1", has_text="What happens next").wait_for()
    return frame


def test_one_line_puts_the_form_on_another_site(browser: Any, live_server: Any, shop: Shop) -> None:
    shop.body = with_script(live_server)
    page = opened(browser, shop)
    fill_in(page)
    assert page.url.startswith(shop.origin)
    assert standing(ALICES_PHONE, "sms") == "pending"
    page.context.close()


def test_the_frame_stands_where_the_script_does_and_is_as_high_as_its_content(
    browser: Any, live_server: Any, shop: Shop
) -> None:
    shop.body = with_script(live_server)
    page = opened(browser, shop)
    page.frame_locator("iframe").locator("[name=phone]").wait_for()
    page.wait_for_function("document.querySelector('iframe').style.height !== '40rem'")
    content = page.frames[1].evaluate("document.documentElement.scrollHeight")
    box = page.locator("iframe").bounding_box()
    assert abs(box["height"] - content) <= 1
    assert page.frames[1].evaluate("document.documentElement.scrollWidth") <= box["width"]
    assert page.locator("h1").bounding_box()["y"] < box["y"] < page.locator("p").bounding_box()["y"]
    page.context.close()


def test_mistakes_are_mended_in_the_frame_and_other_pages_open_outside_it(
    browser: Any, live_server: Any, shop: Shop
) -> None:
    shop.body = with_script(live_server)
    page = opened(browser, shop)
    frame = page.frame_locator("iframe")
    frame.locator("[name=phone]").fill("12")
    frame.locator("button").click()
    frame.locator(".error-summary a").click()
    assert frame.locator("[name=phone]").evaluate("field => field === document.activeElement")
    with page.context.expect_page() as terms:
        frame.locator("a", has_text="Terms").click()
    assert terms.value.url == f"{live_server.url}/terms/"
    assert len(page.context.pages) == 2
    page.context.close()


def test_what_other_frames_say_changes_no_height(browser: Any, live_server: Any, shop: Shop) -> None:
    shop.body = with_script(live_server)
    page = opened(browser, shop)
    page.frame_locator("iframe").locator("[name=phone]").wait_for()
    page.wait_for_function("document.querySelector('iframe').style.height !== '40rem'")
    before = page.locator("iframe").bounding_box()["height"]
    page.evaluate("window.postMessage({ optinHeight: 9 }, '*')")
    page.wait_for_timeout(100)
    assert page.locator("iframe").bounding_box()["height"] == before
    page.context.close()


@pytest.mark.parametrize(("meta", "dark"), [("", False), ('<meta name="color-scheme" content="light dark">', True)])
def test_it_is_dark_only_on_a_page_that_is(browser: Any, live_server: Any, shop: Shop, meta: str, dark: bool) -> None:
    shop.body = meta + with_script(live_server)
    page = opened(browser, shop, color_scheme="dark")
    frame = fill_in(page)
    ink = frame.locator("h1").evaluate("heading => getComputedStyle(heading).color")
    assert (ink != "rgb(29, 36, 33)") is dark
    page.context.close()


def test_it_works_in_a_plain_frame_without_javascript(browser: Any, live_server: Any, shop: Shop) -> None:
    shop.body = f'<iframe src="{live_server.url}/embed/phone/" title="Texts" width="100%" height="600"></iframe>'
    page = opened(browser, shop, java_script_enabled=False)
    fill_in(page)
    assert standing(ALICES_PHONE, "sms") == "pending"
    page.context.close()


def test_a_site_that_is_not_listed_shows_nothing(browser: Any, live_server: Any, shop: Shop, settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://other.example.com"]
    shop.body = with_script(live_server)
    complaints: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(shop.origin)
    page.wait_for_load_state("networkidle")
    assert any("frame-ancestors" in complaint for complaint in complaints), complaints
    assert page.frame_locator("iframe").locator("[name=phone]").count() == 0
    context.close()


def test_the_pages_that_are_not_for_frames_are_not_framed(browser: Any, live_server: Any, shop: Shop) -> None:
    shop.body = f'<iframe src="{live_server.url}/phone/"></iframe>'
    page = opened(browser, shop)
    page.wait_for_load_state("networkidle")
    assert page.frame_locator("iframe").locator("[name=phone]").count() == 0
    page.context.close()


def test_another_site_cannot_send_the_form(browser: Any, live_server: Any, shop: Shop) -> None:
    shop.body = (
        f'<form method="post" action="{live_server.url}/embed/phone/"><input name="phone"><button>Go</button></form>'
    )
    page = opened(browser, shop)
    page.fill("[name=phone]", ALICES_PHONE)
    page.click("button")
    page.wait_for_load_state()
    assert "was not sent" in page.content()
    assert ConsentRecord.objects.count() == 0
    page.context.close()
