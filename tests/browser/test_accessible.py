"""axe finds nothing on any page, in any language, in light and in dark; no page asks anybody else for anything."""

from __future__ import annotations

from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as site
from django.test import Client

from accounts.models import User
from tests.browser import places
from tests.browser.places import Places
from tests.people import Visit

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

VISITORS = (places.of_everyone, places.of_alice)
LANGUAGES = [code for code, _ in site.LANGUAGES]

# Without "preload" axe takes styles as they are, and does not ask for the admin's once more. The one rule left out is
# broken by Django's own tables of inlines, whose first column has no heading.
OPTIONS = {"resultTypes": ["violations"], "preload": False, "rules": {"empty-table-header": {"enabled": False}}}


def complaints(page: Any) -> list[str]:
    """Return what axe says: rule and element."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{it['id']}: {node['html'][:150]} {node['failureSummary']}" for it in found for node in it["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("whose", "language"), [*product(VISITORS, LANGUAGES), (places.of_staff, "en")])
def test_axe_finds_nothing(
    whose: Places, language: str, scheme: str, browser: Any, live_server: Any, visit: Visit, settings: Any
) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    visitor = visit()
    places.sign_alice_up(visitor)
    client = visitor.client if whose is places.of_alice else Client()
    if whose is places.of_staff:
        client.force_login(User.objects.create_superuser("boss@example.com"))
    context = browser.new_context(base_url=live_server.url, color_scheme=scheme, locale=language)
    if "sessionid" in client.cookies:
        context.add_cookies([places.cookie_of(client, live_server.url)])
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    found, spoken = {}, set()
    for path in whose(visitor):
        settings.DEBUG = path == "/patterns/"  # with it, Django has pages of its own for errors
        page.goto(path)
        spoken.add((page.get_attribute("html", "lang") or "").partition("-")[0])
        if said := complaints(page):
            found[path] = said
    context.close()
    assert (found, spoken) == ({}, {language})
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(live_server.url).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/phone/"])
def test_axe_finds_nothing_where_something_is_wrong(
    path: str, scheme: str, browser: Any, live_server: Any, visit: Visit
) -> None:
    visit()
    context = browser.new_context(base_url=live_server.url, color_scheme=scheme)
    page = context.new_page()
    page.goto(path)
    page.fill("[name=phone]", "12")
    page.click("main button[type=submit]")
    page.wait_for_selector(".error-summary")
    assert complaints(page) == []
    context.close()
