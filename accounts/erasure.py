"""Erasing a person (EU-7): at once the opt-outs, then the deletion at Braze, and only after that what is kept here.

Asking marks the person in the transaction that opts their addresses out (`ask`). The worker has Braze told, and then
`carry_on` blanks. Whoever signs up again meanwhile is taken like anybody (rule 10): what they did since is left, under
a new name in Braze.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from post_office.models import Email

from accounts import numbers, preferences, traces
from accounts.models import Confirmation, User, new_external_id
from accounts.second_factor import factors
from sms_consent import blanking, erasures, ledger, outbox, people, selectors
from sms_consent import services as consent
from sms_consent.choices import STANDING, Source
from sms_consent.exceptions import ConsentError
from sms_consent.ledger import Circumstances
from sms_consent.models import Erasure, Program

NOTE = "erasure"


class RefusedError(ConsentError):
    """This one cannot be erased, for the reason given."""


def find(text: str, address: str) -> list[User]:
    """Return who is meant by an id in Braze, or known by an address (E.164 or email, may be empty)."""
    if named := list(User.objects.filter(external_id=text)):
        return named
    return list(User.objects.filter(Q(email=address) | Q(phone=address)).order_by("pk")) if address else []


def erasure_of(address: str) -> Erasure | None:
    """Return the newest erasure that was about this address, done or not."""
    return Erasure.objects.filter(subject=people.subject(address)).order_by("-pk").first()


# --- Asking -------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def ask(person: User, *, asked_by: str = "", circumstances: Circumstances) -> Erasure:
    """Opt a person out everywhere and mark them to be erased; return the erasure, an earlier one if there is one.

    What was theirs before they changed it goes too. `asked_by` is the number, E.164, that the request came from, which
    shows it to be theirs; `circumstances.agent` who took it. Numbers that others have too are left alone, and of one
    that the person merely typed they take back what they agreed to on it themselves (rule 11). Raises RefusedError for
    staff.
    """
    phones = preferences.numbers_of(person)
    people.lock([*_mailboxes_of(person), *phones])
    person.refresh_from_db()
    if earlier := Erasure.objects.filter(person=person).first():
        return earlier
    _refuse_staff(person)
    mailboxes = _mailboxes_of(person)
    own = [phone for phone in sorted(phones) if not numbers.is_shared(person, phone)]
    how = _circumstances(circumstances, person=person.external_id)
    for address in (*sorted(mailboxes), *own):
        _leave(address, _may_leave(person, address, asked_by), circumstances=how)
    alive = selectors.standing_somewhere(own)
    whole = mailboxes | {phone for phone in own if phone == asked_by or _came_with(person, phone)}
    outbox.erase(person)
    outbox.wake()
    return Erasure.objects.create(
        person=person,
        external_id=person.external_id,
        addresses=sorted(whole - alive),
        typed=sorted(set(own) - (whole - alive)),
        subject=people.subject(person.email or person.phone_number),
        by=circumstances.agent,
        asked_at=timezone.now(),
    )


@transaction.atomic(durable=True)
def ask_for_address(address: str, *, circumstances: Circumstances) -> Erasure:
    """The same for an address that nobody is known by, but that has a history: of texts, or imported.

    Raises RefusedError if it has none.
    """
    people.lock([address])
    earlier = erasure_of(address)
    if earlier and earlier.done_at is None:
        return earlier
    if not selectors.has_history(address):
        raise RefusedError("Nobody is known by that here, and it has no history.")
    how = _circumstances(circumstances, person="")
    _leave(address, selectors.every_program(), circumstances=how)
    outbox.wake()
    return Erasure.objects.create(
        addresses=[address], subject=people.subject(address), by=circumstances.agent, asked_at=timezone.now()
    )


def _came_with(person: User, phone: str) -> bool:
    """Whether a number is the person's, and nobody else's before they gave it, unless it is proven to be theirs.

    Or else who types a stranger's number could have erased what that stranger did (design.md §4.3).
    """
    if phone != person.phone_number:
        return False
    given_at, mark = person.phone_chosen_at or person.date_joined, ledger.mark_of(person.external_id)
    is_known = preferences.is_proven(person, phone) or not person.email
    return is_known or not selectors.was_known(phone, before=given_at, mark=mark)


def _mailboxes_of(person: User) -> set[str]:
    """Return the email addresses that the person has or had when they signed up, without those of somebody else now."""
    had = set(Confirmation.objects.filter(person=person).values_list("email", flat=True))
    others = User.objects.filter(email__in=had).exclude(pk=person.pk).values_list("email", flat=True)
    return (had | {person.email or ""}) - {"", *others}


def _refuse_staff(person: User) -> None:
    if person.is_staff or person.is_superuser:
        raise RefusedError("That is a member of staff: take their rights away first.")
    if LogEntry.objects.filter(user=person).exists():
        raise RefusedError("That was a member of staff: the admin's history, which must stay, is told by their name.")


def _circumstances(given: Circumstances, *, person: str) -> Circumstances:
    return Circumstances(ip=given.ip, agent=given.agent, note=NOTE, person=person)


def _may_leave(person: User, address: str, asked_by: str) -> list[Program]:
    if "@" in address:
        return selectors.every_program()
    is_theirs = preferences.is_proven(person, address) or address == asked_by or not person.email
    return numbers.may_leave(person, address, proven=is_theirs)


def _leave(address: str, programs: Iterable[Program], *, circumstances: Circumstances) -> None:
    """Opt an address out of those of these programs that it is on, or waits for."""
    on = {row.program_id for row in selectors.subscriptions_of([address]) if row.state in STANDING}
    if left := [program for program in programs if program.pk in on]:
        consent.withdraw(address, programs=left, source=Source.ADMIN, circumstances=circumstances)


# --- Carrying on, once Braze has taken it ----------------------------------------------------------------


def carry_on() -> None:
    """Bring every erasure as far as it gets: a chore of the worker's, done in every round."""
    if not erasures.under_way().exists():
        return
    for erasure in erasures.under_way().filter(person=None, accepted_at=None):
        # Nobody is behind it any more whose deletion would tell: an address alone, or who was merged into another.
        if not erasures.waits_for(erasure):
            erasures.accept(Erasure.objects.filter(pk=erasure.pk))
    for erasure in erasures.under_way().filter(accepted_at__isnull=False).select_related("person"):
        if erasures.waits_for(erasure):
            continue
        if not erasures.sweep(erasure, everything=not _starts_afresh(erasure)):
            return  # the next round goes on
        with suppress(blanking.LockedError):  # the next round tries again
            _finish(erasure.pk, traces.whose(erasure.addresses))


def _starts_afresh(erasure: Erasure) -> bool:
    """Whether the person has signed up or agreed to something since they asked, or has another mailbox now."""
    person = erasure.person
    if person is None or not person.email:
        return False
    has_another = people.subject(person.email) != erasure.subject
    is_alive = has_another or selectors.standing_somewhere([person.email])
    return bool(is_alive) or _since(erasure).exists()


def _since(erasure: Erasure) -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(person=erasure.person_id, created_at__gt=erasure.asked_at)


@transaction.atomic(durable=True)
def _finish(pk: int, others: Sequence[User] = ()) -> None:
    """Blank what is left, and let the person go. The evidence of what they did on addresses of others is swept.

    `others` are people whose rows may name one of the addresses.
    """
    named = Erasure.objects.get(pk=pk)
    people.lock([*named.addresses, *named.typed, *(other.email or "" for other in others)])
    erasure = Erasure.objects.select_for_update(of=("self",)).select_related("person").get(pk=pk)
    if erasure.done_at or erasures.waits_for(erasure):
        return
    alive = selectors.standing_somewhere([*erasure.addresses, *erasure.typed])
    language = erasure.person.language if erasure.person else "en"
    _let_go(erasure, alive)
    held = people.held(erasure.addresses)
    erasures.blank(erasure, alive=alive | held)
    _drop_mails(erasure, held)
    traces.forget(others, set(erasure.addresses) - held)
    for phone in sorted(phone for phone in alive - people.held(alive) if "@" not in phone):
        people.hold(phone, language=language)
    blanking.addresses(erasure.addresses)
    blanking.bare_addresses({people.subject(phone) for phone in erasure.typed})
    erasures.end(erasure)
    outbox.wake()


def _let_go(erasure: Erasure, alive: set[str]) -> None:
    """Delete the person, or let whoever has signed up since begin anew."""
    person, afresh = erasure.person, _starts_afresh(erasure)
    outbox.forget_erased(erasure.external_id)
    LogEntry.objects.filter(object_repr=erasure.external_id).exclude(object_repr="").update(object_repr="erased")
    if person is None:
        return
    if not afresh:
        person.delete()
        return
    Confirmation.objects.filter(person=person).exclude(pk__in=_since(erasure)).delete()
    person.leavings.filter(left_at__lte=erasure.asked_at).delete()
    _begin_anew(person, keeps_phone=person.phone_number not in erasure.typed and person.phone_number in alive)


def _drop_mails(erasure: Erasure, held: set[str]) -> None:
    """Delete the mails to these addresses; those since are left to whoever has an address now."""
    mails = Email.objects.filter(to__in=[address for address in erasure.addresses if "@" in address])
    mails.exclude(to__in=held, created__gt=erasure.asked_at).delete()


def _begin_anew(person: User, *, keeps_phone: bool) -> None:
    """Give whoever has signed up again a new name in Braze, and sign them out wherever they were signed in."""
    person.external_id = new_external_id()
    person.phone, person.phone_proven_at = (person.phone if keeps_phone else None), None
    person.phone_chosen_at, person.former_phones = None, []
    person.set_unusable_password()
    person.save()
    factors.forget(person)
