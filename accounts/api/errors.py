"""Whatever goes wrong under /api/ is told in one shape, django-allauth's: a status and a list of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

ROOT = "/api/"

Error = Mapping[str, str]  # code, message and, where a field is to blame, param


class Refused(Exception):
    """What was sent is not taken; the answer says why."""

    def __init__(self, status: int, errors: Sequence[Error]) -> None:
        super().__init__(status)
        self.status, self.errors = status, errors


def too_often() -> Refused:
    """Return the answer to who has made too many tries."""
    return Refused(429, [{"code": "too_often", "message": _("Too many tries. Please wait a few minutes.")}])


def not_offered(param: str) -> Refused:
    """Return the answer to a program that cannot be joined here."""
    return Refused(400, [{"code": "not_offered", "message": _("That program is not offered here."), "param": param}])


def of_form(form: Form) -> Refused:
    """Return the answer to a form with mistakes; boxes are named as the JSON names them."""
    return Refused(400, [_error(name, it) for name, found in form.errors.get_json_data().items() for it in found])


def _error(name: str, found: Mapping[str, str]) -> Error:
    error = {"code": found["code"] or "invalid", "message": found["message"]}
    return error if name == "__all__" else error | {"param": name.replace("program_", "programs.", 1)}


def answer(status: int, errors: Sequence[Error] = ()) -> JsonResponse:
    """Return an error as JSON."""
    told = errors or [{"code": f"http_{status}", "message": HTTPStatus(status).phrase}]
    return JsonResponse({"status": status, "errors": list(told)}, status=status)


def install(api: NinjaAPI) -> None:
    """Have the API tell its errors so."""
    api.add_exception_handler(Refused, lambda request, exc: answer(exc.status, exc.errors))
    api.add_exception_handler(HttpError, lambda request, exc: answer(exc.status_code))
    api.add_exception_handler(ValidationError, lambda request, exc: answer(400, [_invalid(it) for it in exc.errors]))
    # django-allauth's way out of a view: the token is over.
    api.add_exception_handler(ImmediateHttpResponse, lambda request, exc: answer(exc.response.status_code))


def _invalid(found: Mapping[str, Any]) -> Error:
    """Return what does not fit the document. Its place begins with where it was looked for and a name of ours."""
    place = ".".join(map(str, found["loc"][2:] or found["loc"][-1:]))
    return {"code": str(found["type"]), "message": str(found["msg"]), "param": place}


def always_json(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Turn every page of errors under /api/ into JSON: what middleware refuses, 404, 405 and 500."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_page = "json" not in response.headers.get("Content-Type", "")
        if request.path.startswith(ROOT) and response.status_code >= 400 and is_page:
            return _told_anew(response)
        return response

    return middleware


def _told_anew(response: HttpResponseBase) -> HttpResponse:
    """Return an answer with the same headers, those of a careful site among them, and JSON in place of its page."""
    told = answer(response.status_code)
    for name, value in response.headers.items():
        if name not in ("Content-Type", "Content-Length"):
            told[name] = value
    return told
