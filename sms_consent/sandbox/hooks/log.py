"""The hooks as they were sent, the newest few thousand of them."""

from __future__ import annotations

from collections import deque

from sms_consent.sandbox.pulse import Pulse
from sms_consent.sandbox.records import Hook

from .courier import Outgoing, Response, Verdict

KEPT_HOOKS = 5_000
KEPT_CHARACTERS = 2_000

OUTCOMES: dict[Verdict, str] = {
    "done": "delivered",
    "again": "will be sent again",
    "singles": "will be sent again, item by item",
    "halves": "will be sent again, in halves",
    "dropped": "given up",
    "kept": "kept until told to send again",
}


class HookLog:
    """A record per request. It never sees the headers, in which the secrets are."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self.kept: deque[Hook] = deque(maxlen=KEPT_HOOKS)
        self.count = 0

    def begin(self, kind: str, outgoing: Outgoing, attempt: int) -> Hook:
        with self._pulse.lock:
            self.count += 1
            hook = Hook(self.count, self._pulse.now(), kind, outgoing.path, outgoing.shown, attempt)
            hook.revision = self._pulse.beat()
            self.kept.append(hook)
            return hook

    def end(self, hook: Hook, response: Response, verdict: Verdict, seconds: float) -> None:
        with self._pulse.lock:
            hook.status, hook.seconds = response.status, seconds
            hook.answer = response.body[:KEPT_CHARACTERS]
            hook.outcome = OUTCOMES[verdict]
            hook.revision = self._pulse.beat()

    def clear(self) -> None:
        self.kept.clear()
        self.count = 0
