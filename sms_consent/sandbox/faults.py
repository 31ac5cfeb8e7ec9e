"""Faults on order: what goes wrong, for which calls, and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from .limits import HeaderForm, refusal_headers
from .records import Json
from .wire import Reply, Request

Kind = Literal[
    "status",  # answer `status` with `body` and `headers`, apply nothing; a 429 as `form` says
    "slow",  # wait `seconds`, or until it is released, before applying and answering
    "latency",  # apply at once, wait as long before answering
    "drop_before",  # close the connection, apply nothing
    "drop_after",  # apply, then close without an answer
    "late",  # answer now, apply in `seconds` (up to, if `is_random`); without seconds: on `apply_late`
    "garbage",  # apply, and answer something that is no JSON
    "item_error",  # report objects that contain `item` under `errors`, apply the others
]
KINDS = get_args(Kind)
FORMS = get_args(HeaderForm)


@dataclass(slots=True)
class Fault:
    """One rule. It applies to calls on `endpoint` (None: any) whose body or query contains `match`, `times` times
    (None: until it is removed)."""

    kind: Kind
    endpoint: str | None = None
    times: int | None = 1
    match: str | None = None
    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    form: HeaderForm = "epoch"
    seconds: float | None = None
    is_random: bool = False
    item: str = ""
    label: str = ""  # to take it back by
    fired: int = 0
    is_released: bool = False  # whoever is held up by it goes on at once

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.form not in FORMS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; form one of {', '.join(FORMS)}")
        if self.kind == "item_error" and not self.item:
            raise ValueError("item_error needs an item: what the objects to refuse contain")

    def concerns(self, request: Request) -> bool:
        is_meant = self.endpoint in (None, request.path)
        sent = request.body + request.query_string.encode()
        return is_meant and (self.match is None or self.match.encode() in sent)

    def reply(self, now: float) -> Reply:
        """Return what a `status` fault answers."""
        headers = dict(self.headers)
        if self.status == 429 and not headers:
            wait = self.seconds if self.seconds is not None else 1.0
            headers = refusal_headers(self.form, 3_000, wait, now)
        if isinstance(self.body, str):
            return Reply(self.status, self.body.encode(), headers, "text/html; charset=utf-8")
        body = self.body if self.body is not None else {"message": MESSAGES.get(self.status, "Error")}
        return Reply.of_json(self.status, body, headers)


MESSAGES = {
    401: "Invalid API key",
    403: "Forbidden",
    404: "Invalid URL",
    429: "Rate limit exceeded",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}


class Faults:
    """The rules in order: the first that concerns a call is the one that strikes it."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._changed = changed
        self.rules: list[Fault] = []

    def add(self, kind: Kind, **options: Any) -> Fault:
        """Add a rule; `options` are the fields of `Fault`. Raise ValueError or TypeError on nonsense."""
        fault = Fault(kind, **options)
        with self._lock:
            self.rules = [*self.rules, fault]
        self._changed()
        return fault

    def release(self, fault: Fault) -> None:
        """Let go of the calls that this rule holds up."""
        fault.is_released = True
        self._changed()

    def clear(self, label: str | None = None) -> None:
        """Take back every rule, or those with this label."""
        with self._lock:
            self.rules = [rule for rule in self.rules if label not in (None, rule.label)]
        self._changed()

    def take(self, request: Request) -> Fault | None:
        """Return the fault that strikes this call, counting it."""
        if not self.rules:
            return None
        with self._lock:
            fault = next((rule for rule in self.rules if rule.concerns(request)), None)
            if fault is not None:
                fault.fired += 1
                self.rules = [rule for rule in self.rules if rule.times is None or rule.fired < rule.times]
        if fault is not None:
            self._changed()
        return fault

    def as_json(self) -> list[Json]:
        return [asdict(rule) for rule in self.rules]
