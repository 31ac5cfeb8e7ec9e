"""The API and its document."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.headless.contrib.ninja.security import x_session_token_auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.security import APIKeyHeader

from accounts.api import errors, opt_ins, preferences, sign_in

DESCRIPTION = (
    "Sign-up, phone capture, sign-in by emailed code and preferences for apps. "
    "Every error has the shape of Problem; Accept-Language chooses the language of words and messages."
)


class SessionToken(APIKeyHeader):
    """Who is signed in, by the token that the sign-in gave."""

    param_name = "X-Session-Token"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """Return the person; limits and evidence find them where they would on a page."""
        person = x_session_token_auth(request)
        if person:
            request.user = person
        return person


def for_apps(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Take JSON only, and nobody's word for who they are but the token's.

    A browser that visits another site can be made to send a form there, cookies and all, but no JSON: that it would
    have to ask for first, and without CORS nothing here says yes. So neither cookies nor CSRF tokens are needed.
    """

    @never_cache
    @wraps(run)
    def taken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.user = AnonymousUser()
        if request.method in ("POST", "PATCH") and request.content_type != "application/json":
            return errors.answer(415)
        return run(request, *args, **kwargs)

    return taken


class Api(NinjaAPI):
    """The site for apps."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name a call as its function is named: clients that are made from the document call it so."""
        return operation.view_func.__name__


api = Api(
    title="Opt-in site",
    version="1",
    description=DESCRIPTION,
    docs_url=None,
    urls_namespace="api",
    openapi_url="/openapi.json",
)
api.add_decorator(for_apps, mode="view")
errors.install(api)
api.add_router("/v1", opt_ins.router, tags=["Opting in"])
api.add_router("/v1/preferences", preferences.router, tags=["Preferences"], auth=SessionToken())
api.add_router("/auth", sign_in.router, tags=["Sign-in"])
