"""With STAFF_MFA on, the desk is shut to staff without a second factor."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.second_factor import factors

DESK = "/admin/"


def required(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Send them to set one up, from whatever page of the desk, and back afterwards."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not _is_shut(request):
            return get_response(request)
        wanted = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("admin:index")
        return redirect(f"{reverse('mfa_activate_totp')}?{urlencode({'next': wanted})}")

    return middleware


def _is_shut(request: HttpRequest) -> bool:
    """Look at the database for pages of the desk only, and for staff only."""
    if not (settings.STAFF_MFA and request.path_info.startswith(DESK)):
        return False
    person = request.user
    return person.is_authenticated and person.is_staff and not factors.has_one(person)
