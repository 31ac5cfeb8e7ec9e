"""What people can do about what they get: join, leave, change their number."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts import numbers
from accounts.models import Leaving, User
from sms_consent import outbox, people, selectors
from sms_consent import services as consent
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program
from sms_consent.services import Choice


@transaction.atomic(durable=True)
def save(
    person: User,
    *,
    phone: str,
    choices: Sequence[Choice],
    circumstances: Circumstances,
    source: Source = Source.PREFERENCE_PAGE,
) -> None:
    """Change the number (E.164, or empty) and join programs, in one transaction.

    A new number starts at no consent and the old one is withdrawn unless another person holds it (DAT-11).
    What is ticked for a number that was never proven is treated as in any sign-up (design.md §4.2).
    """
    people.lock([person.email or "", phone, person.phone_number])
    person.refresh_from_db()
    numbers.give(person, phone, keep_old=False, circumstances=circumstances, source=source)
    person.save()
    for proven in (True, False):
        some = [choice for choice in choices if _has_proven(person, choice) is proven]
        if some:
            consent.record_choices(some, source=source, circumstances=circumstances, proven=proven)
    Leaving.objects.filter(person=person, program__in=[choice.program for choice in choices]).delete()
    outbox.wake()


def _has_proven(person: User, choice: Choice) -> bool:
    if choice.program.is_sms:
        return is_proven(person, choice.address)
    return person.email == choice.address and person.has_proven_mailbox


def is_proven(person: User, phone: str) -> bool:
    """Whether the number is known to be the person's."""
    return person.phone_proven_at is not None and person.phone_number == phone


def named(which: str) -> list[Program]:
    """Return the programs that a button is about: "all", "emails", "texts", or one program's slug."""
    groups = {True: ("all", "texts"), False: ("all", "emails")}
    return [it for it in selectors.every_program() if which == it.slug or which in groups[it.is_sms]]


@transaction.atomic(durable=True)
def leave(
    person: User,
    programs: Sequence[Program],
    *,
    circumstances: Circumstances,
    source: Source = Source.PREFERENCE_PAGE,
) -> None:
    """Opt the person's addresses out of these programs, on every number that they ever signed up here.

    On a number that is not proven to be theirs, out of what they agreed to on it themselves.
    """
    phones = numbers_of(person)
    people.lock([person.email or "", *phones])
    person.refresh_from_db()
    left = {phone: numbers.may_leave(person, phone, proven=is_proven(person, phone)) for phone in phones}
    if person.email:
        left[person.email] = [program for program in programs if not program.is_sms]
    for address, allowed in left.items():
        if some := [program for program in programs if program in allowed]:
            consent.withdraw(address, programs=some, source=source, circumstances=circumstances)
    _note_leaving(person, [program for program in programs if program.is_sms])


def _note_leaving(person: User, programs: Sequence[Program]) -> None:
    """Remember that they left, whatever it ended."""
    now = timezone.now()
    Leaving.objects.bulk_create(
        [Leaving(person=person, program=program, left_at=now) for program in programs],
        update_conflicts=True,
        unique_fields=["person", "program"],
        update_fields=["left_at"],
    )


def numbers_of(person: User) -> set[str]:
    """Return the numbers, E.164, that the person has or ever signed up here."""
    return {phone for phone in numbers.typed_for(person) | {person.phone_number} if phone}


def texts_may_still_come(person: User, left: Sequence[Program]) -> bool:
    """Whether, after leaving these, only a STOP ends what others asked for: some number is not proven to be theirs.

    The same whatever others did with it: who has not proven a number learns nothing of that (design.md §4.3).
    """
    return any(it.is_sms for it in left) and any(not is_proven(person, phone) for phone in numbers_of(person))
