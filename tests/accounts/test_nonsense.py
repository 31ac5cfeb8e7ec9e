"""Nothing that a visitor can send is answered with a 500."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, urlparse

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from sms_consent import unsubscribe_links
from sms_consent.models import ConsentRecord
from tests.people import ALICE, ALICES_PHONE, Visitor, hidden_fields

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

PATHS = [
    "/",
    "/accounts/signup/",
    "/welcome/",
    "/phone/",
    "/phone/sent/",
    "/embed/phone/",
    "/confirm/x/",
    "/preferences/",
    "/preferences/email/",
    "/unsubscribe/x/",
    "/accounts/login/",
    "/accounts/login/code/confirm/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/accounts/confirm-email/",
    "/accounts/inactive/",
    "/accounts/second-factor/",
    "/accounts/second-factor/sign-in/",
    "/accounts/second-factor/set-up/",
    "/admin/login/",
    "/terms/",
    "/healthz",
]
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
BODIES = {
    "nothing": (FORM, b""),
    "nulls": (FORM, b"email=%00&phone=%00&program_sms=%00&answer=%00&leave=%00&code=%00&time_zone=%00&next=%00"),
    "raw nulls": (FORM, b"email=\x00&\x00=\x00"),
    "broken UTF-8": (FORM, b"email=%FF%FE@%C0%80.com&phone=%F0%28&program_%FF=on&code=%ED%A0%80"),
    "a megabyte in a field": (FORM, b"email=" + b"a" * 1_000_000),
    "a long field": (FORM, b"email=" + b"a" * 300_000 + b"@example.com&phone=" + b"1" * 100_000),
    "a long name": (FORM, b"a" * 300_000 + b"=1"),
    "duplicates": (FORM, b"email=a@example.com&email=b@example.com&program_sms=on&program_sms=&phone=1&phone=2"),
    "thousands of fields": (FORM, b"&".join(b"f%d=1" % number for number in range(5000))),
    "another charset": (f"{FORM}; charset=utf-16", b"email=a"),
    "no charset at all": (f"{FORM}; charset=nonsense", b"email=a"),
    "JSON": ("application/json", b'{"email": null}'),
    "broken JSON": ("application/json", b'{"email": '),
    "XML": ("text/xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    "no type": ("", b"email=a"),
    "multipart without a boundary": ("multipart/form-data", b"email=a"),
    "multipart that ends early": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\na'),
    "multipart nonsense": (MULTIPART, b"--b\r\n\x00\xff\r\n--b--"),
    "multipart, bad base64": (
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="email"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--',
    ),
    "a file": (
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="email"; filename="../\x00x"\r\n\r\na\r\n--b--\r\n',
    ),
}


@pytest.fixture(autouse=True)
def _framed(settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]


@pytest.fixture
def stranger() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def member(visit: Callable[[], Visitor]) -> Client:
    """Somebody who is signed in."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)
    alice.client.raise_request_exception = False
    return alice.client


@pytest.mark.parametrize("body", BODIES)
def test_any_body(stranger: Client, body: str) -> None:
    kind, data = BODIES[body]
    answers = {path: stranger.generic("POST", path, data, content_type=kind).status_code for path in PATHS}
    assert {path: status for path, status in answers.items() if status >= 500} == {}


def test_any_body_from_a_member(member: Client) -> None:
    mine = unsubscribe_links.of_person(User.objects.get().external_id)
    answers = {
        (name, path): member.generic("POST", path, data, content_type=kind)
        for name, (kind, data) in BODIES.items()
        for path in ("/preferences/", "/preferences/email/", mine)
    }
    assert {name for name, answer in answers.items() if answer.status_code >= 500} == set()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO", "get"])
def test_any_method(stranger: Client, method: str) -> None:
    answers = [stranger.generic(method, path, b"email=a", content_type=FORM).status_code for path in PATHS]
    assert max(answers) < 500


@pytest.mark.parametrize(
    "path",
    [
        "/%FF/",
        "/confirm/%00/",
        "/confirm/%FF%FE/",
        "/confirm/%ED%A0%80/",
        "/confirm/" + "x" * 8000 + "/",
        "/confirm/..%2F..%2Fetc/",
        "/confirm/%0d%0aSet-Cookie:a=b/",
        "/?%FF=%00",
        "/accounts/login/?next=%00&next=%FF",
        "/accounts/login/?next=http://[",
        "/preferences/?next=%ED%A0%80",
        "//evil.example/%2F..",
        "/static/%00",
        "/static/..%2f..%2fmanage.py",
    ],
)
def test_any_address(stranger: Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert stranger.generic(method, path).status_code < 500


HEADERS = {
    "HTTP_USER_AGENT": "\xff\xfe\x00" + "x" * 5000,
    "HTTP_ACCEPT_LANGUAGE": "\xff\xfe, en;q=nan, " + "a-" * 5000,
    "HTTP_REFERER": "http://[\xff",
    "HTTP_COOKIE": "sessionid=\xff; csrftoken=\x00; messages=\xff; welcome=\xff; django_language=\xff",
    "HTTP_X_FORWARDED_FOR": "\xff, \x00, 1.2.3.4:x, [::1",
    "HTTP_ORIGIN": "http://[",
    "HTTP_X_FORWARDED_PROTO": "\xff",
    "HTTP_ACCEPT": "\xff/\x00",
    "REMOTE_ADDR": "",
}


@pytest.mark.parametrize("name", HEADERS)
def test_any_header(stranger: Client, settings: Any, name: str) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    header = {name: HEADERS[name]}
    form = hidden_fields(stranger.get("/").content.decode()) | {"email": ALICE, "program_email": "on"}
    statuses = [stranger.get(path, **header).status_code for path in PATHS]  # type: ignore[arg-type]
    assert max(statuses) < 500
    assert stranger.post("/", form, **header).status_code == 302  # type: ignore[arg-type]
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize("value", ['"\\000abcdefgh"', "a" * 5000, '"\\377\\376abcdefg"', "' OR 1=1 --"])
def test_any_session_cookie(stranger: Client, value: str) -> None:
    header = {"HTTP_COOKIE": f"sessionid={value}; messages={value}; welcome={value}; csrftoken={value}"}
    for path in PATHS:
        assert stranger.get(path, **header).status_code < 500  # type: ignore[arg-type]
        assert stranger.post(path, **header).status_code < 500  # type: ignore[arg-type]


def test_a_file_is_refused_before_it_is_kept(stranger: Client) -> None:
    kind, data = BODIES["a file"]
    assert stranger.generic("POST", "/", data, content_type=kind).status_code == 400


NAMES = [
    "email",
    "phone",
    "program_sms",
    "program_email",
    "disclosure_sms",
    "time_zone",
    "answer",
    "leave",
    "code",
    "x",
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["on", ALICE, ALICES_PHONE, "\x00", "all", "sms", "a@ß.de", "+1" * 20, "٣" * 11, "+12025550101;ext=1"]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), fields=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8))
def test_any_form(stranger: Client, member: Client, path: str, fields: list[tuple[str, str]]) -> None:
    hidden = hidden_fields(stranger.get("/").content.decode())
    pairs = [*hidden.items(), *fields]
    body = "&".join(f"{name}={quote_plus(value.encode(errors='surrogatepass'))}" for name, value in pairs)
    for client in (stranger, member) if path == "/preferences/" else (stranger,):
        assert client.generic("POST", path, body.encode(), content_type=FORM).status_code < 500


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \xff\xfe\r\n"
        b"Cookie: sessionid=\xff\r\nConnection: close\r\n\r\n",
        b"GET /confirm/\xff\xfe/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=\xff\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
    ],
    ids=["headers", "path", "host", "multipart", "length"],
)
def test_any_bytes_on_the_wire(live_server: Any, request_bytes: bytes) -> None:
    address = urlparse(live_server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as wire:
        wire.sendall(request_bytes)
        status = wire.recv(4096).split()[1]
    assert status in (b"200", b"400", b"403", b"404")
    assert User.objects.count() == 0
