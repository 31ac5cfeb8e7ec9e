"""Making requests: most are what somebody would really send, with something wrong in them somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from sms_consent.sandbox.hooks.twilio import sign
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KINDS = (FORM, FORM, FORM, JSON, "text/plain", "multipart/form-data; boundary=b", "", f"{FORM}; charset=utf-7")
METHODS = ("GET", "GET", "POST", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO")
ODD = (
    "", " ", "\0", "\x00\x01", "é", "\ud800", "\u202e", "𝕬" * 40, "None", "null", "true", "-1", "0", "1e999", "NaN",
    "9" * 40, "a" * 3000, "'\"<>&", "%00", "%s%n", "../../etc/passwd", "on", "[]", "{}", "2026-02-30", "\r\nX: y",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "1970-01-01", "٠١٢٣", "STOP", "+1", "+1 202 555 0101",
    ALICE, f" {ALICE.upper()} ", "a@b", f"{'a' * 250}@example.com", "@", "xn--@xn--.xn--", ALICES_PHONE, SMS, EMAIL,
)  # fmt: skip
NAMES = (
    "email", "phone", "program_sms", "program_email", "program_x", "answer", "leave", "code", "next", "time_zone",
    "campaign", "opened", "c", "q", "p", "o", "page", "_to_field", "_popup", "action", "select_across", "period",
    "disclosure", "disclosure_sms", "lang", "text", "wording", "csrfmiddlewaretoken", "pk", "sms__gt",
    "program__id__exact", "program__slug", "occurred_at__gte", "_changelist_filters", "format", "kind", "e",
)  # fmt: skip
HEADERS = (
    "accept-language", "referer", "origin", "cookie", "x-forwarded-for", "x-forwarded-proto", "host", "user-agent",
    "accept-encoding", "if-modified-since", "content-encoding", "range", "authorization", "x-request-id",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request, `body` as it goes over the wire."""

    method: str
    path: str
    body: bytes
    content_type: str
    headers: dict[str, str]


def requests(addresses: Sequence[str], seed: int) -> Iterator[Request]:
    """Yield requests without an end, the same ones for the same seed."""
    chance = Random(seed)
    while True:
        path = chance.choice(addresses)
        yield _hook(chance, path) if path.startswith("/hooks/") and chance.random() < 0.8 else _page(chance, path)


def routes(patterns: Sequence[URLPattern | URLResolver] | None = None, before: str = "/") -> Iterator[str]:
    """Yield every route of the site, as Django writes it: "/confirm/<str:token>/"."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def _page(chance: Random, path: str) -> Request:
    query = _pairs(chance, chance.choice((0, 0, 1, 3)))
    kind = chance.choice(KINDS)
    said = json.dumps(_anything(chance, 3)) if kind == JSON else _pairs(chance, chance.choice((0, 2, 6)))
    whole = f"{path}?{query}" if query else path
    return Request(chance.choice(METHODS), whole, _damaged(chance, said.encode()), kind, _headers(chance))


def _hook(chance: Random, path: str) -> Request:
    """A batch of events, a webhook campaign or an inbound text, with the right secret."""
    if "twilio" in path:
        return _text(chance, path)
    said: Any = _mutated(chance, CAMPAIGN)
    if "currents" in path:
        said = {"events": [_event(chance) for _ in range(chance.choice((1, 1, 3)))]}
    body = _damaged(chance, json.dumps(said).encode(), odds=0.1)
    return Request("POST", path, body, JSON, {"authorization": f"Bearer {settings.BRAZE_WEBHOOK_TOKEN}"})


def _text(chance: Random, path: str) -> Request:
    said = {name: str(_value(chance, right)) for name, right in TWILIO.items() if chance.random() < 0.9}
    fields = {name: value.encode(errors="replace").decode() for name, value in said.items()}
    body = "&".join(f"{name}={_quoted(value)}" for name, value in fields.items()).encode()
    signed = sign(settings.SITE_URL + path, fields, settings.TWILIO_AUTH_TOKEN)
    return Request("POST", path, body, FORM, {"x-twilio-signature": signed})


CAMPAIGN = {
    "event": "sms_stop", "subscription_group_id": SMS, "external_id": "x", "phone": ALICES_PHONE, "email": ALICE,
    "message": "STOP",
}  # fmt: skip
TWILIO = {
    "From": ALICES_PHONE, "To": "+12025550100", "Body": "START", "MessageSid": "SM1", "OptOutType": "STOP",
}  # fmt: skip
EVENTS = (
    "users.messages.sms.InboundReceive", "users.behaviors.subscriptiongroup.StateChange",
    "users.messages.email.Unsubscribe", "x",
)  # fmt: skip
PROPERTIES = {
    "user_phone_number": ALICES_PHONE, "inbound_phone_number": "+12025550100", "subscription_group_id": SMS,
    "message_body": "STOP", "subscription_status": "Unsubscribed", "channel": "sms", "phone_number": ALICES_PHONE,
    "state_change_source": "rest_api", "email_address": ALICE, "action": "unsubscribed",
}  # fmt: skip


def _event(chance: Random) -> Any:
    user = {"user_id": "b", "external_user_id": "x"}
    whole = {"event_type": chance.choice(EVENTS), "id": chance.choice(ODD) or "1", "time": 1_790_000_000, "user": user}
    return _mutated(chance, whole | {"properties": _mutated(chance, PROPERTIES)})


def _mutated(chance: Random, right: dict[str, Any]) -> Any:
    """Return it with something missing, or with something else than it should be, or neither."""
    said = {name: _value(chance, value, odds=0.15) for name, value in right.items() if chance.random() < 0.95}
    return _anything(chance, 2) if chance.random() < 0.05 else said


def _value(chance: Random, right: Any, odds: float = 0.3) -> Any:
    if chance.random() < odds:
        return chance.choice(ODD)
    return _anything(chance, 1) if chance.random() < odds / 3 else right


def _anything(chance: Random, depth: int) -> Any:
    kinds = [None, True, 0, -1, 1e308, 10**30, "x", *ODD]
    if depth and chance.random() < 0.6:
        inside = [_anything(chance, depth - 1) for _ in range(chance.choice((0, 1, 3)))]
        return inside if chance.random() < 0.5 else {chance.choice((*NAMES, *ODD)): value for value in inside}
    return chance.choice(kinds)


def _pairs(chance: Random, count: int) -> str:
    return "&".join(f"{_quoted(chance.choice(NAMES))}={_quoted(chance.choice(ODD))}" for _ in range(count))


def _quoted(value: Any) -> str:
    return quote(str(value), errors="surrogatepass")


def _headers(chance: Random) -> dict[str, str]:
    """Return some headers; a server lets no line break or NUL through, so none is in them."""
    values = {name: chance.choice(ODD) for name in chance.sample(HEADERS, chance.choice((0, 0, 1, 2)))}
    return {name: "".join(c for c in value if c.isprintable() and ord(c) < 256) for name, value in values.items()}


def _damaged(chance: Random, body: bytes, odds: float = 0.15) -> bytes:
    """Return the body with a few bytes cut, changed or put in."""
    if not body or chance.random() > odds:
        return body
    at = chance.randrange(len(body))
    return (
        body[:at]
        + chance.choice((b"", b"\xff", b"\x00", b"\xed\xa0\x80", b"}", b"&="))
        + body[at + chance.randrange(3) :]
    )
