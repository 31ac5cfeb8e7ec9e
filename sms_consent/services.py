"""What can be done about consent, one function per act. Each needs, or opens, one transaction.

Every function locks the addresses first (`people.lock`), then writes records, subscriptions and outbox marks
together (rule 1). None of them talks to Braze.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from sms_consent import ledger, outbox, people
from sms_consent.choices import STANDING, Act, Channel, Source, State
from sms_consent.ledger import Circumstances, Entry, Key
from sms_consent.models import ConsentRecord, Disclosure, Program, Subscription
from sms_consent.states import is_in_time

CLOCKS_APART = timedelta(seconds=2)  # whole seconds, and a little more


@dataclass(frozen=True)
class Choice:
    """A ticked box: a program, the address it is about, and the words that stood beside it."""

    program: Program
    disclosure: Disclosure
    address: str


def record_choices(
    choices: Sequence[Choice], *, source: Source, circumstances: Circumstances, proven: bool = False
) -> list[int]:
    """Write down the boxes somebody ticked; return the ids of the requests that now wait for confirmation.

    `proven`: the person is signed in and the addresses are proven to be theirs. Otherwise a tick subscribes
    only where the program takes unconfirmed sign-ups and nothing is known of the address (rule 11). The
    caller has the addresses locked.
    """
    subscriptions = ledger.standings((choice.program.pk, choice.address) for choice in choices)
    entries = [
        Entry(
            choice.program,
            choice.address,
            _tick(choice, subscriptions, proven=proven),
            source,
            disclosure=choice.disclosure,
            circumstances=circumstances,
            proven=proven,
        )
        for choice in choices
    ]
    records = ledger.append(entries, subscriptions)
    if proven:
        outbox.mark_joined(choice.address for choice in choices if not choice.program.is_sms)
    return _requests([subscriptions[entry.key] for entry in entries], records)


def _tick(choice: Choice, subscriptions: Mapping[Key, Subscription], *, proven: bool) -> Act:
    if proven:
        return Act.GRANTED
    is_known = any(row.folded_to for (_, address), row in subscriptions.items() if address == choice.address)
    return Act.REQUESTED if choice.program.confirm_sign_ups or is_known else Act.GRANTED


def _requests(subscriptions: Iterable[Subscription], records: list[ConsentRecord]) -> list[int]:
    """Return what a confirmation would confirm: what was just asked for or, where that was a repeat, what it repeats.

    One request per program: "this wasn't me" takes back what this form asked for, and no more.
    """
    waiting = {row.program_id: row.request_id for row in subscriptions if row.state == State.PENDING}
    asked = {record.program_id: record.pk for record in records if record.act == Act.REQUESTED}
    return sorted(filter(None, (waiting | asked).values()))


@transaction.atomic(durable=True)
def request(choice: Choice, *, circumstances: Circumstances, language: str, source: Source = Source.PHONE_FORM) -> None:
    """Take the phone form, or an app's: ask the handset, which alone can say yes (DOI-1, design.md §4.2).

    A number that nobody holds gets a person known by it only. Whoever is subscribed, has stopped or was asked less
    than a day ago gets no text (DOI-7, REV-11), and costs the same statements as everybody else (rule 10).
    """
    people.lock([choice.address])
    person = people.holder(choice.address)
    if person is None:
        people.hold(choice.address, language=language)
    else:
        people.write_again(person)
        outbox.mark(person)
    entry = Entry(
        choice.program,
        choice.address,
        Act.REQUESTED,
        source,
        disclosure=choice.disclosure,
        circumstances=circumstances,
    )
    ledger.append([entry], ledger.standings([entry.key]))
    outbox.wake()


def confirm(
    requests: Sequence[int],
    *,
    address: str,
    source: Source,
    circumstances: Circumstances,
    occurred_at: datetime | None = None,
    proven: bool = True,
) -> list[ConsentRecord]:
    """Confirm requests made for this address; return the records of those that were still waiting.

    `proven`: its owner has said so, by the handset or from the mailbox, and not only Braze that somebody has.
    A request that was answered, lapsed or followed by an opt-out changes nothing (design.md §4.2). The
    caller has the address locked. Confirming an email never touches a phone number (EU-4).
    """
    return _answer(Act.CONFIRMED, requests, address, source, circumstances, occurred_at, proven=proven)


def invalidate(
    requests: Sequence[int], *, address: str, source: Source, circumstances: Circumstances
) -> list[ConsentRecord]:
    """Take back requests that their addressee says were not theirs (SEC-12); return the records of it."""
    return _answer(Act.INVALIDATED, requests, address, source, circumstances)


def _answer(
    act: Act,
    requests: Sequence[int],
    address: str,
    source: Source,
    circumstances: Circumstances,
    occurred_at: datetime | None = None,
    *,
    proven: bool = True,
) -> list[ConsentRecord]:
    asked = ConsentRecord.objects.filter(pk__in=requests, subject=people.subject(address))
    entries = [
        Entry(
            record.program,
            address,
            act,
            source,
            disclosure=record.disclosure,
            circumstances=circumstances,
            occurred_at=_after(record, occurred_at),
            proven=proven,
            request=record.pk,
            requested_at=record.occurred_at,
        )
        for record in asked.select_related("program", "disclosure").order_by("pk")
    ]
    subscriptions = ledger.standings(entry.key for entry in entries)
    useful = [entry for entry in entries if _would_change(subscriptions[entry.key], entry)]
    records = ledger.append(useful, subscriptions)
    if useful:
        _mark_email(address, has_left=act == Act.INVALIDATED)
        outbox.wake()
    return records


def _after(request: ConsentRecord, answered_at: datetime | None) -> datetime | None:
    """Return when a request was answered: not before it was made, where only the clocks of two providers differ."""
    if answered_at and request.occurred_at - CLOCKS_APART < answered_at < request.occurred_at:
        return request.occurred_at
    return answered_at


def _mark_email(address: str, *, has_left: bool) -> None:
    """Have Braze told of an email address's global state; a number has none."""
    if "@" in address and has_left:
        outbox.mark_left(address)
    elif "@" in address:
        outbox.mark_joined([address])


def _would_change(subscription: Subscription, entry: Entry) -> bool:
    """Whether the answer still answers something: a link pressed twice, or too late, leaves no record (EM-4)."""
    if entry.act == Act.INVALIDATED:
        return ledger.voids(subscription, entry)
    left_since = subscription.left_at and entry.requested_at and subscription.left_at >= entry.requested_at
    in_time = entry.requested_at and is_in_time(entry.requested_at, entry.occurred_at or timezone.now())
    return bool(subscription.state == State.PENDING and not left_since and in_time)


def is_void(requests: Sequence[int], *, address: str) -> bool:
    """Whether the address has opted out since it was asked: then its link confirms nothing any more."""
    hashed = people.subject(address)
    asked = ConsentRecord.objects.filter(pk__in=requests, subject=hashed)
    left = dict(Subscription.objects.filter(subject=hashed).values_list("program_id", "left_at"))
    return any(
        (at := left.get(program)) is not None and at >= occurred_at
        for program, occurred_at in asked.values_list("program_id", "occurred_at")
    )


def given_by(person: str, address: str) -> list[Program]:
    """Return the programs that an address is on, or waits for, because this person (external_id) asked for it.

    Who has not proven a number can take back the consent that they themselves gave for it, whoever typed it
    after them, and nothing else: or else anyone could type a stranger's number and silence it (rule 11). What
    the handset has confirmed is the handset's.
    """
    by_handset = ConsentRecord.objects.filter(request=OuterRef("request"), act=Act.CONFIRMED, proven=True)
    rows = Subscription.objects.filter(subject=people.subject(address), state__in=STANDING)
    resting = rows.exclude(request=None).exclude(Exists(by_handset)).select_related("program", "request__evidence")
    return [row.program for row in resting if person in _behind(row)]


def _behind(row: Subscription) -> set[str]:
    """Return who (external_id) a subscription rests on: while it waits for an answer, everybody who asked."""
    if row.state == State.SUBSCRIBED:
        return {ledger.who(row.request)} if row.request else set()
    asked = ConsentRecord.objects.filter(subject=row.subject, program=row.program_id, act__in=ledger.OPT_INS)
    since = asked.filter(occurred_at__gt=row.left_at) if row.left_at else asked
    return {ledger.who(record) for record in since.select_related("evidence")}


@transaction.atomic
def withdraw(
    address: str,
    *,
    source: Source,
    circumstances: Circumstances,
    programs: Iterable[Program] | None = None,
    stops: bool = False,
    occurred_at: datetime | None = None,
) -> list[ConsentRecord]:
    """Opt an address out of these programs, or of every program of its channel; return the records.

    Never refused and never put off: it holds for whoever has the address, and whether or not anyone does
    (REV-3, REV-10, rule 4). `stops` marks one that only the handset can take back: by text, by the carrier
    or found at Braze. `occurred_at` is the provider's time where there is one.
    """
    people.lock([address])
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    chosen = list(Program.objects.filter(channel=channel) if programs is None else programs)
    subscriptions = ledger.standings((program.pk, address) for program in chosen)
    entries = [
        Entry(
            program,
            address,
            Act.WITHDRAWN,
            source,
            circumstances=circumstances,
            stops=stops,
            occurred_at=occurred_at,
        )
        for program in chosen
    ]
    records = ledger.append(entries, subscriptions)
    _mark_email(address, has_left=True)
    outbox.wake()
    return records


def leave_at_braze(subscription: Subscription, *, note: str, at: datetime | None = None) -> bool:
    """Record an opt-out that was found at Braze; return False if the row has changed since, or it is outdone.

    `at` is when Braze was asked: an opt-in word from after that outdoes the answer, however late either comes. Braze is
    told so then: where that word changed nothing here, it has not been.

    On a number it counts as the handset's own STOP (design.md §4.2), and in the same transaction Braze is noted as
    told. Of an email address Braze is told all the same: leaving the last program ends all its emails there.
    """
    with transaction.atomic():
        people.lock([subscription.address])
        rows = Subscription.objects.select_for_update()
        if not rows.filter(pk=subscription.pk, version=subscription.version).exists():
            return False
        program = subscription.program
        how = Circumstances(note=note)
        withdraw(
            subscription.address,
            programs=[program],
            source=Source.BRAZE,
            stops=program.is_sms,
            circumstances=how,
            occurred_at=at,
        )
        if outbox.insist_on_consent(subscription.pk):
            return False
        if program.is_sms:
            outbox.note_left(subscription.pk)
    return True
