"""What a first visit costs and does: its weight, its shifts, and whether its HTML is what the standard asks for."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from django.test import Client
from justhtml import JustHTML

from tests.browser import places
from tests.people import Visit

MOST_BYTES = 30 * 1024
SHIFTS = """() => new Promise(done => {
  let shifted = 0;
  new PerformanceObserver(list => list.getEntries().forEach(it => shifted += it.hadRecentInput ? 0 : it.value))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(shifted), 500);
})"""


def weight(response: Any) -> int:
    """Return what a body weighs as it comes: compressed if it was, otherwise as whoever is in front compresses it."""
    body = response.body()
    return len(gzip.compress(body, 6)) if re.match(r"text/|image/svg", response.headers["content-type"]) else len(body)


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", places.SIMPLE)
@pytest.mark.parametrize("width", [320, 1280])
def test_a_first_load_is_light_and_nothing_moves(
    path: str, width: int, browser: Any, live_server: Any, programs: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=live_server.url)
    page, answers = context.new_page(), []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(path, wait_until="networkidle")
    assert page.evaluate(SHIFTS) == 0
    assert {path} < {answer.url.removeprefix(live_server.url) for answer in answers}
    assert sum(weight(answer) for answer in answers) <= MOST_BYTES
    context.close()


def test_the_page_comes_compressed(client: Client, programs: Any) -> None:
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < len(gzip.decompress(answer.content)) / 2


@pytest.mark.django_db
def test_the_html_of_every_page_is_valid(visit: Visit, settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    visitor = visit()
    places.sign_alice_up(visitor)
    pages = {path: visitor.client.get(path) for path in places.of_alice(visitor)}
    for path in places.of_everyone(visitor):
        settings.DEBUG = path == "/patterns/"  # with it, Django has pages of its own for errors
        pages[path] = Client().get(path)
    pages |= {"wrong": Client().post("/", {"email": "alice", "phone": "12", "program_sms": "on"})}
    found = {path: problems(answer.content.decode()) for path, answer in pages.items()}
    assert {path: said for path, said in found.items() if said} == {}


def problems(html: str) -> list[str]:
    """Return what the parser calls an error, ids that are there twice, and references to none."""
    said = [f"{error.line}: {error.code}" for error in JustHTML(html, collect_errors=True, sanitize=False).errors]
    ids = re.findall(r'\sid="([^"]+)"', html)
    named = " ".join(re.findall(r'\s(?:for|aria-describedby|aria-labelledby)="([^"]+)"', html)).split()
    said += [f"twice: {name}" for name in sorted({name for name in ids if ids.count(name) > 1})]
    return said + [f"nowhere: {name}" for name in named if name not in ids]
