"""What a signed-in person does in an app: see, join, change the number, leave."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import User
from sms_consent.models import ConsentRecord
from sms_consent.sandbox import Sandbox
from tests.accounts.api.app import App, wrong
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Visitor, acts, second_email_program, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


def test_it_shows_what_the_page_shows(alices: App) -> None:
    seen = alices.preferences()
    assert (seen["id"], seen["email"], seen["phone"]) == (User.objects.get().external_id, ALICE, ALICES_PHONE)
    email = next(row for row in seen["programs"] if row["program"] == "email")
    assert [(place["address"], place["state"]) for place in email["places"]] == [(ALICE, "subscribed")]
    assert email["can_be_left"]
    assert len(seen["unproven"]) == 1
    assert seen["history"][0]["words"] == "You pressed the button in the mail."


def test_the_receipt_is_where_it_says(alices: App, client: Client) -> None:
    (receipt,) = alices.preferences()["receipts"]
    answers = [client.get(urlsplit(receipt[name]).path) for name in ("url", "json_url")]
    assert [answer.headers["Content-Type"].split(";")[0] for answer in answers] == ["text/html", "application/ld+json"]


def test_joining_needs_the_words_that_were_shown(alices: App, sandbox: Sandbox) -> None:
    second_email_program(sandbox)
    (offer,) = [offer for offer in alices.preferences()["offers"] if offer["program"] == "tips"]
    refused = alices.call("PATCH", "/v1/preferences", {"programs": {"tips": "1-stale"}})
    assert wrong(refused) == {("programs.tips", "stale")}
    for _ in range(2):  # an app that has lost the answer tries again
        answer = alices.call("PATCH", "/v1/preferences", {"programs": {"tips": offer["disclosure"]}})
        assert (answer.status_code, standing(ALICE, "tips")) == (200, "subscribed")
    record = ConsentRecord.objects.get(program__slug="tips")
    assert (record.source, record.act, record.disclosure_id) == (
        "api",
        "granted",
        int(offer["disclosure"].split("-")[0]),
    )


def test_what_is_left_out_stays_as_it_is(alices: App) -> None:
    assert alices.call("PATCH", "/v1/preferences", {}).json()["phone"] == ALICES_PHONE
    assert alices.call("PATCH", "/v1/preferences", {"phone": "202-555-0102"}).json()["phone"] == BOBS_PHONE
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert alices.call("PATCH", "/v1/preferences", {"phone": ""}).json()["phone"] == ""
    assert wrong(alices.call("PATCH", "/v1/preferences", {"phone": "12"})) == {("phone", "invalid")}


@pytest.mark.parametrize(
    ("which", "left"),
    [("email", {"email"}), ("emails", {"email"}), ("sms", {"sms"}), ("texts", {"sms"}), ("all", {"sms", "email"})],
)
def test_leaving(alices: App, which: str, left: set[str]) -> None:
    answer = alices.call("DELETE", f"/v1/preferences/{which}")
    assert (answer.status_code, answer.json()) == (200, {"texts_may_still_come": "sms" in left})
    now = {
        slug for address, slug in ((ALICE, "email"), (ALICES_PHONE, "sms")) if standing(address, slug) == "unsubscribed"
    }
    assert now == left
    assert set(ConsentRecord.objects.filter(act="withdrawn").values_list("source", flat=True)) == {"api"}


def test_leaving_what_is_not_there_changes_nothing(alices: App) -> None:
    answer = alices.call("DELETE", "/v1/preferences/nothing")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert acts(ALICE, "email") == ["requested", "confirmed"]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PATCH", ""), ("DELETE", "/all")])
def test_nobody_else_gets_in(app: App, alice: Visitor, method: str, path: str) -> None:
    for app.token in ("", "x", "a" * 32, "A" * 32, "\x00", "'", "é", "x" * 5000):
        answer = app.call(method, f"/v1/preferences{path}", {})
        assert (answer.status_code, answer.json()["status"]) == (401, 401)
    assert standing(ALICE, "email") == "pending"


def test_a_browsers_cookie_is_not_a_token(alice: Visitor) -> None:
    alice.sign_in(ALICE)
    assert alice.client.get("/preferences/").status_code == 200
    assert alice.client.get("/api/v1/preferences").status_code == 401
    assert alice.client.delete("/api/v1/preferences/all").status_code == 401


def test_evidence_does_not_name_who_is_signed_in_by_a_cookie(alice: Visitor, settings: Any) -> None:
    alice.sign_in(ALICE)
    app = App()
    app.client = alice.client
    app.ask(BOBS_PHONE)
    assert ALICE not in ConsentRecord.objects.latest("pk").evidence.payload
    assert '"person"' not in ConsentRecord.objects.latest("pk").evidence.payload
