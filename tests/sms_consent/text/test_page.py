"""What visitors see of keywords: every way to text the word, with what they agree to beside it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import segno
from django.test import Client
from django.urls import reverse

from sms_consent.models import Disclosure, Keyword, Program

pytestmark = pytest.mark.usefixtures("programs")


def cards(client: Client, path: str = "/text/") -> list[str]:
    page = html.unescape(client.get(path).content.decode())
    return re.findall(r'<section class="card keyword">.*?</section>', page, re.DOTALL)


def modules(svg: str) -> set[tuple[int, int]]:
    """Read the dark modules (column, row) back from the horizontal strokes that a code is drawn with."""
    strokes = re.search(r'class="qrline"[^>]* d="([^"]+)"', svg)
    assert strokes
    dark: set[tuple[int, int]] = set()
    column, row = 0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?\d+)(?: (-?[\d.]+))?", strokes[1]):
        if command == "h":
            dark |= {(column + step, int(row)) for step in range(int(first))}
        column, row = (0, 0.0) if command == "M" else (column, row)
        column, row = column + int(first), row + float(second or 0)
    return dark


def test_start_is_advertised_with_number_word_and_words_and_unstop_as_the_same(client: Client) -> None:
    (card,) = cards(client)
    words = Disclosure.objects.get(door="keyword")
    assert "Text <strong>START</strong> to" in card
    assert "+1 202-555-0100" in card
    assert 'href="sms:+12025550100?&body=START"' in card
    assert '<a href="sms:+12025550100?&body=UNSTOP">UNSTOP</a> does the same.' in card
    assert "By texting this word to this number I agree" in words.words
    assert re.sub("<[^>]+>", "", card).count(words.words.split(" See our")[0]) == 1
    assert 'href="http://testserver/terms/"' in card
    assert 'href="http://testserver/privacy/"' in card


@pytest.mark.parametrize("change", [{"number": "+12025550101"}, {"incentive": "10 % off"}, {"asks_confirmation": True}])
def test_a_word_that_comes_to_something_else_stands_apart(client: Client, change: dict[str, Any]) -> None:
    Keyword.objects.filter(word="unstop").update(**change)
    start, unstop = cards(client)
    assert "body=UNSTOP" not in start
    assert "Text <strong>UNSTOP</strong> to" in unstop


def test_a_word_of_ones_own_shows_its_incentive_and_has_a_page_to_share(client: Client, spring: Keyword) -> None:
    for path in ("/text/spring24/", "/text/SPRING24/"):
        (card,) = cards(client, path)
        assert "10 % off your first order" in card
        assert 'href="sms:55512?&body=SPRING24"' in card
    assert len(cards(client)) == 2


def test_one_word_on_two_numbers_has_one_page(client: Client, spring: Keyword) -> None:
    Keyword.objects.filter(pk=spring.pk).update(word="start")
    assert len(cards(client, "/text/start/")) == 2


def test_a_word_that_asks_for_confirmation_says_so(client: Client, spring: Keyword) -> None:
    assert "until you reply Y" not in cards(client, "/text/spring24/")[0]
    Keyword.objects.filter(pk=spring.pk).update(asks_confirmation=True)
    assert "until you reply Y" in cards(client, "/text/spring24/")[0]


@pytest.mark.parametrize("word", ["start", "spring24"])
def test_the_code_carries_exactly_the_link(client: Client, spring: Keyword, word: str) -> None:
    keyword = Keyword.objects.get(word=word)
    (image,) = re.findall(r'<img class="qr" src="([^"]+)"', cards(client, f"/text/{word}/")[0])
    answer = client.get(image)
    expected = segno.make_qr(keyword.sms_link, error="m").matrix
    border = 4
    dark = {(x + border, y + border) for y, row in enumerate(expected) for x, module in enumerate(row) if module}
    assert answer["Content-Type"] == "image/svg+xml"
    assert modules(answer.content.decode()) == dark
    other = client.get(f"/text/qr/{Keyword.objects.get(word='unstop').pk}.svg")
    assert modules(answer.content.decode()) != modules(other.content.decode())


@pytest.mark.parametrize("word", ["café", "старт", "スタート", "a&b", "ok'd"])
def test_a_word_in_any_alphabet_has_a_page_and_a_link(client: Client, spring: Keyword, word: str) -> None:
    spring.word = word
    spring.full_clean()
    spring.save()
    (card,) = cards(client, reverse("keyword", args=[spring.word]))
    assert spring.shown_word in card
    assert client.get(f"/text/qr/{spring.pk}.svg").status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"program__is_active": False}, {"meaning": "opt_out"}])
def test_what_opts_in_to_nothing_is_not_advertised(client: Client, spring: Keyword, change: dict[str, Any]) -> None:
    if "program__is_active" in change:
        Program.objects.update(is_active=False)
    else:
        Keyword.objects.filter(pk=spring.pk).update(**change)
    assert "SPRING24" not in client.get("/text/").content.decode()
    assert client.get("/text/spring24/").status_code == 404
    assert client.get(f"/text/qr/{spring.pk}.svg").status_code == 404


def test_without_words_the_page_says_so_and_leads_to_the_sign_up(client: Client) -> None:
    Keyword.objects.update(is_active=False)
    page = client.get("/text/")
    assert page.status_code == 200
    assert "There is no word to text right now" in page.content.decode()
    assert 'href="/accounts/signup/"' in page.content.decode()


@pytest.mark.parametrize("word", ["nothing", "%00", "%F0%9F%92%9C", "a" * 5000, "st op", "..%2F"])
def test_what_is_no_word_is_not_found(client: Client, word: str) -> None:
    assert client.get(f"/text/{word}/").status_code == 404


def test_the_pages_are_for_reading_only_and_make_no_session(client: Client, spring: Keyword) -> None:
    for path in ("/text/", "/text/spring24/", f"/text/qr/{spring.pk}.svg"):
        assert client.post(path).status_code == 405
        assert client.head(path).status_code == 200
    assert not client.cookies


def test_every_page_leads_there(client: Client) -> None:
    assert 'href="/text/"' in client.get("/").content.decode()
