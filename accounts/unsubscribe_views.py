"""The unsubscribe link: a page for people, and the one click of RFC 8058 for mail clients."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import preferences, unsubscribing
from accounts.circumstances import of_request
from accounts.unsubscribing import Reader
from sms_consent.models import Program
from sms_consent.templatetags.consent import names

PLAIN = "text/plain; charset=utf-8"


# Exempt, because the token is what gives the right to leave: whoever could forge a request has no need to.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be left; leave by a button of the page, or by the one click of a mail client (EM-9, EM-10).

    Needs no cookie and sets none, redirects nowhere, is never limited, and only a POST changes anything (rule 8).
    """
    reader = unsubscribing.find(token)
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        response = _one_click(request, reader)
    elif reader is None:
        response = _unknown(request)
    elif request.method == "POST":
        response = _button(request, reader)
    else:
        response = _page(request, reader)
    response["Referrer-Policy"] = "no-referrer"  # no site, and no log of ours, is told the token (SEC-9)
    return response


def _one_click(request: HttpRequest, reader: Reader | None) -> HttpResponse:
    programs = unsubscribing.one_click(reader, request.GET.get("program", "")) if reader else []
    if reader is None or not unsubscribing.leave(reader, programs, circumstances=of_request(request)):
        return HttpResponse(_("We do not know this link. To leave, reply STOP or write to us.\n"), PLAIN, 404)
    words = _("You have left: %(names)s.") % {"names": names(programs)}
    if _texts_may_still_come(reader, programs):
        words += " " + _("If a text still comes, reply STOP to it.")
    return HttpResponse(f"{words}\n", PLAIN)


def _texts_may_still_come(reader: Reader, left: list[Program]) -> bool:
    return reader.person is not None and preferences.texts_may_still_come(reader.person, left)


def _button(request: HttpRequest, reader: Reader) -> HttpResponse:
    programs = preferences.named(request.POST.get("leave", ""))
    if not programs:
        return _page(request, reader, is_refused=True)
    if not unsubscribing.leave(reader, programs, circumstances=of_request(request)):
        return _unknown(request)
    return _page(request, reader, left=programs)


def _page(
    request: HttpRequest, reader: Reader, *, left: list[Program] | None = None, is_refused: bool = False
) -> HttpResponse:
    asked = preferences.named(request.GET.get("program", ""))
    context = {
        "overview": unsubscribing.see(reader),
        "person": reader.person,
        "asked": asked[0] if len(asked) == 1 else None,
        "left": left,
        "texts_may_still_come": _texts_may_still_come(reader, left or []),
        "is_refused": is_refused,
    }
    return render(request, "accounts/unsubscribe.html", context, status=400 if is_refused else 200)


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/unsubscribe_unknown.html", status=404)
