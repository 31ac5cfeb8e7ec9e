"""Pages about people: sign-up, what happens next, the button in the mail, preferences."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import links, preferences, services
from accounts.circumstances import of_request
from accounts.forms import PreferencesForm, SignUpForm
from accounts.links import Link
from accounts.models import User
from accounts.services import SignUp
from optin_site import campaigns
from sms_consent import people, selectors
from sms_consent.choices import State
from sms_consent.models import Subscription

WELCOME_COOKIE = "welcome"
WELCOME_SECONDS = 3600


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponseBase:
    """Show the sign-up; take it, and send everyone to the same page (rule 10)."""
    if request.method != "POST":
        blank = SignUpForm(offers=_offers(), initial={"campaign": campaigns.of_request(request)})
        return render(request, "accounts/sign_up.html", {"form": blank})
    refused = _too_often(request, "optin_signup")
    if refused:
        return refused
    form = SignUpForm(request.POST, offers=_offers())
    if form.is_stale():
        # The words that this process keeps may be the older ones: another has published since.
        selectors.forget_offers()
        form = SignUpForm(request.POST, offers=_offers())
    if not form.is_valid():
        return render(request, "accounts/sign_up.html", {"form": form})
    return _signed_up(request, form)


def _too_often(request: HttpRequest, action: str) -> HttpResponseBase | None:
    refused: HttpResponseBase | None = ratelimit.consume_or_429(request, action=action)
    return refused


def _offers() -> list[selectors.Offer]:
    return selectors.offers(get_language() or settings.LANGUAGE_CODE)


def _signed_up(request: HttpRequest, form: SignUpForm) -> HttpResponse:
    email, phone = form.cleaned_data["email"], form.cleaned_data["phone"]
    confirmation = services.sign_up(
        SignUp(
            email=email,
            phone=phone,
            choices=form.chosen(email=email, phone=phone),
            circumstances=of_request(request, boxes=form.ticked(), campaign=form.cleaned_data["campaign"]),
            language=get_language() or settings.LANGUAGE_CODE,
            time_zone=form.cleaned_data["time_zone"],
        ),
        make_link=lambda token: _link(request, token),
        base_url=_base_url(request),
        send_mail=_may_mail(request, email),
    )
    response = redirect("welcome")
    response.set_signed_cookie(
        WELCOME_COOKIE,
        str(confirmation.pk),
        max_age=WELCOME_SECONDS,
        path=reverse("welcome"),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _may_mail(request: HttpRequest, email: str) -> bool:
    """At most so many mails per address and day, whether it is known or not (EM-7)."""
    return bool(ratelimit.consume(request, action="optin_mail", key=email))


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("confirm", args=[token]))


def _base_url(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponseBase:
    """Say what happens next, the same to everyone; POST mails the link again."""
    if request.method != "POST":
        return render(request, "accounts/welcome.html")
    refused = _too_often(request, "optin_resend")
    if refused:
        return refused
    _send_again(request)
    messages.success(request, _("If there is something to confirm, the mail is on its way again."))
    return redirect("welcome")


def _send_again(request: HttpRequest) -> None:
    try:
        number = int(request.get_signed_cookie(WELCOME_COOKIE, max_age=WELCOME_SECONDS) or "")
    except (KeyError, BadSignature, ValueError):
        return
    first = links.open_one(number)
    if first and _may_mail(request, first.email):
        links.send_again(first, make_link=lambda token: _link(request, token), base_url=_base_url(request))


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


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest) -> HttpResponseBase:
    """Show what the signed-in person gets; take joins, leaves and a new number."""
    person = request.user
    if not isinstance(person, User):
        return redirect("account_login")
    if request.method == "POST" and "leave" in request.POST:
        return _leave(request, person)
    offers = _not_joined(person)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        offers=offers,
        initial={"phone": person.phone},
    )
    if request.method == "POST" and form.is_valid():
        return _save(request, person, form)
    joined = [row for row in _standings(person) if row.state == State.SUBSCRIBED]
    return render(request, "accounts/preferences.html", {"form": form, "joined": joined, "person": person})


def _standings(person: User) -> list[Subscription]:
    """Where the person's own addresses stand: a number only once it is proven to be theirs (design.md §4.3)."""
    return selectors.subscriptions_of([person.email or "", person.phone_number if person.phone_proven_at else ""])


def _not_joined(person: User) -> list[selectors.Offer]:
    joined = {row.program_id for row in _standings(person) if row.state == State.SUBSCRIBED}
    return [offer for offer in _offers() if offer.program.pk not in joined]


def _save(request: HttpRequest, person: User, form: PreferencesForm) -> HttpResponseBase:
    phone = form.cleaned_data["phone"]
    choices = form.chosen(email=person.email or "", phone=phone)
    # Giving up a number is an opt-out, and none is ever refused.
    refused = _too_often(request, "optin_preferences") if phone or choices else None
    if refused:
        return refused
    preferences.save(person, phone=phone, choices=choices, circumstances=of_request(request, boxes=form.ticked()))
    messages.success(request, _("Saved."))
    return redirect("preferences")


def _leave(request: HttpRequest, person: User) -> HttpResponse:
    which = request.POST["leave"]
    programs = [program for program in selectors.every_program() if which in ("all", program.slug)]
    if not programs:
        messages.error(request, _("Nothing was changed: we do not know that program."))
        return redirect("preferences")
    preferences.leave(person, programs, circumstances=of_request(request))
    messages.success(request, _("Done. You will not get these messages any more."))
    if any(program.is_sms for program in programs) and preferences.unproven_numbers(person):
        # The same whatever others did with the number: who has not proven it learns nothing of that (design.md §4.3).
        messages.info(request, _("If a text still comes, reply STOP to it: that ends them, whoever asked for them."))
    return redirect("preferences")
