"""What the ledger holds of an address, for the eyes of whoever has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from sms_consent import ledger, people
from sms_consent.choices import Act, Source
from sms_consent.models import ConsentRecord, Program

LONGEST = 100

_JOINED = {
    Source.SIGN_UP: _("The box was ticked on the sign-up."),
    Source.PHONE_FORM: _("The number was entered on the phone form."),
    Source.KEYWORD: _("The phone asked for it by text."),
    Source.PREFERENCE_PAGE: _("You ticked the box under Preferences."),
    Source.IMPORT: _("You had agreed before this site was there."),
    Source.API: _("It was asked for in the app."),
}
_CONFIRMED = {
    Source.SIGN_UP: _("You pressed the button in the mail."),
    Source.KEYWORD: _("The phone said yes by text."),
}
_LEFT = {
    Source.SIGN_UP: _("Another address took its place."),
    Source.KEYWORD: _("STOP came from the phone."),
    Source.PREFERENCE_PAGE: _("You left under Preferences."),
    Source.ONE_CLICK: _("You left by the link in a message."),
    Source.ADMIN: _("You told us, and we took you off."),
    Source.BRAZE: _("The service that sends our messages was told to stop."),
    Source.IMPORT: _("You had left before this site was there."),
    Source.API: _("You left in the app."),
}
_WORDS: dict[str, tuple[Mapping[Source, Any], Any]] = {
    Act.REQUESTED: (_JOINED, _("It was asked for.")),
    Act.GRANTED: (_JOINED, _("You agreed.")),
    Act.CONFIRMED: (_CONFIRMED, _("It was confirmed.")),
    Act.WITHDRAWN: (_LEFT, _("You left.")),
    Act.EXPIRED: ({}, _("Nobody confirmed it in time, so it lapsed.")),
    Act.INVALIDATED: ({}, _("Somebody who reads this address said that it was not them.")),
}


def words(record: ConsentRecord) -> str:
    """Return in plain words what was done, and where."""
    by_source, otherwise = _WORDS[record.act]
    return str(by_source.get(Source(record.source), otherwise))


def of_address(address: str) -> list[ConsentRecord]:
    """Return the newest records of an address, newest first, at most a hundred."""
    records = ConsentRecord.objects.filter(subject=people.subject(address)).select_related("program")
    return list(records.order_by("-occurred_at", "-id")[:LONGEST])


def asked_by(person: str, address: str) -> dict[Program, datetime]:
    """Return which programs this person (external_id) asked for on an address, each with when they last did.

    Tells nothing else of the address: neither what others did nor what became of it.
    """
    asked = ConsentRecord.objects.filter(
        subject=people.subject(address), act__in=ledger.OPT_INS, evidence__payload__contains=ledger.mark_of(person)
    )
    records = asked.select_related("program", "evidence").order_by("occurred_at")
    return {record.program: record.occurred_at for record in records if ledger.who(record) == person}
