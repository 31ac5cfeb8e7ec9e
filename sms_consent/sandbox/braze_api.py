"""The fake Braze: who may call what, and what happens to a call on its way (braze.md §§2, 6)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import braze_subscriptions, braze_track, braze_users
from .answers import Answer, RefusalError
from .faults import Fault, Faults
from .limits import Headers, Limits
from .records import Call, Json
from .wire import Reply, Request
from .world import World

MAX_BYTES = 4 * 1024 * 1024
# Recorded 401s carry the three headers with nothing in them.
EMPTY_RATE_HEADERS = {"X-RateLimit-Limit": "", "X-RateLimit-Remaining": "", "X-RateLimit-Reset": ""}


@dataclass(frozen=True, slots=True)
class Endpoint:
    permission: str
    pool: str
    reads: Callable[[World, Request], Answer] | None = None
    writes: Callable[[World, Json], Answer] | None = None


ENDPOINTS = {
    ("POST", "/users/track"): Endpoint("users.track", "track", writes=braze_track.track),
    ("POST", "/subscription/status/set"): Endpoint(
        "subscription.status.set", "status/set", writes=braze_subscriptions.set_status
    ),
    ("POST", "/v2/subscription/status/set"): Endpoint(
        "subscription.status.set", "status/set", writes=braze_subscriptions.set_status_v2
    ),
    ("GET", "/subscription/status/get"): Endpoint(
        "subscription.status.get", "shared", reads=braze_subscriptions.get_status
    ),
    ("GET", "/subscription/user/status"): Endpoint(
        "subscription.groups.get", "shared", reads=braze_subscriptions.list_groups
    ),
    ("POST", "/email/status"): Endpoint("email.status", "shared", writes=braze_subscriptions.set_email_status),
    ("POST", "/users/delete"): Endpoint("users.delete", "users", writes=braze_users.delete),
    ("POST", "/users/identify"): Endpoint("users.identify", "users", writes=braze_users.identify),
    ("POST", "/users/merge"): Endpoint("users.merge", "users", writes=braze_users.merge),
    ("POST", "/users/export/ids"): Endpoint("users.export.ids", "export", writes=braze_users.export),
}


class BrazeApi:
    """One workspace with one REST key. `permissions` None means all of them."""

    def __init__(self, world: World, *, key: str, limits: Limits, latency: float = 0.0) -> None:
        self.world = world
        self.key = key
        self.limits = limits
        self.latency = latency
        self.faults = Faults(world.pulse.beat)
        self.permissions: frozenset[str] | None = None

    def handle(self, request: Request) -> Reply | None:
        """Answer a request and record it. None: close the connection without an answer."""
        log = self.world.call_log
        started = time.perf_counter()
        call = log.begin(request.method, request.path, request.query_string, request.body)
        fault = self.faults.take(request)
        call.fault = (fault.label or fault.kind) if fault else None
        reply = self._with_fault(request, call, fault) if fault else self._carry_out(request, call)
        if self.latency:  # as a caller measures it: what we take for the answer ourselves is a part of it
            time.sleep(max(0.0, started + self.latency - time.perf_counter()))
        seconds = time.perf_counter() - started
        log.end(call, status=reply.status if reply else None, seconds=seconds)
        return reply

    def _with_fault(self, request: Request, call: Call, fault: Fault) -> Reply | None:
        """Let a call meet its fault. The kinds are described in `faults`."""
        if fault.kind == "status":
            return fault.reply(self.world.pulse.now())
        if fault.kind == "drop_before":
            return None
        if fault.kind == "slow":
            self._hold(fault)
        reply = self._carry_out(request, call, fault)
        if fault.kind == "latency":
            self._hold(fault)
        if fault.kind == "drop_after":
            return None
        if fault.kind == "garbage":
            return Reply(reply.status, b"<html>upstream said what?", {}, "text/html")
        return reply

    def _hold(self, fault: Fault) -> None:
        self.world.pulse.wait_until(lambda: fault.is_released, fault.seconds or 0.0)

    def _carry_out(self, request: Request, call: Call, fault: Fault | None = None) -> Reply:
        refused = fault.item if fault and fault.kind == "item_error" else None
        try:
            with self.world.lock:
                answer, headers = self._examine(request, refused)
                if fault and fault.kind == "late":
                    self.world.later.add(partial(self._apply, answer, call), seconds=_delay(fault))
                else:
                    self._apply(answer, call)
        except RefusalError as error:
            return error.reply()
        return answer.reply(headers)

    def _apply(self, answer: Answer, call: Call) -> None:
        with self.world.lock:
            notes = answer.apply()
            if notes:
                self.world.call_log.note(call, notes)

    def _examine(self, request: Request, refused: str | None) -> tuple[Answer, Headers]:
        """Return the answer to a call, and its rate headers. Changes nothing but the request count."""
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None:
            raise RefusalError(404, "Invalid URL")
        self._authorize(request, endpoint)
        is_free, headers = self.limits.spend(endpoint.pool)
        try:
            if not is_free:
                raise RefusalError(429, "Rate limit exceeded")
            return self._ask(endpoint, request, refused), headers
        except RefusalError as error:
            error.headers = headers
            raise

    def _authorize(self, request: Request, endpoint: Endpoint) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or key != self.key:
            # The real one echoes the key too: whoever logs this body has leaked it.
            error = RefusalError(401, f"Invalid API key: {key}")
            error.headers = EMPTY_RATE_HEADERS
            raise error
        if self.permissions is not None and endpoint.permission not in self.permissions:
            raise RefusalError(403, f"This key lacks the permission {endpoint.permission}")

    def _ask(self, endpoint: Endpoint, request: Request, refused: str | None) -> Answer:
        if endpoint.reads is not None:
            return endpoint.reads(self.world, request)
        body = _parse(request)
        if endpoint.writes is braze_track.track:
            return braze_track.track(self.world, body, refused)
        assert endpoint.writes is not None  # noqa: S101 -- an endpoint reads or writes
        return endpoint.writes(self.world, body)


def _delay(fault: Fault) -> float | None:
    if fault.seconds is None or not fault.is_random:
        return fault.seconds
    return random.uniform(0, fault.seconds)  # noqa: S311 -- nothing secret in a delay


def _parse(request: Request) -> Json:
    if len(request.body) > MAX_BYTES:
        raise RefusalError(413, "Request body is too large")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusalError(415, "Content-Type must be application/json")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RefusalError(400, "Error while parsing request body", error="Pass valid application/json")
    return body
