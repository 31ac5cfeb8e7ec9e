"""The phone form in a frame on somebody else's page: who may show it, who may send it, and without a cookie."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from sms_consent.models import ConsentRecord, Evidence
from tests.accounts.test_same_answer import seen
from tests.people import ALICES_PHONE, hidden_fields, send_phone_form, standing

pytestmark = pytest.mark.usefixtures("programs")

SHOP, BLOG = "https://shop.example.com", "https://blog.example.com:8443"


@pytest.fixture(autouse=True)
def _sites(settings: Any) -> None:
    settings.EMBED_ORIGINS = [SHOP, BLOG]


def ancestors(answer: Any) -> list[str]:
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    return list(policy["frame-ancestors"].split())


def test_only_the_sites_that_are_listed_may_frame_it(client: Client) -> None:
    for answer in (client.get("/embed/phone/"), client.get("/embed/phone/sent/"), send_phone_form(client, "12")):
        shown = ancestors(answer)
        assert shown == ([SHOP, BLOG] if answer.wsgi_request.path.startswith("/embed/") else ["'none'"])


def test_x_frame_options_would_allow_nobody_and_is_left_out_only_there(client: Client) -> None:
    assert "X-Frame-Options" not in client.get("/embed/phone/")
    assert client.get("/phone/")["X-Frame-Options"] == "DENY"
    assert client.get("/")["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/embed/phone/", "/embed/phone/sent/"])
def test_where_no_site_is_listed_there_is_nothing_to_frame(path: str, client: Client, settings: Any) -> None:
    settings.EMBED_ORIGINS = []
    assert client.get(path).status_code == 404
    assert client.post(path, {"phone": ALICES_PHONE}).status_code == 404
    assert ConsentRecord.objects.count() == 0


def test_it_works_without_a_cookie_and_sets_none() -> None:
    page = Client(enforce_csrf_checks=True).get("/embed/phone/")
    data = hidden_fields(page.content.decode()) | {"phone": ALICES_PHONE}
    answer = Client(enforce_csrf_checks=True).post("/embed/phone/", data, headers={"origin": "http://testserver"})
    then = Client().get(answer.url)
    assert (answer.status_code, answer.url, then.status_code) == (302, "/embed/phone/sent/?program=sms", 200)
    assert [dict(one.cookies) for one in (page, answer, then)] == [{}, {}, {}]
    assert standing(ALICES_PHONE, "sms") == "pending"


@pytest.mark.parametrize("path", ["/embed/phone/", "/phone/"])
def test_a_number_is_checked_in_the_language_of_its_page_and_no_cookie_comes_of_it(path: str) -> None:
    page = Client(headers={"accept-language": "en"}).get(f"{path}?lang=es").content.decode()
    (address,) = re.findall(r'data-check="([^"]*)"', page)
    answer = Client(headers={"accept-language": "en"}).post(address, {"phone": "12"})
    assert "Escriba un" in answer.json()["error"]
    assert dict(answer.cookies) == {}


@pytest.mark.parametrize("origin", [SHOP, "https://evil.example.net", "null", "http://testserver.example.net"])
def test_another_sites_page_cannot_send_it(origin: str, client: Client) -> None:
    data = hidden_fields(client.get("/embed/phone/").content.decode()) | {"phone": ALICES_PHONE}
    answer = client.post("/embed/phone/", data, headers={"origin": origin})
    assert answer.status_code == 403
    assert ancestors(answer) == [SHOP, BLOG]
    assert ConsentRecord.objects.count() == 0


def test_the_evidence_names_the_page_and_the_site_around_it(client: Client) -> None:
    page = client.get("/embed/phone/", headers={"referer": f"{SHOP}/landing?token=secret"})
    data = hidden_fields(page.content.decode()) | {"phone": ALICES_PHONE}
    client.post("/embed/phone/", data, headers={"referer": "http://testserver/embed/phone/"})
    shown = json.loads(Evidence.objects.get().payload)
    assert (shown["page"], shown["referrer"]) == ("http://testserver/embed/phone/", SHOP)


def test_a_mistake_does_not_lose_the_site_around_it(client: Client) -> None:
    page = client.get("/embed/phone/", headers={"referer": f"{SHOP}/"})
    again = client.post("/embed/phone/", hidden_fields(page.content.decode()) | {"phone": "12"})
    client.post("/embed/phone/", hidden_fields(again.content.decode()) | {"phone": ALICES_PHONE})
    assert json.loads(Evidence.objects.get().payload)["referrer"] == SHOP


@pytest.mark.parametrize("referer", ["", "nonsense", "//", "http://[", "https://" + "x" * 5000, "about:blank"])
def test_nonsense_around_it_is_no_site(referer: str, client: Client) -> None:
    page = client.get("/embed/phone/", headers={"referer": referer})
    assert page.status_code == 200
    client.post("/embed/phone/", hidden_fields(page.content.decode()) | {"phone": ALICES_PHONE})
    assert len(json.loads(Evidence.objects.get().payload).get("referrer", "")) <= 200


def test_the_same_page_for_everyone_in_the_frame_too(client: Client) -> None:
    then = client.get(send_phone_form(client, ALICES_PHONE, "/embed/phone/").url)
    assert seen(then) == seen(Client().get("/embed/phone/sent/"))
    assert "<strong>START</strong>" in then.content.decode()
    assert '<base target="_blank">' in then.content.decode()
