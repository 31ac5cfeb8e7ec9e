"""Refuses what cannot be read, before anything else looks at it.

Django's error pages read the form too, for their CSRF token: a form that cannot be read makes each of them fail in
turn, and any address answer 500. And some headers fail where the request is made, before any middleware.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.http import parse_header_parameters
from django.utils.translation import get_language_from_request, override

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# What browsers send forms in. Python knows many more, some of which are no text (base64), fail (idna) or hide (utf-7).
CHARSETS = frozenset(("utf-8", "utf8", "us-ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252"))
UNSUPPORTED = "optin_site.unsupported"  # in the environ


def take_away_what_is_no_content_type(sender: Any, environ: dict[str, Any], **kwargs: Any) -> None:
    """Leave a mark instead of a Content-Type that Django would fail on."""
    if not _is_supported(environ.get("CONTENT_TYPE", "")):
        environ["CONTENT_TYPE"], environ[UNSUPPORTED] = "", True


request_started.connect(take_away_what_is_no_content_type, dispatch_uid="optin_site.readable")


def _is_supported(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (TypeError, ValueError):  # Python's own parser stumbles over some
        return False
    return (parameters.get("charset") or "utf-8").lower() in CHARSETS


def only_what_can_be_read(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Answer 415 to a charset that no form comes in, 400 to a form that cannot be taken apart."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if UNSUPPORTED in request.META:
            return _refusal(request, 415)
        try:
            _read_form(request)
        except (BadRequest, SuspiciousOperation, MultiPartParserError, TypeError, ValueError):
            return _refusal(request, 400)
        except UnreadablePostError:
            pass  # whoever sent it has gone; the CSRF check deals with that
        return get_response(request)

    return middleware


def _read_form(request: HttpRequest) -> None:
    if request.method == "POST" and request.content_type in FORMS:
        request.body  # noqa: B018 - kept, so that whoever comes later may read it as it came
        request.POST  # noqa: B018


def _refusal(request: HttpRequest, status: int) -> HttpResponse:
    with override(get_language_from_request(request)):  # no middleware has chosen one yet
        return HttpResponse(render_to_string("400.html"), status=status)
