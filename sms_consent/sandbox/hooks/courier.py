"""What each kind of hook has in common: a request is composed, sent, and its answer judged."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from .settings import Hooks

MAX_ANSWER = 100_000

Verdict = Literal[
    "done",
    "again",  # send the same once more, later
    "singles",  # send each item by itself
    "halves",
    "dropped",
    "kept",  # nothing more of this kind leaves until somebody says so
]


@dataclass(eq=False, slots=True)
class Parcel:
    """What goes into one request. `due` is a time of `time.monotonic`."""

    items: list[Any]
    due: float = 0.0
    attempts: int = 0
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to be made. `shown` is its body for a person to read."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    shown: Any


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; without a status there was none, and `body` says why."""

    status: int | None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Courier(Protocol):
    """One kind of hook: how much fits into a request, what it looks like, what an answer means."""

    kind: str
    size: int

    def compose(self, hooks: Hooks, items: list[Any]) -> Outgoing: ...

    def judge(self, parcel: Parcel, response: Response) -> Verdict: ...


def post(hooks: Hooks, outgoing: Outgoing) -> Response:
    """Send a request. Redirects are not followed."""
    url = urlsplit(hooks.address(outgoing.path))
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=hooks.timeout)
    try:
        connection.request("POST", url.path, outgoing.body, dict(outgoing.headers))
        answer = connection.getresponse()
        text = answer.read(MAX_ANSWER).decode("utf-8", "replace")
        return Response(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})
    except (OSError, http.client.HTTPException) as error:
        return Response(None, str(error) or type(error).__name__)
    finally:
        connection.close()


def bearer(hooks: Hooks) -> dict[str, str]:
    """Return the headers of what Braze sends as JSON."""
    headers = {"Content-Type": "application/json"}
    return {**headers, "Authorization": f"Bearer {hooks.token}"} if hooks.token else headers
