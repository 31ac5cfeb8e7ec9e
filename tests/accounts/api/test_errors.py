"""Whatever goes wrong is told as JSON, in one shape; and nothing that can be sent is answered with a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.api.app import App
from tests.people import ALICE

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

POSTS = ["/v1/sign-ups", "/v1/sign-ups/mail", "/v1/phone-requests", "/auth/code/request", "/auth/code/confirm"]
NO_JSON = {
    "nothing": b" ",
    "no object": b"[1]",
    "half": b'{"email": ',
    "no text": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "a long number": b'{"email": ' + b"1" * 5000 + b"}",
    "no number": b'{"email": NaN}',
    "half a character": b'{"email": "\\ud800@example.com"}',
    "half a name": b'{"\\ud800": 1}',
    "too large": b'{"email": "' + b"x" * 600_000 + b'"}',
}


def told(answer: Any) -> Any:
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert body["status"] == answer.status_code
    assert all({"code", "message"} <= set(error) <= {"code", "message", "param"} for error in body["errors"])
    return body["status"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("what", NO_JSON)
def test_what_cannot_be_read(client: Client, path: str, what: str) -> None:
    assert told(client.post(f"/api{path}", NO_JSON[what], content_type="application/json")) == 400


@pytest.mark.parametrize("path", [*POSTS, "/v1/nowhere", "/", "/auth/nowhere"])
def test_a_form_of_another_site_is_refused_before_anything_is_read(client: Client, path: str) -> None:
    """A browser asks before it sends JSON elsewhere, and is told no; these it just sends, with its cookies."""
    body = json.dumps({"email": ALICE})
    types = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    answers = [client.post(f"/api{path}", body, content_type=kind) for kind in types]
    assert {told(answer) for answer in answers} <= {400, 404, 415}
    assert not User.objects.exists()


def test_no_other_site_may_ask(client: Client) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for method in (client.options, client.get):
        answer = method("/api/v1/offers", headers=asked)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v2/offers", 404),
        ("GET", "/v1/offers/", 404),
        ("POST", "/v1/offers", 405),
        ("DELETE", "/v1/preferences", 405),
        ("PUT", "/v1/preferences", 405),
        ("GET", "/auth/code/request", 405),
        ("GET", "/v1/preferences", 401),
    ],
)
def test_one_shape(app: App, method: str, path: str, status: int) -> None:
    assert told(app.call(method, path, {} if method != "GET" else None)) == status


def test_a_method_that_is_not_there_names_those_that_are(app: App) -> None:
    assert sorted(app.call("PUT", "/v1/preferences", {}).headers["Allow"].split(", ")) == ["GET", "PATCH"]


def test_a_charset_that_is_none_is_told_as_json_too(client: Client) -> None:
    answer = client.post("/api/v1/sign-ups", b"{}", content_type="application/json; charset=utf-7")
    assert (answer.status_code, answer.json()["status"]) == (415, 415)


def test_pages_keep_their_pages(client: Client) -> None:
    assert "<html" in client.get("/apiary").content.decode()
