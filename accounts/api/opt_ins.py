"""What can be agreed to, and agreeing to it: the sign-up and the phone form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from django.core import signing
from django.http import HttpRequest
from ninja import Router, Status

from accounts import doors, guard, limits
from accounts.api import errors, schemas
from accounts.api.offers import shown
from sms_consent import selectors
from sms_consent.choices import Source

SALT = "accounts.api.sign_up"
REFUSALS = {400: schemas.Problem, 415: schemas.Problem, 429: schemas.Problem}

router = Router()


@router.get("/offers", response=schemas.Offers)
def offers(request: HttpRequest) -> dict[str, Any]:
    """Return what can be agreed to, with the words that must be shown for it. Ask when the screen is opened."""
    return {
        "opened": guard.opened_now(),
        "sign_up": [shown(offer) for offer in selectors.offers_here()],
        "phone": [shown(offer) for offer in doors.phone_offers()],
    }


@router.post("/sign-ups", response={202: schemas.Taken} | REFUSALS)
def sign_up(request: HttpRequest, sent: schemas.SignUp) -> Status[Any]:
    """Sign somebody up. The answer is the same for everyone; a mail asks them to confirm."""
    if limits.is_too_often(request, "optin_signup"):
        raise errors.too_often()
    form = doors.sign_up_form(as_form(sent.dict()))
    only_offered(sent.programs, {offer.program.slug for offer in form.offers})
    if not form.is_valid():
        raise errors.of_form(form)
    handle = doors.sign_up(request, form, source=Source.API)
    return Status(202, {"sign_up": signing.dumps(handle, salt=SALT)})


@router.post("/sign-ups/mail", response={202: schemas.Done} | REFUSALS)
def mail_again(request: HttpRequest, sent: schemas.MailAgain) -> Status[Any]:
    """Mail the link of a sign-up once more, if it still does something."""
    if limits.is_too_often(request, "optin_resend"):
        raise errors.too_often()
    with suppress(signing.BadSignature):  # as on the page: nobody is told what is still good
        doors.mail_again(request, signing.loads(sent.sign_up, salt=SALT, max_age=doors.MAIL_AGAIN_SECONDS))
    return Status(202, {})


@router.post("/phone-requests", response={202: schemas.Asked} | REFUSALS)
def ask_the_phone(request: HttpRequest, sent: schemas.PhoneRequest) -> Status[Any]:
    """Have a phone asked by text whether it wants a program's messages. The answer is the same for everyone."""
    if limits.is_too_often(request, "optin_phone"):
        raise errors.too_often()
    offer = doors.phone_offer(sent.program)
    if offer is None or offer.program.slug != sent.program:
        raise errors.not_offered("program")
    form = doors.phone_form(sent.dict(), sent.program, offer)
    if not form.is_valid():
        raise errors.of_form(form)
    doors.ask(request, form, source=Source.API)
    return Status(202, {"sender": form.offer.program.sender})


def as_form(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent as the pages' forms name it: a box for each program, and the words beside it."""
    ticked = sent.get("programs", {})
    boxes = {f"program_{slug}": "on" for slug in ticked}
    return {**sent, **boxes, **{f"disclosure_{slug}": version for slug, version in ticked.items()}}


def only_offered(programs: Collection[str], offered: Collection[str]) -> None:
    """Refuse a tick for what is not offered: passed over in silence, it would look agreed to."""
    for slug in programs:
        if slug not in offered:
            raise errors.not_offered(f"programs.{slug}")
