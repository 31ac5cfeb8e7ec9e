"""The least that a Django view can do with a sign-up: check the same form, insert one row."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path

from accounts.forms import SignUpForm
from accounts.models import User
from sms_consent import selectors


def sign_up(request: HttpRequest) -> HttpResponse:
    """Show the site's own form; keep who sent it. No consent, no evidence, no mail, nothing for Braze."""
    form = SignUpForm(request.POST or None, offers=selectors.offers("en"))
    if not form.is_valid():
        return render(request, "accounts/sign_up.html", {"form": form})
    # Not save(): that would send the signal, and with it mark the person for Braze.
    User.objects.bulk_create([User(email=form.cleaned_data["email"], phone=form.cleaned_data["phone"])])
    return redirect("welcome")


urlpatterns = [path("", sign_up), path("", include("optin_site.urls"))]
