"""Words to text, receipts, terms, privacy policy, and how the site fares. No page here changes anything."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from optin_site import bearer, campaigns
from optin_site.patience import cache_answers
from sms_consent import counts, metrics, receipts, selectors, triggers
from sms_consent.models import Keyword
from sms_consent.models.keywords import kept_word

MILLIMETRES_A_MODULE = 2  # about 8 cm in all: read from two steps away, and drawn in any other size as sharply


@require_safe
def text(request: HttpRequest) -> HttpResponse:
    """Show every word that can be texted, with the words that one agrees to by it (CTA-17, US-6)."""
    return _keywords_page(request, selectors.advertised())


@require_safe
def keyword(request: HttpRequest, word: str) -> HttpResponse:
    """Show one word, to share and to print: on each number on which it opts in."""
    found = [row for row in selectors.advertised() if row.word == kept_word(word)]
    if not found:
        raise Http404
    return _keywords_page(request, found)


def _keywords_page(request: HttpRequest, keywords: list[Keyword]) -> HttpResponse:
    campaign = campaigns.of_request(request)
    context = {
        "cards": _cards(_own_first(keywords)),
        "sign_up_url": reverse("account_signup") + (f"?{urlencode({'c': campaign})}" if campaign else ""),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "sms_consent/text.html", context)


def _own_first(keywords: list[Keyword]) -> list[Keyword]:
    """Put the words that are advertised in the language of the page before the others."""
    return sorted(keywords, key=lambda keyword: keyword.language != get_language())


def _cards(keywords: list[Keyword]) -> list[tuple[Keyword, list[Keyword]]]:
    """Return each word with those after it that come to the same: a visitor has no choice to make between them."""
    alike: dict[Any, list[Keyword]] = {}
    for row in keywords:
        alike.setdefault((row.number, row.disclosure_id, row.incentive, row.asks_confirmation), []).append(row)
    return [(first, others) for first, *others in alike.values()]


@cache_control(public=True, max_age=300)
@require_safe
def keyword_qr(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw the QR code that opens the message, on white in any light."""
    found = next((row for row in selectors.advertised() if row.pk == pk), None)
    if found is None:
        raise Http404
    drawing = io.BytesIO()
    code = segno.make_qr(found.sms_link, error="m")
    code.save(drawing, kind="svg", unit="mm", scale=MILLIMETRES_A_MODULE, light="#fff", title=f"Text {found}")
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")


@never_cache
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show what an address agreed to and what proves it, to read and to print (REC-9)."""
    consents = receipts.consents_of(_receipt_of(token))
    context = {
        "consents": consents,
        "address": next((it.address for it in consents if it.address), ""),
        "json_url": reverse("receipt_json", args=[token]),
    }
    return _private(render(request, "sms_consent/receipt.html", context))


@never_cache
@require_safe
def receipt_json(request: HttpRequest, token: str) -> HttpResponse:
    """Give the same as ISO/IEC TS 27560 in JSON-LD, with a proof against the seals."""
    subject = _receipt_of(token)
    with translation.override(settings.LANGUAGE_CODE):  # the same file for whoever fetches it
        made = receipts.document(receipts.consents_of(subject), subject=subject)
    response = JsonResponse(made, content_type="application/ld+json", json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'inline; filename="consent-receipt.json"'
    return _private(response)


def _receipt_of(token: str) -> str:
    subject = receipts.subject_of(token)
    if not subject:
        raise Http404
    return subject


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the token from other sites, and the page from search engines (SEC-9)."""
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms, or go to the brand's own (CTA-15)."""
    if settings.TERMS_URL:
        return redirect(settings.TERMS_URL)
    return render(request, "sms_consent/terms.html", {"programs": selectors.programs()})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show the privacy policy, or go to the brand's own (CTA-15, CTA-16)."""
    if settings.PRIVACY_URL:
        return redirect(settings.PRIVACY_URL)
    kept = ("EVIDENCE_YEARS", "OPT_OUT_YEARS", "IP_ADDRESSES")
    return render(request, "sms_consent/privacy.html", {name.lower(): getattr(settings, name) for name in kept})


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process is up."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether database, migrations and the ledger's triggers are as they must be; 503 if not.

    A cache that is away is said, and no more: the site takes sign-ups and opt-outs without, and so do all the others.
    """
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        missing = triggers.missing()
    except Error:
        return JsonResponse({"ready": False, "database": "unreachable"}, status=503)
    ready = not waiting and not missing
    state = {"ready": ready, "migrations_waiting": len(waiting), "triggers_missing": missing}
    state["cache"] = "answers" if cache_answers() else "unreachable"
    return JsonResponse(state, status=200 if ready else 503)


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Give Prometheus the figures of all machines, if it shows METRICS_TOKEN; with DEBUG on and none set, anybody."""
    is_open = settings.DEBUG and not settings.METRICS_TOKEN
    if not is_open and not bearer.shows(request, settings.METRICS_TOKEN):
        words = "Authorization: Bearer with METRICS_TOKEN is needed.\n"
        challenge = {"WWW-Authenticate": "Bearer"}
        return HttpResponse(words, status=401, content_type="text/plain", headers=challenge)
    counts.write()
    try:
        return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)
    except Error:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
