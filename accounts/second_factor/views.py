"""Pages on which staff set up, see and remove their second factor, and the second step of a sign-in.

They are django-allauth's. Ours is who may see them, how fresh a sign-in must be, and where they lead.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from allauth.account.mixins import NextRedirectMixin
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base import views as base
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.second_factor import factors, fresh
from accounts.second_factor.fresh import View


def for_staff(view: View) -> View:
    """Let staff in; for everybody else who is signed in there is no such page."""

    @wraps(view)
    def seen(request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request)

    return never_cache(sensitive_post_parameters()(login_required(seen)))


class SetUp(NextRedirectMixin, totp.ActivateTOTPView):
    """The QR code and the first code. Leads to the recovery codes, and on from there."""

    def get_success_url(self) -> str:
        """Show the recovery codes, wherever the person wanted to go."""
        return str(self.passthrough_next_url(reverse("mfa_view_recovery_codes")))

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Set it up, and end what a mailed code alone has opened elsewhere. This code counts as a check, too."""
        response: HttpResponse = super().form_valid(form)
        person = self.request.user
        factors.sign_out_everywhere(person)
        update_session_auth_hash(self.request, person)
        app = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)
        app.wrap().validate_code(form.cleaned_data["code"])  # it is used up: whoever saw it typed gets nowhere with it
        post_authentication(self.request, app, reauthenticated=True)
        return response


class RecoveryCodes(recovery_codes.ViewRecoveryCodesView):
    """The codes that are left."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer the way on to where the person wanted to go."""
        onward = get_next_redirect_url(self.request) or reverse("admin:index")
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"onward": onward}


_set_up: View = SetUp.as_view()
_authenticate: View = base.authenticate


@for_staff
def set_up(request: HttpRequest) -> HttpResponseBase:
    """Set it up. A browser that was left signed in must not do that for whoever finds it: it needs a fresh sign-in."""
    if factors.has_one(request.user) or fresh.has_just_signed_in(request):
        return _set_up(request)
    return fresh.sign_in_again(request)


@sensitive_post_parameters()
def second_step(request: HttpRequest) -> HttpResponseBase:
    """Ask for the code after the mailed one. What is not this form would be taken for that of a security key."""
    if request.method == "POST" and "code" not in request.POST:
        return redirect("mfa_authenticate")
    return _authenticate(request)


overview = for_staff(base.index)
check_again = for_staff(base.reauthenticate)
remove = for_staff(totp.deactivate_totp)
codes = for_staff(RecoveryCodes.as_view())
new_codes = for_staff(recovery_codes.generate_recovery_codes)
download_codes = for_staff(recovery_codes.download_recovery_codes)
