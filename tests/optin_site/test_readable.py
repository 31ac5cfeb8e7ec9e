"""What cannot be read is refused, at every address, and never answered with a 500."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlparse

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from optin_site.readable import only_what_can_be_read

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
KINDS = ["text/html", FORM, MULTIPART]
PATHS = ["/", "/accounts/login/", "/admin/", "/healthz", "/nowhere/", "/static/css/site.css"]

pytestmark = pytest.mark.usefixtures("programs")


def statuses(method: str, kind: str, body: bytes = b"email=a", **headers: str) -> set[int]:
    """Send this to every path with a broken query; return how it was answered."""
    client = Client(raise_request_exception=False)
    return {
        client.generic(method, f"{path}?%FF=%00", body, content_type=kind, **headers).status_code  # type: ignore[arg-type]
        for path in PATHS
    }


@pytest.mark.parametrize(
    "charset",
    ["base64", "idna", "punycode", "raw_unicode_escape", "rot13", "undefined", "utf-16", "utf-7", '"\x00"', "nonsense"],
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_charset_that_no_form_comes_in_is_unsupported(method: str, kind: str, charset: str) -> None:
    assert statuses(method, f"{kind}; charset={charset}") == {415}


@pytest.mark.parametrize(
    "parameters",
    ["charset*=utf-8''%00", "a*=nonsense''x", "a*=undefined''%ff", "a*0*=x; a*=y", f"a*{'9' * 5000}=x"],
    ids=["nul", "unknown", "undefined", "numbered twice", "a long number"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_content_type_that_python_cannot_take_apart_is_unsupported(method: str, parameters: str) -> None:
    assert statuses(method, f"text/html; {parameters}") == {415}


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii", "ISO-8859-1", "windows-1252", ""])
def test_a_charset_of_browsers_is_read(client: Client, charset: str) -> None:
    assert client.get("/", content_type=f"text/html; charset={charset}").status_code == 200
    part = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nalice@example\r\n--b--\r\n'
    sent = client.generic("POST", "/", part, content_type=f"{MULTIPART}; charset={charset}")
    assert 'value="alice@example"' in sent.content.decode()


UNREADABLE = {
    "another charset": (f"{FORM}; charset=windows-1252", b"email=a"),
    "a megabyte": (FORM, b"email=" + b"a" * 1_000_000),
    "a megabyte in parts": (MULTIPART, b"--b\r\n\r\n" + b"a" * 1_000_000 + b"--b--"),
    "thousands of fields": (FORM, b"&".join(b"f%d=1" % number for number in range(5000))),
    "no boundary": ("multipart/form-data", b"email=a"),
    "a file": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--b--\r\n'),
    "a part's header": (MULTIPART, b"--b\r\nContent-Disposition: form-data; a*0*=x; a*=y\r\n\r\nc\r\n--b--\r\n"),
}


@pytest.mark.parametrize("form", UNREADABLE)
def test_a_form_that_cannot_be_read_is_a_bad_request(form: str) -> None:
    """Also where there is no page: Django's "not found" reads the form as well."""
    kind, body = UNREADABLE[form]
    assert statuses("POST", kind, body) == {400}
    assert statuses("POST", kind, body, HTTP_HOST="evil.example") == {400}


def test_the_refusal_says_that_nothing_was_saved(client: Client) -> None:
    answer = client.generic("POST", "/", b"a", content_type="text/html; charset=nonsense")
    assert "Nothing was saved" in answer.content.decode()


@pytest.mark.parametrize("kind", [FORM, MULTIPART])
def test_what_was_sent_can_still_be_read_as_it_came(kind: str) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nc\r\n--b--\r\n'
    request = RequestFactory().generic("POST", "/", body, content_type=kind)
    assert only_what_can_be_read(lambda request: HttpResponse(request.body))(request).content == body


@pytest.mark.parametrize("content_type", [b"text/html; charset=base64", b"text/html; charset*=utf-8''%00"])
def test_on_the_wire(live_server: Any, content_type: bytes) -> None:
    address = urlparse(live_server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as wire:
        wire.sendall(b"GET /?%FF HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ")
        wire.sendall(content_type + b"\r\n\r\n")
        assert wire.recv(4096).split()[1] == b"415"
