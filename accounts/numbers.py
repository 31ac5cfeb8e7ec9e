"""Whose number is it: giving, taking over and changing numbers."""

from __future__ import annotations

from django.utils import timezone
from phonenumber_field.phonenumber import to_python

from accounts.models import Confirmation, User
from sms_consent import outbox, people, selectors
from sms_consent import services as consent
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeProfile, Program


def give(
    person: User,
    phone: str,
    *,
    keep_old: bool,
    circumstances: Circumstances,
    source: Source = Source.SIGN_UP,
) -> None:
    """Make `phone` (E.164, or empty) the person's number; the caller has the addresses locked and saves them.

    The number's consent is its own and stays as it is. The old number is withdrawn unless somebody else
    holds it: all of it if it was proven, otherwise what this person asked for on it. If consent is
    left, its handset's say, it goes to a phone-only row: Braze forgets a number that nobody has. With `keep_old`
    all of it does: then it was never shown to be this person's (design.md §4.3).
    """
    old, was_proven = person.phone_number, person.phone_proven_at is not None
    if old == phone:
        _take_over(person, phone)
        return
    person.phone, person.phone_proven_at = to_python(phone or None), None
    if old and old not in person.former_phones:
        person.former_phones = [*person.former_phones, old]
    if phone or not keep_old:
        person.phone_chosen_at = timezone.now()
    _take_over(person, phone)  # this first: it locks two profiles in the order in which workers do
    if old:
        outbox.note_moved(person, "phone", old)
    if not old or is_shared(person, old):
        return
    if not keep_old:
        programs = may_leave(person, old, proven=was_proven)
        consent.withdraw(old, programs=programs, source=source, circumstances=circumstances)
    if keep_old or selectors.standing_somewhere([old]):
        people.hold(old, language=person.language)


def may_leave(person: User, phone: str, *, proven: bool) -> list[Program]:
    """Return the programs that this person may take a number out of: of one not proven, what they agreed to on it."""
    if proven:
        return [program for program in selectors.every_program() if program.is_sms]
    return consent.given_by(person.external_id, phone)


def typed_for(person: User) -> set[str]:
    """Return the numbers that were ever typed for a person, E.164, whoever has them now."""
    typed = Confirmation.objects.filter(person=person, phone__isnull=False).values_list("phone", flat=True)
    return {phone.as_e164 for phone in typed} | set(person.former_phones)


def is_shared(person: User, phone: str) -> bool:
    """Whether somebody else has this number as well: families share one."""
    return User.objects.filter(phone=phone).exclude(pk=person.pk).exists()


def _take_over(person: User, phone: str) -> None:
    """A person known by this number only turns out to be this person: their Braze profiles become one."""
    row = User.objects.filter(phone=phone, email__isnull=True).exclude(pk=person.pk).first() if phone else None
    if row is None:
        return
    profile = BrazeProfile.objects.filter(person=row).first()
    if profile:
        outbox.merge_away(profile, into=person.external_id)
    row.delete()
