"""Sign-in by a code in the mailbox: five of django-allauth's views for apps, and none of its others.

Its sign-up stays shut and nobody has a password. The views answer; what stands here is what the document says of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.headless.account import views
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.headless.constants import Client
from allauth.headless.internal.restkit.inputs import Input
from allauth.headless.mfa import views as second_factor_views
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase
from ninja import Router

from accounts.api import schemas
from accounts.api.errors import answer
from accounts.forms import SignInForm

REFUSALS = dict.fromkeys((400, 415, 429), schemas.Problem)
SESSION = dict.fromkeys((200, 401), schemas.Session) | {410: schemas.Problem}
BY_TOKEN: dict[str, Any] = {"security": [{"SessionToken": []}]}

router = Router()


class Adapter(DefaultHeadlessAdapter):
    """What an app learns about who is signed in."""

    def serialize_user(self, user: AbstractBaseUser) -> dict[str, Any]:
        """Return the name in Braze, which Braze's SDKs ask for, and the address."""
        return {"id": user.external_id, "email": user.email or ""}  # type: ignore[attr-defined]


class SignInInput(SignInForm, Input):
    """The form of the page: any spelling of an address is that address, and the limits are the same."""


class RequestCode(views.RequestLoginCodeView):
    """Mails a code."""

    input_class = SignInInput


View = Callable[[HttpRequest], HttpResponseBase]

request_code_view: View = RequestCode.as_api_view(client=Client.APP)
confirm_code_view: View = views.ConfirmLoginCodeView.as_api_view(client=Client.APP)
second_factor_view: View = second_factor_views.AuthenticateView.as_api_view(client=Client.APP)
session_view: View = views.SessionView.as_api_view(client=Client.APP)


@router.post("/code/request", response=SESSION | REFUSALS)
def request_code(request: HttpRequest, sent: schemas.EmailAddress) -> HttpResponseBase:
    """Mail a code, the same for every address. The answer is 401, not signed in yet, with a session token."""
    return request_code_view(request)


@router.post("/code/confirm", response=SESSION | REFUSALS | {409: schemas.Problem}, openapi_extra=BY_TOKEN)
def confirm_code(request: HttpRequest, sent: schemas.Code) -> HttpResponseBase:
    """Sign in by the code, under the token that asked for it. After three wrong ones a new code is needed (409).

    Staff who have a second factor are not signed in yet (401): the flow mfa_authenticate is pending.
    """
    said = confirm_code_view(request)
    # By itself it says nothing more, and an app that looks for errors would take that for a sign-in.
    return answer(409) if said.status_code == 409 else said


@router.post("/second-factor", response=SESSION | REFUSALS, openapi_extra=BY_TOKEN)
def second_factor(request: HttpRequest, sent: schemas.Code) -> HttpResponseBase:
    """Give the code of an authenticator app, or a recovery code: the second step of staff who have that."""
    return second_factor_view(request)


@router.get("/session", response=SESSION, openapi_extra=BY_TOKEN)
def session(request: HttpRequest) -> HttpResponseBase:
    """Say who is signed in."""
    return session_view(request)


@router.delete("/session", response=SESSION, openapi_extra=BY_TOKEN)
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Sign out. The answer is 401: nobody is signed in any more."""
    return session_view(request)
