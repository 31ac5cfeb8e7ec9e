"""Pages about people: sign-up, what happens next, the button in the mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import doors, limits, links
from accounts.circumstances import of_request
from accounts.forms import SignUpForm
from accounts.links import Link
from optin_site import campaigns
from sms_consent import people, selectors

WELCOME_COOKIE = "welcome"


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponseBase:
    """Show the sign-up; take it, and send everyone to the same page (rule 10)."""
    if request.method != "POST":
        blank = SignUpForm(offers=selectors.offers_here(), initial={"campaign": campaigns.of_request(request)})
        return render(request, "accounts/sign_up.html", {"form": blank})
    refused = limits.too_often(request, "optin_signup")
    if refused:
        return refused
    form = doors.sign_up_form(request.POST)
    if not form.is_valid():
        return render(request, "accounts/sign_up.html", {"form": form})
    return _welcomed(doors.sign_up(request, form))


def _welcomed(handle: str) -> HttpResponse:
    response = redirect("welcome")
    response.set_signed_cookie(
        WELCOME_COOKIE,
        handle,
        max_age=doors.MAIL_AGAIN_SECONDS,
        path=reverse("welcome"),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponseBase:
    """Say what happens next, the same to everyone; POST mails the link again."""
    if request.method != "POST":
        return render(request, "accounts/welcome.html")
    refused = limits.too_often(request, "optin_resend")
    if refused:
        return refused
    _send_again(request)
    messages.success(request, _("If there is something to confirm, the mail is on its way again."))
    return redirect("welcome")


def _send_again(request: HttpRequest) -> None:
    try:
        handle = request.get_signed_cookie(WELCOME_COOKIE, max_age=doors.MAIL_AGAIN_SECONDS) or ""
    except (KeyError, BadSignature):
        return
    doors.mail_again(request, handle)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the button agrees to; only a POST changes anything (EM-2, rule 8)."""
    if request.method == "POST":
        act = links.refuse if request.POST.get("answer") == "not_me" else links.press
        act(token, circumstances=of_request(request))
        return redirect("confirm", token=token)
    confirmation = links.find(token)
    state = links.state_of(confirmation)
    context: dict[str, Any] = {"state": state.value, "confirmation": confirmation}
    if confirmation is not None:
        context |= {
            "address": people.mask(confirmation.email),
            "number": people.mask(confirmation.phone.as_e164) if confirmation.phone else "",
            "disclosures": links.disclosures_of(confirmation),
            "subscriptions": selectors.subscriptions_of([confirmation.email]),
        }
    response = render(request, "accounts/confirm.html", context, status=404 if state is Link.UNKNOWN else 200)
    # The token must not reach other sites. Not "no-referrer": with it browsers send "Origin: null" and the
    # button's POST fails the CSRF check.
    response["Referrer-Policy"] = "same-origin"
    return response
