"""The sandbox's own API under /__sandbox/: what the page and other processes look at and turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import unquote

from .events import SOURCES
from .later import Order
from .limits import HeaderForm
from .records import Json, Mail, clean_phone
from .wire import Reply, Request

if TYPE_CHECKING:
    from .app import Sandbox

PREFIX = "/__sandbox/"
MAX_ROWS = 200
ORDERS = get_args(Order)
FORMS = get_args(HeaderForm)


class MisuseError(Exception):
    """What was asked of the control API makes no sense."""


class Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self._gets: dict[str, Callable[[Request], Any]] = {
            "state": self.state,
            "calls": lambda request: [asdict(one) for one in _newer(self._world.calls, _since(request))],
            "people": self.people,
            "mails": lambda request: [_envelope(one) for one in _since_then(reversed(self._world.mails), request)],
            "faults": lambda request: sandbox.faults.as_json(),
            "groups": lambda request: [asdict(one) for one in self._world.groups.values()],
            "events": lambda request: [one.as_json() for one in reversed(self._world.events)],
            "hooks": lambda request: [asdict(one) for one in _newer(sandbox.hooks.sent, _since(request))],
            "permissions": lambda request: self._permissions(),
            "limits": lambda request: self._limits(),
        }
        self._posts: dict[str, Callable[[Json], Any]] = {
            "reset": lambda body: sandbox.reset(),
            "faults": lambda body: sandbox.faults.add(**body) and sandbox.faults.as_json(),
            "faults/clear": lambda body: sandbox.faults.clear(body.get("label")),
            "groups": self._set_group,
            "hooks": lambda body: sandbox.hooks.configure(**body).as_json(),
            "hooks/resend": lambda body: sandbox.hooks.resend(),
            "hooks/check": lambda body: {"status": sandbox.hooks.check()},
            "hooks/flush": lambda body: {"waiting": len(sandbox.hooks.flush(**body))},
            "desk/state": lambda body: _said(sandbox.desk.set_state(**body)),
            "desk/email": lambda body: _said(sandbox.desk.set_global_email(**body)),
            "desk/spam": lambda body: _said(sandbox.desk.mark_as_spam(**body)),
            "desk/block": lambda body: _said(sandbox.desk.block(**body)),
            "permissions": self._set_permissions,
            "limits": self._set_limits,
            "mailbox": lambda body: sandbox.mailbox.set_mode(**body),
            "clock": lambda body: self._world.pulse.advance(float(body["advance"])),
            "late": self._apply_late,
            "recording": self._set_recording,
        }

    def handle(self, request: Request) -> Reply:
        try:
            result = self._answer(request, request.path.removeprefix(PREFIX).strip("/"))
        except LookupError as error:
            return Reply.of_json(404, {"message": f"not found: {error.args[0] if error.args else error}"})
        except (MisuseError, ValueError, TypeError, AttributeError) as error:
            return Reply.of_json(400, {"message": str(error)})
        return Reply.of_json(200, {"ok": True} if result is None else result)

    def _answer(self, request: Request, name: str) -> Any:
        kind, _, rest = name.partition("/")
        if request.method == "GET":
            if kind == "mails" and rest:
                return self._mail(int(rest))
            return self._gets[name](request)
        if request.method != "POST":
            raise MisuseError("GET or POST")
        body = _body(request)
        if kind == "phones":
            return self._text(rest, body)
        return self._posts[name](body)

    def state(self, request: Request) -> Json:
        """Return all that changed since a revision, newest first; `full` where that is everything."""
        world, hooks, since = self._world, self._sandbox.hooks, _since(request)
        with world.lock:
            is_full = since < world.pulse.floor
            since = 0 if is_full else since
            return {
                "revision": world.pulse.revision,
                "full": is_full,
                "now": world.pulse.now(),
                "profiles": _rows(reversed(world.people.profiles.values()), since),
                "calls": [asdict(one) for one in _newer(world.call_log.kept, since)],
                "texts": _rows(reversed(world.handsets.texts), since),
                "mails": [_envelope(one) for one in _recent(reversed(world.mailbox), since)],
                "groups": [asdict(one) for one in world.groups.values()],
                "hooks": [asdict(one) for one in _newer(hooks.sent, since)],
                "sending": hooks.as_json(),
                "sources": SOURCES,
                "asked": world.handsets.asked[:MAX_ROWS],
                "parked": _parked(self._sandbox),
                "faults": self._sandbox.faults.as_json(),
                "mailbox": self._sandbox.mailbox.mode,
                "pending": len(world.pending_applications),
                "totals": {"profiles": len(world.people.profiles), "calls": world.call_log.count},
                "site_url": self._sandbox.site_url,
            }

    def people(self, request: Request) -> Json:
        """Return every profile that changed since a revision, however many, and all that is parked."""
        world = self._world
        with world.lock:
            return {
                "revision": world.pulse.revision,
                "profiles": [asdict(one) for one in _since_then(reversed(world.people.profiles.values()), request)],
                "parked": _parked(self._sandbox, most=None),
            }

    def _mail(self, number: int) -> Json:
        found = next((one for one in self._world.mails if one.number == number), None)
        if found is None:
            raise LookupError(f"mail {number}")
        return asdict(found)

    def _text(self, rest: str, body: Json) -> None:
        number, _, action = unquote(rest).partition("/")
        phone = clean_phone(number)
        if phone is None or action != "texts":
            raise LookupError(rest)
        if not isinstance(body.get("body"), str) or not body["body"].strip():
            raise MisuseError("'body' must be a text")
        self._world.send_text(phone, body["body"], body.get("group_id"))

    def _set_group(self, body: Json) -> Json:
        if body.get("channel") not in ("sms", "email"):
            raise MisuseError("'channel' must be sms or email")
        group_id = body.pop("id", None)
        if not isinstance(group_id, str) or not group_id:
            raise MisuseError("'id' is required")
        return asdict(self._world.set_group(group_id, **body))

    def _permissions(self) -> Json:
        permissions = self._sandbox.braze.permissions
        return {"permissions": None if permissions is None else sorted(permissions)}

    def _set_permissions(self, body: Json) -> Json:
        names = body.get("permissions")
        self._sandbox.braze.permissions = None if names is None else frozenset(names)
        return self._permissions()

    def _limits(self) -> Json:
        limits = self._sandbox.limits
        return {
            "on": limits.is_on,
            "form": limits.form,
            "pools": {name: asdict(one) for name, one in limits.pools.items()},
        }

    def _set_limits(self, body: Json) -> Json:
        limits = self._sandbox.limits
        limits.is_on = bool(body.get("on", limits.is_on))
        if body.get("form", limits.form) not in FORMS:
            raise MisuseError(f"'form' must be one of {', '.join(FORMS)}")
        limits.form = body.get("form", limits.form)
        for pool, values in body.get("pools", {}).items():
            if pool not in limits.pools:
                raise MisuseError(f"'pools' are {', '.join(limits.pools)}")
            limits.set(pool, requests=int(values["requests"]), seconds=int(values["seconds"]))
        return self._limits()

    def _apply_late(self, body: Json) -> Json:
        order = body.get("order", "arrival")
        if order not in ORDERS:
            raise MisuseError(f"'order' must be one of {', '.join(ORDERS)}")
        return {"applied": self._world.apply_late(order)}

    def _set_recording(self, body: Json) -> None:
        self._world.call_log.is_recording = bool(body["on"])


def _body(request: Request) -> Json:
    """Return the JSON body. Only that content type: no other site's page can post it without asking."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise MisuseError("Content-Type must be application/json")
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise MisuseError("a JSON object is expected")
    return body


def _since(request: Request) -> int:
    return int(next(iter(request.query.get("since", [])), "0"))


def _since_then(newest_first: Iterable[Any], request: Request) -> Iterator[Any]:
    since = _since(request)
    return takewhile(lambda row: row.revision > since, newest_first)


def _recent(newest_first: Iterable[Any], since: int) -> list[Any]:
    found = takewhile(lambda row: row.revision > since, newest_first)
    return [row for row, _ in zip(found, range(MAX_ROWS), strict=False)]


def _rows(newest_first: Iterable[Any], since: int) -> list[Json]:
    return [asdict(row) for row in _recent(newest_first, since)]


def _newer(calls: Iterable[Any], since: int) -> list[Any]:
    """Return changed calls or hooks, newest first. They change after they came, so each must be looked at."""
    changed = [call for call in calls if call.revision > since]
    return changed[: -MAX_ROWS - 1 : -1]


def _said(words: str) -> Json:
    return {"done": words}


def _envelope(mail: Mail) -> Json:
    return {name: value for name, value in asdict(mail).items() if name not in ("text", "html", "headers")}


def _parked(sandbox: Sandbox, most: int | None = MAX_ROWS) -> list[Json]:
    newest = islice(reversed(sandbox.world.states.parked.items()), most)
    return [
        {"address": address, "key": key, "state": one.state, "at": one.at}
        for address, states in newest
        for key, one in states.items()
    ]
