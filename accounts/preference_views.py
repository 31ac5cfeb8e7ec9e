"""Pages for people who are signed in: what they get, and their number."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits, overview, preferences
from accounts.circumstances import of_request
from accounts.forms import PreferencesForm
from accounts.models import User
from sms_consent import selectors


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest) -> HttpResponseBase:
    """Show where the signed-in person stands and how that came; take joins, leaves and a new number (EM-12, REV-15)."""
    person = _person(request)
    if request.method == "POST" and "leave" in request.POST:
        return _leave(request, person)
    seen = overview.of_person(person)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        offers=[offer for offer in selectors.offers_here() if offer.program.pk not in seen.joined],
        initial={"phone": person.phone},
    )
    if request.method == "POST" and form.is_valid():
        return _save(request, person, form)
    return render(request, "accounts/preferences.html", {"form": form, "overview": seen, "person": person})


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)  # login_required sees to that


def _save(request: HttpRequest, person: User, form: PreferencesForm) -> HttpResponseBase:
    phone = form.cleaned_data["phone"]
    choices = form.chosen(email=person.email or "", phone=phone)
    # Giving up a number is an opt-out, and none is ever refused.
    refused = limits.too_often(request, "optin_preferences") if phone or choices else None
    if refused:
        return refused
    preferences.save(person, phone=phone, choices=choices, circumstances=of_request(request, boxes=form.ticked()))
    messages.success(request, _("Saved."))
    return redirect("preferences")


def _leave(request: HttpRequest, person: User) -> HttpResponse:
    programs = preferences.named(request.POST["leave"])
    if not programs:
        messages.error(request, _("Nothing was changed: we do not know that program."))
        return redirect("preferences")
    preferences.leave(person, programs, circumstances=of_request(request))
    messages.success(request, _("Done. You will not get these messages any more."))
    if preferences.texts_may_still_come(person, programs):
        messages.info(request, _("If a text still comes, reply STOP to it: that ends them, whoever asked for them."))
    return redirect("preferences")
