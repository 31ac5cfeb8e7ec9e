"""The calls as they came, the newest few thousand of them."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any

from .pulse import Pulse
from .records import Call

KEPT_CALLS = 5_000
KEPT_CHARACTERS = 10_000


class Calls:
    """A record per call. It never sees the Authorization header. Benchmarks switch it off."""

    def __init__(self, pulse: Pulse, *, keep: int = KEPT_CALLS) -> None:
        self._pulse = pulse
        self.kept: deque[Call] = deque(maxlen=keep)
        self.count = 0
        self._counting = threading.Lock()  # the world's is held for as long as a call takes, and many wait for it
        self.is_recording = keep > 0

    def begin(self, method: str, path: str, query: str, body: bytes) -> Call:
        with self._counting:
            self.count += 1
            number = self.count
        if not self.is_recording:
            return Call(number, 0.0, method, path, query, None, len(body))
        with self._pulse.lock:
            call = Call(number, self._pulse.now(), method, path, query, _readable(body), len(body))
            call.revision = self._pulse.beat()
            self.kept.append(call)
            return call

    def end(self, call: Call, *, status: int | None, seconds: float) -> None:
        if not self.is_recording:
            return
        with self._pulse.lock:
            call.status, call.seconds = status, seconds
            call.revision = self._pulse.beat()

    def note(self, call: Call, notes: list[str]) -> None:
        """Add what became of a call, possibly after it was answered."""
        with self._pulse.lock:
            call.notes += notes
            call.revision = self._pulse.beat()


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body[:KEPT_CHARACTERS].decode("utf-8", "replace")
