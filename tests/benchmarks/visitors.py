"""People who sign up: an email address and a fictional number each, over a socket."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from urllib.parse import urlencode

import phonenumbers

FORWARDED_FOR = "203.0.113.7"  # reserved for documentation
PATIENCE = 60.0  # seconds
MOST = 3_810_000  # people in a crowd
HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Visitor:
    """Whom nobody knows yet."""

    email: str
    phone: str


def fictional_numbers() -> list[str]:
    """Return 555-0100 to 555-0199 of every US area code that libphonenumber takes: 38,100 numbers."""
    codes = [code for code in range(200, 1000) if _is_american(f"+1{code}5550100")]
    return [f"+1{code}555{last:04}" for last in range(100, 200) for code in codes]


def _is_american(number: str) -> bool:
    parsed = phonenumbers.parse(number)
    return phonenumbers.is_valid_number(parsed) and phonenumbers.region_code_for_number(parsed) == "US"


def strangers() -> Iterator[Visitor]:
    """Yield people without end; numbers are used again only when all were given out. Safe among threads."""
    numbers = fictional_numbers()
    return map(partial(_stranger, numbers), count())


def crowd(count: int) -> Iterator[Visitor]:
    """Yield so many people of whom no two share a number: any 555 number, for a sandbox on this machine alone."""
    codes = [number[:5] for number in fictional_numbers()[:381]]
    for n in range(count):
        yield Visitor(f"visitor{n}@example.com", f"{codes[n % len(codes)]}555{n // len(codes):04}")


def _stranger(numbers: list[str], n: int) -> Visitor:
    return Visitor(f"visitor{n}@example.com", numbers[n % len(numbers)])


@dataclass(frozen=True)
class Answer:
    """When a sign-up was sent, and when the first byte of its answer was there (seconds since 1970)."""

    visitor: Visitor
    sent_at: float
    answered_at: float


class Browser:
    """Opens the sign-up once, then sends it again and again: same token and hidden fields, both boxes ticked.

    `path` and `email`: where somebody else's form is, and what its field for the address is called.
    Speaks HTTP over plain sockets, a connection a request, so that the client takes little of the machine.
    The site runs as behind a proxy that ends TLS.
    """

    def __init__(self, address: tuple[str, int], path: str = "/", *, email: str = "email") -> None:
        self._address, self._path, self._email = address, path, email
        self._headers = {
            "Host": f"{address[0]}:{address[1]}",
            "Origin": f"https://{address[0]}:{address[1]}",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": FORWARDED_FOR,
            "User-Agent": "Mozilla/5.0 (benchmark)",
            "Accept-Language": "en",
            "Connection": "close",
        }
        page = self._exchange("GET")[1].decode()
        self._fields = hidden_fields(page) | {"program_sms": "on", "program_email": "on"}
        self._headers["Cookie"] = re.findall(r"(?im)^set-cookie: (csrftoken=[^;]+)", page)[0]

    def sign_up(self, visitor: Visitor) -> Answer:
        """Send one sign-up; raises RuntimeError unless it was taken."""
        body = urlencode(self._fields | {self._email: visitor.email, "phone": visitor.phone})
        sent_at = time.time()
        answered_at, answer = self._exchange("POST", body)
        status = HEAD.match(answer)
        if not status or status[1] != b"302":
            raise RuntimeError(f"a sign-up was not taken: {answer[:2000].decode(errors='replace')}")
        return Answer(visitor, sent_at, answered_at)

    def _exchange(self, method: str, body: str = "") -> tuple[float, bytes]:
        headers = self._headers
        if body:
            form = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
            headers = headers | form
        lines = [f"{method} {self._path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        with socket.create_connection(self._address, timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join(lines).encode())
            first = connection.recv(65536)
            answered_at = time.time()
            return answered_at, first + b"".join(iter(lambda: connection.recv(65536), b""))


def hidden_fields(html: str) -> dict[str, str]:
    """Return the hidden inputs of a page, as a browser would send them back."""
    inputs = (dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", html))
    return {one["name"]: one.get("value", "") for one in inputs if one.get("type") == "hidden"}
