"""The language of a page: the address comes before the cookie, the cookie before the browser; caches are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format

from optin_site.languages import in_this_language
from tests import catalogs

pytestmark = pytest.mark.usefixtures("programs")

HTML = re.compile(r'<html lang="(\w+)"(?: dir="(\w+)")?>')


def shown(page: Any) -> tuple[str, str]:
    """Return the language of a page and its direction, which is left to right where it says none."""
    found = HTML.search(page.content.decode())
    assert found
    return found[1], found[2] or "ltr"


def test_the_browsers_language_is_shown(client: Client) -> None:
    page = client.get("/", headers={"Accept-Language": "de-AT, de;q=0.9, en;q=0.5"})
    assert shown(page) == ("de", "ltr")
    assert page["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(page["Vary"].split(", "))
    assert settings.LANGUAGE_COOKIE_NAME not in page.cookies


def test_arabic_is_read_from_right_to_left(client: Client) -> None:
    assert shown(client.get("/", headers={"Accept-Language": "ar"})) == ("ar", "rtl")


def test_a_language_that_we_do_not_speak_is_answered_in_english(client: Client) -> None:
    assert shown(client.get("/", headers={"Accept-Language": "tlh"})) == ("en", "ltr")


def test_the_address_names_the_language_and_a_cookie_remembers_it(client: Client) -> None:
    page = client.get("/terms/?lang=es-MX", headers={"Accept-Language": "de"})
    assert shown(page)[0] == "es"
    cookie = page.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("es", True, "Lax")
    assert shown(client.get("/", headers={"Accept-Language": "de"}))[0] == "es"
    assert shown(client.get("/?lang=fr"))[0] == "fr"


@pytest.mark.parametrize("nonsense", ["", "xx", "../../etc", "e" * 5000, "%00", "en%0d%0aSet-Cookie:x"])
def test_nonsense_in_the_address_is_nothing(client: Client, nonsense: str) -> None:
    page = client.get(f"/?lang={nonsense}", headers={"Accept-Language": "fr"})
    assert shown(page)[0] == "fr"
    assert settings.LANGUAGE_COOKIE_NAME not in page.cookies


def test_every_page_links_to_itself_in_the_other_languages(client: Client) -> None:
    page = client.get("/?c=spring&lang=de").content.decode()
    links = dict(re.findall(r'<a href="([^"]+)" lang="(\w+)"', page))
    assert set(links.values()) == {code for code, _ in settings.LANGUAGES}
    assert all("c=spring" in link and link.count("lang=") == 1 for link in links)
    assert re.search(r'lang="de" hreflang="de" aria-current="true">Deutsch<', page)


def test_where_there_is_one_language_there_is_nothing_to_choose(client: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English")]
    assert '<a href="?lang=' not in client.get("/").content.decode()


def test_search_engines_are_told_of_each_language_of_the_sign_up(client: Client) -> None:
    alternates = dict(re.findall(r'hreflang="([\w-]+)" href="([^"]+)"', client.get("/").content.decode()))
    assert set(alternates) == {"en", *catalogs.TRANSLATED, "x-default"}
    assert alternates["ar"] == f"{settings.SITE_URL}/?lang=ar"
    assert alternates["x-default"] == f"{settings.SITE_URL}/"


def test_the_admin_stays_english(admin_client: Client) -> None:
    page = admin_client.get("/admin/?lang=es", headers={"Accept-Language": "es"})
    assert page["Content-Language"] == "en"
    assert "Consent desk" in page.content.decode()


def test_the_frame_keeps_its_language_without_a_cookie(settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    answer = Client().get("/embed/phone/sent/?program=sms&lang=ar")
    assert 'lang="ar" dir="rtl"' in answer.content.decode()


def test_an_address_for_a_mail_opens_in_its_language() -> None:
    assert in_this_language("https://example.com/confirm/x/") == "https://example.com/confirm/x/?lang=en"


def test_years_are_counted_as_each_language_counts(client: Client, settings: Any) -> None:
    settings.EVIDENCE_YEARS, settings.OPT_OUT_YEARS = 2, 11
    arabic = client.get("/privacy/?lang=ar").content.decode()
    assert "سنتان بعد" in arabic
    assert "11 سنة" in arabic
    settings.EVIDENCE_YEARS = 1
    assert "1 Jahr, nachdem" in client.get("/privacy/?lang=de").content.decode()
    settings.EVIDENCE_YEARS = 5
    assert "5 سنوات" in client.get("/privacy/?lang=ar").content.decode()


def test_what_cannot_be_read_is_refused_in_the_browsers_language(client: Client) -> None:
    """Nothing has chosen a language yet, and the thread may have served another before."""
    client.get("/?lang=ar")
    form = "application/x-www-form-urlencoded; charset=utf-7"
    refused = Client(headers={"accept-language": "de"}).post("/", b"email=x", content_type=form)
    assert (refused.status_code, shown(refused)) == (415, ("de", "ltr"))
    assert "Das konnten wir nicht lesen" in refused.content.decode()


WRITTEN = {
    "en": ("Nov. 3, 2026", "Nov. 3, 2026, 2:05 p.m."),
    "es": ("3 de noviembre de 2026", "3 de noviembre de 2026 a las 14:05"),
    "fr": ("3 novembre 2026", "3 novembre 2026 14:05"),
    "de": ("3. November 2026", "3. November 2026 14:05"),
    "ar": ("3 نوفمبر، 2026", "3 نوفمبر، 2026، 14:05"),
}


@pytest.mark.parametrize("language", WRITTEN)
def test_dates_are_written_as_each_language_writes_them(language: str) -> None:
    at = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)
    with translation.override(language):
        assert (date_format(at, "DATE_FORMAT"), date_format(at, "DATETIME_FORMAT")) == WRITTEN[language]


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_a_number_that_is_none_is_named_in_the_visitors_language(client: Client, language: str) -> None:
    client.get(f"/?lang={language}")
    page = client.post("/phone/", {"phone": "12"}).content.decode()
    assert "+1 201-555-0123" in page
    assert "Enter a valid" not in page


@pytest.mark.parametrize("path", ["/terms/", "/privacy/"])
def test_the_brands_address_keeps_its_order_in_arabic(client: Client, path: str) -> None:
    page = client.get(f"{path}?lang=ar").content.decode()
    address = re.escape(settings.BRAND_ADDRESS)
    assert len(re.findall(rf"<bdi>[^<]*{address}</bdi>", page)) == len(re.findall(address, page)) == 2
