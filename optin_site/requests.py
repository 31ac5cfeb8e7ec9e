"""A name for every request, and a line in the log about it: its route, never its address, which may hold a token."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponseBase

from optin_site import logs

logger = logging.getLogger(__name__)

NAME = re.compile(r"[0-9a-f-]{16,64}")  # what nginx's $request_id and UUIDs look like; an address does not
ASKED_ALL_THE_TIME = frozenset(("healthz", "readyz", "metrics"))


request_finished.connect(logs.end_request, dispatch_uid="optin_site.requests")


def named(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Name the request as our own proxy does, else anew; say so in the answer, and log what became of it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name, began = _name(request), time.monotonic()
        logs.begin_request(name)
        response = get_response(request)
        _log(request, response, time.monotonic() - began)
        response["X-Request-Id"] = name
        return response

    return middleware


def _name(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "") if settings.TRUSTED_PROXY_COUNT else ""
    return given if NAME.fullmatch(given) and not given.isdigit() else logs.new_id()


def _log(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match else "-"
    if route not in ASKED_ALL_THE_TIME:
        facts = {"method": request.method, "route": route, "status": response.status_code}
        logger.info("%(method)s /%(route)s %(status)s", facts, extra=facts | {"ms": round(seconds * 1000)})
