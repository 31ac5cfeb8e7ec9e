"""What the signed-in person gets: reading, joining, changing the number, leaving."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from ninja import Router

from accounts import doors, overview
from accounts import preferences as acts
from accounts.api import errors, schemas
from accounts.api.offers import absolute, shown
from accounts.api.opt_ins import REFUSALS, as_form, only_offered
from accounts.circumstances import of_request
from accounts.models import User
from sms_consent.choices import Source

NOBODY = {401: schemas.Problem}

router = Router()


@router.get("", response={200: schemas.Preferences} | NOBODY)
def read_preferences(request: HttpRequest) -> dict[str, Any]:
    """Return where the person stands on every program, how that came, and what they can join."""
    return _seen(_person(request))


@router.patch("", response={200: schemas.Preferences} | NOBODY | REFUSALS)
def change_preferences(request: HttpRequest, sent: schemas.Change) -> dict[str, Any]:
    """Join programs and change the number, in one; what is left out stays as it is."""
    person = _person(request)
    seen = overview.of_person(person)
    kept = {"phone": person.phone_number, "phone_before": person.phone_number}
    form = doors.preferences_form(person, seen, as_form(kept | sent.dict(exclude_unset=True)))
    # What was joined already may be a try that an app repeats: it is no mistake.
    joined = {place.program.slug for place in seen.places if place.program.pk in seen.joined}
    only_offered(sent.programs, joined | {offer.program.slug for offer in form.offers})
    if not form.is_valid():
        raise errors.of_form(form)
    if not doors.save_preferences(request, person, form, source=Source.API):
        raise errors.too_often()
    return _seen(person)


@router.delete("/{which}", response={200: schemas.Left, 404: schemas.Problem} | NOBODY)
def leave(request: HttpRequest, which: str) -> dict[str, Any]:
    """Leave one program by its name, or `all`, `emails` or `texts`. It holds at once and is never refused."""
    person, programs = _person(request), acts.named(which)
    if not programs:
        raise errors.Refused(404, [])
    acts.leave(person, programs, circumstances=of_request(request), source=Source.API)
    return {"texts_may_still_come": acts.texts_may_still_come(person, programs)}


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)  # SessionToken sees to that


def _seen(person: User) -> dict[str, Any]:
    seen = overview.of_person(person)
    return {
        "id": person.external_id,
        "email": person.email or "",
        "phone": person.phone_number,
        "programs": [_standing(row) for row in seen.rows],
        "offers": [shown(offer) for offer in doors.joinable(seen)],
        "history": [vars(event) | {"program": event.program.slug} for event in seen.events],
        "receipts": [_receipt(it) for it in seen.receipts],
        "unproven": seen.unproven,
    }


def _standing(row: overview.Row) -> dict[str, Any]:
    places = [vars(place) for place in row.places if place.address]
    return {"program": row.program.slug, "name": row.program.name, "can_be_left": row.can_be_left, "places": places}


def _receipt(receipt: overview.Receipt) -> dict[str, str]:
    url = absolute(receipt.path)
    return {"address": receipt.address, "url": url, "json_url": f"{url.rstrip('/')}.json"}
