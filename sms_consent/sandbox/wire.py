"""HTTP/1.1 as bytes: reading a request, writing a reply. Lean, because benchmarks push thousands a second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qs

MAX_LINE = 65_536
MAX_HEADERS = 100
# Read whole, so that a client hears its 413; what is larger still is cut off.
MAX_BODY = 16 * 1024 * 1024


class BadRequestError(Exception):
    """What came is not HTTP that we speak; the connection ends."""


@dataclass
class Request:
    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes = b""

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query, with `phone[]=` and `phone=` alike."""
        values: dict[str, list[str]] = {}
        for name, found in parse_qs(self.query_string, keep_blank_values=True).items():
            values.setdefault(name.removesuffix("[]"), []).extend(found)
        return values

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of_json(cls, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return cls(status, json.dumps(body).encode(), headers or {})

    def encode(self, *, with_body: bool = True) -> bytes:
        """Return head and body as one block: two writes would wait 40 ms for a delayed ACK."""
        fields = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Cache-Control": "no-store",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        return head + self.body if with_body else head


def read_request(stream: BinaryIO, interim: BinaryIO) -> Request | None:
    """Read one request; None where the other side has closed. `interim` takes a 100 Continue."""
    line = stream.readline(MAX_LINE + 1)
    if not line:
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError:
        raise BadRequestError("no request line") from None
    if not version.startswith("HTTP/1."):
        raise BadRequestError("unknown protocol")
    path, _, query = target.partition("?")
    request = Request(method, path, query, _read_headers(stream))
    if "transfer-encoding" in request.headers:
        raise BadRequestError("send a Content-Length")
    if request.headers.get("expect", "").lower() == "100-continue":
        interim.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = stream.read(_content_length(request.headers))
    return request


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = stream.readline(MAX_LINE + 1)
        if line in (b"\r\n", b"\n", b""):
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise BadRequestError("too many headers")


def _content_length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit() or int(text) > MAX_BODY:
        raise BadRequestError("bad length")
    return int(text)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
