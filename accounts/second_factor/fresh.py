"""What a browser that was left signed in must not do for whoever finds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

FRESH_SECONDS = 15 * 60  # long enough to install an app

View = Callable[[HttpRequest], HttpResponseBase]


def has_just_signed_in(request: HttpRequest) -> bool:
    """Whether the last sign-in, with its second step if there is one, was a moment ago."""
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < FRESH_SECONDS


def sign_in_again(request: HttpRequest) -> HttpResponseBase:
    """Ask for a sign-in that leads back here."""
    back = f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}"
    return render(request, "mfa/sign_in_again.html", {"back": back})


def for_staff(view: View) -> View:
    """Have staff sign in anew before they see this page: their mailbox is what opens the desk."""

    @wraps(view)
    def seen(request: HttpRequest) -> HttpResponseBase:
        is_stale = request.user.is_staff and not has_just_signed_in(request)
        return sign_in_again(request) if is_stale else view(request)

    return seen
