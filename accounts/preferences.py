"""What a signed-in person can do: join, leave, change their number."""

from __future__ import annotations

from collections.abc import Sequence

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import numbers
from accounts.models import User
from sms_consent import outbox, people
from sms_consent import services as consent
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program
from sms_consent.services import Choice


@transaction.atomic(durable=True)
def save(person: User, *, phone: str, choices: Sequence[Choice], circumstances: Circumstances) -> None:
    """Change the number (E.164, or empty) and join programs, in one transaction.

    A new number starts at no consent and the old one is withdrawn unless another person holds it (DAT-11).
    What is ticked for a number that was never proven is treated as in any sign-up (design.md §4.2).
    """
    people.lock([person.email or "", phone, person.phone_number])
    person.refresh_from_db()
    numbers.give(person, phone, keep_old=False, circumstances=circumstances, source=Source.PREFERENCE_PAGE)
    person.save()
    for proven in (True, False):
        some = [choice for choice in choices if _has_proven(person, choice) is proven]
        if some:
            consent.record_choices(some, source=Source.PREFERENCE_PAGE, circumstances=circumstances, proven=proven)
    outbox.wake()


def _has_proven(person: User, choice: Choice) -> bool:
    if choice.program.is_sms:
        return _is_proven(person, choice.address)
    return bool(EmailAddress.objects.filter(user=person, email=choice.address, verified=True).exists())


def _is_proven(person: User, phone: str) -> bool:
    return person.phone_proven_at is not None and person.phone_number == phone


@transaction.atomic(durable=True)
def leave(person: User, programs: Sequence[Program], *, circumstances: Circumstances) -> None:
    """Opt the person's addresses out of these programs, on every number that they ever signed up here.

    On a number that is not proven to be theirs, out of what they agreed to on it themselves.
    """
    phones = numbers.typed_for(person) | {person.phone_number}
    people.lock([person.email or "", *phones])
    person.refresh_from_db()
    left = {phone: numbers.may_leave(person, phone, proven=_is_proven(person, phone)) for phone in phones if phone}
    if person.email:
        left[person.email] = [program for program in programs if not program.is_sms]
    for address, allowed in left.items():
        if some := [program for program in programs if program in allowed]:
            consent.withdraw(address, programs=some, source=Source.PREFERENCE_PAGE, circumstances=circumstances)


def unproven_numbers(person: User) -> bool:
    """Whether the person has signed up a number that is not proven to be theirs."""
    return any(not _is_proven(person, phone) for phone in numbers.typed_for(person) | {person.phone_number} if phone)
