"""Pages for people who are signed in: what they get, their number, their email address."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import doors, email_change, limits, overview, preferences
from accounts.circumstances import of_request
from accounts.email_change import Outcome
from accounts.forms import CodeForm, NewEmailForm, PreferencesForm
from accounts.models import User
from accounts.second_factor import fresh


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_page(request: HttpRequest) -> HttpResponseBase:
    """Show where the signed-in person stands and how that came; take joins, leaves and a new number (EM-12, REV-15)."""
    person = _person(request)
    if request.method == "POST" and "leave" in request.POST:
        return _leave(request, person)
    seen = overview.of_person(person)
    form = doors.preferences_form(person, seen, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _save(request, person, form)
    return render(request, "accounts/preferences.html", {"form": form, "overview": seen, "person": person})


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)  # login_required sees to that


def _save(request: HttpRequest, person: User, form: PreferencesForm) -> HttpResponseBase:
    if not doors.save_preferences(request, person, form):
        return limits.too_many(request)
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


@sensitive_post_parameters()
@never_cache
@login_required
@fresh.for_staff
@require_http_methods(["GET", "HEAD", "POST"])
def email_page(request: HttpRequest) -> HttpResponseBase:
    """Take a new email address, and the code that was mailed to it."""
    if request.method == "POST" and "code" in request.POST:
        return _prove(request, CodeForm(request.POST))
    if request.method == "POST" and "another" in request.POST:
        email_change.forget(request)
        return redirect("preferences_email")
    if request.method == "POST":
        return _mail_code(request, NewEmailForm(request.POST, person=_person(request)))
    return _email_page(request, CodeForm() if email_change.pending(request) else NewEmailForm(person=_person(request)))


def _email_page(request: HttpRequest, form: CodeForm | NewEmailForm) -> HttpResponse:
    context = {"form": form, "email": email_change.pending(request) if isinstance(form, CodeForm) else ""}
    return render(request, "accounts/email_change.html", context)


def _mail_code(request: HttpRequest, form: NewEmailForm) -> HttpResponseBase:
    if not form.is_valid():
        return _email_page(request, form)
    refused = limits.too_often(request, "optin_preferences")
    if refused:
        return refused
    email = form.cleaned_data["email"]
    email_change.start(request, email, send_mail=limits.may_mail(request, email))
    return redirect("preferences_email")


def _prove(request: HttpRequest, form: CodeForm) -> HttpResponse:
    code = form.cleaned_data["code"] if form.is_valid() else ""
    outcome = email_change.finish(request, _person(request), code, circumstances=of_request(request))
    if outcome is Outcome.WRONG:
        form.say_wrong()
        return _email_page(request, form)
    if outcome is Outcome.CHANGED:
        messages.success(request, _("This is your address now. Emails to the old one have ended."))
        return redirect("preferences")
    if outcome is Outcome.TAKEN:
        words = _("Somebody signed up with that address already, and nothing was changed. Sign in with it instead.")
    else:
        words = _("That code is good no more. Please start again.")
    messages.error(request, words)
    return redirect("preferences_email")
