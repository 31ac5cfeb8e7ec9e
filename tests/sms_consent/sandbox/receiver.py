"""Where hooks arrive in these tests: a tiny server that notes what it gets and answers as it was told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

CURRENTS = "/hooks/braze/currents/"
EVENTS = "/hooks/braze/events/"
TWILIO = "/hooks/twilio/sms/"


@dataclass
class Receiver:
    """What arrived.

    `answers` are statuses for the next requests, or (status, content type, body); then it is 200. Each
    takes `pause` seconds.
    """

    url: str = ""
    token: str = "hook-token"
    answers: list[Any] = field(default_factory=list)
    arrived: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    pause: float = 0.0
    lock: Any = field(default_factory=threading.Lock)

    def forget(self) -> None:
        with self.lock:
            self.answers, self.arrived, self.refused, self.pause = [], [], [], 0.0

    def bodies(self, path: str) -> list[Any]:
        with self.lock:
            return [body for at, _, body in self.arrived if at == path]

    def batches(self) -> list[list[str]]:
        """The texts of all batches of InboundReceive, in the order in which they came."""
        found = [[one["properties"].get("message_body") for one in body["events"]] for body in self.bodies(CURRENTS)]
        return [texts for texts in found if None not in texts]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """All events of Currents whose type ends so."""
        found = [event for body in self.bodies(CURRENTS) for event in body["events"]]
        return [event for event in found if event["event_type"].endswith(kind)]

    def answer(self, path: str, headers: dict[str, str], body: Any) -> tuple[int, str, str]:
        time.sleep(self.pause)
        with self.lock:
            is_ours = path == TWILIO or headers.get("Authorization") == f"Bearer {self.token}"
            if not is_ours:
                self.refused.append(path)
                return 401, "text/plain", "who is it?"
            self.arrived.append((path, headers, body))
            answer = self.answers.pop(0) if self.answers else 200
        return answer if isinstance(answer, tuple) else (answer, "text/plain", "")


def twilio_signature(url: str, form: dict[str, str], token: str) -> str:
    """Return what Twilio's recipe gives, step by step."""
    text = url
    for name in sorted(form):
        text += name + form[name]
    return base64.b64encode(hmac.new(token.encode(), text.encode("utf-8"), hashlib.sha1).digest()).decode()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 -- http.server's name
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_json = self.headers["Content-Type"] == "application/json"
            body = json.loads(raw) if is_json else dict(parse_qsl(raw, keep_blank_values=True, strict_parsing=True))
            status, content_type, text = receiver.answer(self.path, dict(self.headers.items()), body)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
