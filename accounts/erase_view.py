"""The admin's page on which a person is erased: what will happen, what stays, and one button."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts import erasure, numbers, preferences
from accounts.models import User
from sms_consent import access, people
from sms_consent.access import Action
from sms_consent.ledger import Circumstances

PERMISSION = "accounts.delete_user"


@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, pk: int, site: AdminSite) -> HttpResponse:
    """Show the page, or ask for the erasure; whoever may delete people may. The worker does the rest."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        asked_by = person.phone_number if "from_the_number" in request.POST else ""
        return _ask(request, person, asked_by)
    phones = sorted(preferences.numbers_of(person))
    context = {
        **site.each_context(request),
        "title": "Erase a person",
        "person": person,
        "email": people.mask(person.email or ""),
        "alone": [people.mask(it) for it in phones if not numbers.is_shared(person, it)],
        "number": "" if person.phone_proven_at or not person.email else people.mask(person.phone_number),
        "shared": [people.mask(it) for it in phones if numbers.is_shared(person, it)],
    }
    return render(request, "admin/accounts/user/erase.html", context)


def _ask(request: HttpRequest, person: User, asked_by: str) -> HttpResponse:
    name, address = person.pk, person.email or person.phone_number
    try:
        how = Circumstances(agent=access.agent(request))
        asked = erasure.ask(person, asked_by=asked_by, circumstances=how)
    except erasure.RefusedError as error:
        messages.error(request, f"Nobody was erased. {error}")
        return redirect("admin:accounts_user_change", name)
    access.note(request, Action.ERASED, "Person", object_id=name, address=address, detail=str(asked))
    messages.success(request, "Opted out everywhere. What is kept is blanked once Braze has taken everything.")
    return redirect("admin:accounts_user_change", name)
