"""Terms, privacy policy, and whether this process can serve."""

from __future__ import annotations

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sms_consent import selectors, triggers


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
    return render(request, "sms_consent/privacy.html")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process is up."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether database, migrations and the ledger's triggers are as they must be; 503 if not."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        missing = triggers.missing()
    except Error:
        return JsonResponse({"ready": False, "database": "unreachable"}, status=503)
    ready = not waiting and not missing
    state = {"ready": ready, "migrations_waiting": len(waiting), "triggers_missing": missing}
    return JsonResponse(state, status=200 if ready else 503)
