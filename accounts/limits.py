"""How often things may be done; the figures are `LIMITS` in the settings. Leaving is never among them."""

from __future__ import annotations

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponseBase


def too_often(request: HttpRequest, action: str) -> HttpResponseBase | None:
    """Count this request; return the refusal if it is one too many."""
    refused: HttpResponseBase | None = ratelimit.consume_or_429(request, action=action)
    return refused


def may_mail(request: HttpRequest, email: str) -> bool:
    """At most so many mails per address and day, whether it is known or not (EM-7)."""
    return bool(ratelimit.consume(request, action="optin_mail", key=email))
