"""Every way in on one page, to print or to take along to the registration with the carriers (CTA-18)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from sms_consent import replies
from sms_consent.admin.exporting import download
from sms_consent.exports import PATHS
from sms_consent.models import Program

OPT_IN_PATHS = "sms_consent_program_paths"  # the name of its URL
PERMISSION = "sms_consent.view_program"


@require_http_methods(["GET", "HEAD", "POST"])
def opt_in_paths(request: HttpRequest, site: AdminSite) -> HttpResponseBase:
    """Show the paths; a POST takes them along as a file."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if request.method == "POST":
        return download(request, PATHS, PATHS.everything(), request.POST.get("format", ""), detail="everything")
    return _page(request, site)


def _page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    programs = list(PATHS.everything())
    rows = [row for page in PATHS.pages(PATHS.everything()) for row in page]
    context = {
        **site.each_context(request),
        "title": "Opt-in paths",
        "at": timezone.now(),
        "programs": [_of(program, rows) for program in programs],
    }
    return render(request, "admin/sms_consent/program/paths.html", context)


def _of(program: Program, rows: list[dict[str, Any]]) -> dict[str, Any]:
    ways = [row for row in rows if row["program"] == program.slug]
    fitting = (replies.JOINED, replies.LEFT, replies.HELP) if program.is_sms and not settings.TEXT_REPLIES else ()
    return {"program": program, "ways": ways, "fitting": [replies.filled(words, program) for words in fitting]}
