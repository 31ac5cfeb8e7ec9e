"""Publishing words: shown once more exactly as visitors will read them, then frozen."""

from __future__ import annotations

import hashlib
from itertools import product

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from sms_consent import disclosures, selectors
from sms_consent.choices import Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure

PUBLISH = "sms_consent_disclosure_publish"  # the name of its URL
PERMISSION = "sms_consent.change_disclosure"


def as_shown(disclosure: Disclosure) -> tuple[str, list[str]]:
    """Return the words as visitors read or would read them, and what they lack."""
    if disclosure.published_at:
        return disclosure.words, []
    try:
        words = disclosures.render(disclosure.draft, disclosure.program)
    except DisclosureError as error:
        return disclosure.draft, error.problems
    return words, disclosures.problems(words, disclosure.program, disclosure.language, disclosure.door)


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    """Show a draft as rendered with what it lacks; a POST freezes exactly what was shown."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    if request.method == "POST":
        return _freeze(request, pk)
    disclosure = get_object_or_404(Disclosure.objects.select_related("program"), pk=pk)
    if disclosure.published_at:
        messages.info(request, "These words are published.")
        return redirect("admin:sms_consent_disclosure_change", pk)
    words, problems = as_shown(disclosure)
    context = {
        **site.each_context(request),
        "title": f"Publish {disclosure}",
        "disclosure": disclosure,
        "words": words,
        "problems": problems,
        "seen": _fingerprint(words),
    }
    return render(request, "admin/sms_consent/disclosure/publish.html", context)


@transaction.atomic
def _freeze(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Disclosure.objects.select_for_update(of=("self",)).select_related("program")
    disclosure = get_object_or_404(rows, pk=pk)
    words, problems = as_shown(disclosure)
    if not problems and request.POST.get("seen") != _fingerprint(words):
        problems = ["The words have changed since you looked. Please read them again."]
    if problems or disclosure.published_at:
        for problem in problems:
            messages.error(request, problem)
        return redirect(f"admin:{PUBLISH}", pk)
    disclosures.publish(disclosure)
    transaction.on_commit(selectors.forget_offers)
    LogEntry.objects.log_actions(request.user.pk or 0, [disclosure], CHANGE, "Published.", single_object=True)
    then = "Choose it now on its keywords." if disclosure.door == Door.KEYWORD else "Visitors see it from now on."
    messages.success(request, f"{disclosure} is published. {then}")
    if older := _older_words(disclosure):
        messages.info(request, f"Older words of “{disclosure.program}”, or none, still stand here: {older}.")
    return redirect("admin:sms_consent_disclosure_change", pk)


def _older_words(published: Disclosure) -> str:
    """Name where else the program has words, in which languages these are older than what was published, or missing."""
    rows = Disclosure.objects.filter(program=published.program, published_at__isnull=False).exclude(door=Door.IMPORT)
    found = rows.order_by("version").values_list("door", "language", "version")
    versions = {(door, code): f"version {version}" for door, code, version in found}
    doors, here = {door for door, _ in versions}, (published.door, published.language)
    by_door: dict[str, list[str]] = {}
    for door, (code, language) in product(Door, settings.LANGUAGES):
        if door in doors and (door, code) != here:
            by_door.setdefault(door.label, []).append(f"{language} ({versions.get((door, code), 'none')})")
    return "; ".join(f"{door}: {', '.join(languages)}" for door, languages in by_door.items())


def _fingerprint(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
