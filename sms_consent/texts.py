"""Inbound texts: what a handset said, and what follows from it. One text is one record, however it is reported.

The provider's time decides where a text stands among other acts (KW-13). A time in whole seconds is taken as the
end of that second for an opt-out and as its beginning for everything else, so that in doubt the opt-out wins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from optin_site.storable import storable
from sms_consent import keywords, ledger, outbox, people, retold, services
from sms_consent.choices import Act, Channel, Source, State
from sms_consent.exceptions import UnplacedError
from sms_consent.keywords import Match, Words
from sms_consent.ledger import Circumstances, Entry
from sms_consent.models import ConsentRecord, InboundMessage, Keyword, Program, Subscription

LONGEST_BODY = 5_000
BRAZE = "braze"
BY_NAME = "external_id"  # whose it is was found by that, for it says no address
Kind, Outcome = InboundMessage.Kind, InboundMessage.Outcome


@dataclass(frozen=True)
class Text:
    """A text as its provider reports it.

    `phone` is the handset, `number` (E.164 or short code, empty if not told) what it was texted to, `group_id` the
    Braze subscription group of that number where it is told instead. `external_id` is who sent it, as Braze names
    them; `is_by_name`: it does not say its handset, which was looked up by that (`reports.placed`). `at` is the
    provider's time; None where it has none. `is_first_hand`: this report says for itself what was texted and when, so
    an opt-in in it can be acted on. `is_asked`: the provider did not take an opt-in word of its own as one, so it asks
    the handset to confirm.
    """

    provider: str
    phone: str
    body: str
    provider_id: str | None = None
    number: str = ""
    group_id: str = ""
    at: datetime | None = None
    is_first_hand: bool = True
    is_asked: bool = False
    external_id: str = ""
    is_by_name: bool = False


@transaction.atomic
def receive(text: Text) -> InboundMessage:
    """Take a text in; return it with what was made of it. A text that is known already changes nothing.

    Locks the handset's number first. Whoever texts from a number that nobody holds and opts in becomes a person
    known by that number (design.md §4.3). An opt-out is recorded whoever it comes from (REV-10).

    Raises UnplacedError for one that only names somebody, but for an opt-out and what may be one: whoever opts in
    shows by the number that it is their handset, and a name in a report shows nothing (rule 4).
    """
    people.lock([text.phone])
    if seen := known(text.provider, text.provider_id):
        return seen
    programs = _programs(text)
    match, waiting = _read(text, programs)
    if text.is_by_name and match.meaning is not keywords.Meaning.OPT_OUT and not match.needs_review:
        raise UnplacedError
    message = _message(text, match, programs)
    _act(message, match, programs, waiting, text)
    message.save(force_insert=True)
    outbox.wake()
    return message


def act_on(message: InboundMessage, *, programs: list[Program], at: datetime) -> None:
    """Do what a text asks for that could not be acted on when it came, as of `at`; the caller saves the message."""
    text = Text(message.provider, message.address, message.body, number=message.number, at=at)
    match, waiting = _read(text, programs)
    _act(message, match, programs, waiting, text)


def _read(text: Text, programs: Collection[Program]) -> tuple[Match, list[Subscription]]:
    """Return what a text means here and now, and the requests that it may answer."""
    waiting = _waiting(text, programs)
    return keywords.match(text.body, _words(text, programs), is_pending=bool(waiting)), waiting


def known(provider: str, provider_id: str | None) -> InboundMessage | None:
    """Return what came under this id before (KW-13); nothing comes twice that has none."""
    if provider_id is None:
        return None
    return InboundMessage.objects.filter(provider=provider, provider_id=provider_id).first()


def _programs(text: Text) -> list[Program]:
    """Return the programs of the number that was texted; every program of texts where that says nothing."""
    sms = list(Program.objects.filter(channel=Channel.SMS))
    if by_group := [program for program in sms if program.subscription_group_id == text.group_id]:
        return by_group
    worded = set(Keyword.objects.filter(number=text.number).values_list("program_id", flat=True))
    own = [program for program in sms if program.pk in worded or people.digits(program.sender) == text.number]
    return own if text.number and own else sms


def _words(text: Text, programs: Collection[Program]) -> Words:
    """Return what the number listens to besides the site's own words (KW-7, KW-11)."""
    by_meaning: dict[str, list[str]] = {"opt_in": [], "opt_out": [], "help": []}
    for keyword in _keywords(text, programs):
        by_meaning[keyword.meaning].append(keyword.word)
    return Words(**by_meaning)


def _keywords(text: Text, programs: Collection[Program]) -> list[Keyword]:
    """Return the active keywords of the number, or of these programs and of none where the number is not told.

    Of a program that is offered no more, too, but for the words that opt in to it.
    """
    here = Q(number=text.number) if text.number else Q(program__in=programs) | Q(program=None)
    found = Keyword.objects.filter(here, is_active=True).select_related("program", "disclosure")
    return list(found.exclude(meaning=keywords.Meaning.OPT_IN.value, program__is_active=False))


def _waiting(text: Text, programs: Collection[Program]) -> list[Subscription]:
    """Return the requests that a Y from this handset answers: those that wait, and any that it has just answered."""
    rows = Subscription.objects.filter(subject=people.subject(text.phone), program__in=programs).exclude(request=None)
    at = moment(text.at)
    near = (at - retold.SAME_TEXT, at + retold.SAME_TEXT)
    answered = ConsentRecord.objects.filter(act=Act.CONFIRMED, request__in=rows.values("request"))
    just_now = set(answered.filter(occurred_at__range=near).values_list("request_id", flat=True))
    return [row for row in rows if row.state == State.PENDING or row.request_id in just_now]


def moment(at: datetime | None, *, opts_out: bool = False) -> datetime:
    """Return when something happened by the provider's time, or now: never in the future, and an opt-out's own way.

    Braze tells whole seconds: an opt-out is taken to be at the end of its second, so that nothing of ours in that
    second outdoes it.
    """
    now = timezone.now()
    if at is None:
        return now
    is_whole = opts_out and not at.microsecond
    return min(at + timedelta(microseconds=999_999) if is_whole else at, now)


def _message(text: Text, match: Match, programs: Sequence[Program]) -> InboundMessage:
    return InboundMessage(
        provider=text.provider,
        provider_id=text.provider_id,
        kind=Kind.TEXT,
        subject=people.subject(text.phone),
        address=text.phone,
        number=text.number,
        program=programs[0] if len(programs) == 1 else None,
        body=storable(text.body)[:LONGEST_BODY],
        normalised=match.normalised,
        word=match.word,
        rule=match.rule,
        needs_review=match.needs_review,
        cause=BY_NAME if text.is_by_name else "",
        outcome=Outcome.UNKNOWN,
        occurred_at=moment(text.at, opts_out=match.meaning is keywords.Meaning.OPT_OUT),
    )


def _act(
    message: InboundMessage, match: Match, programs: list[Program], waiting: list[Subscription], text: Text
) -> None:
    """Do what the text asks for, in the order of KW-6, and note on the message what was made of it."""
    meaning = match.meaning
    if meaning is keywords.Meaning.OPT_OUT:
        _opt_out(message, scope(programs))
    elif meaning is keywords.Meaning.HELP:
        message.outcome = Outcome.ANSWERED
    elif meaning in (keywords.Meaning.CONFIRM, keywords.Meaning.OPT_IN) and not text.is_first_hand:
        message.outcome = Outcome.WAITING
    elif meaning is keywords.Meaning.CONFIRM:
        _confirm(message, waiting)
    elif meaning is keywords.Meaning.OPT_IN and people.is_served(text.phone):
        is_asked = text.is_asked and match.word in keywords.OPT_IN
        _opt_in(message, _keyword(text, programs, match.word), is_asked=is_asked)


def _keyword(text: Text, programs: Collection[Program], word: str) -> Keyword:
    words = [it for it in _keywords(text, programs) if it.meaning == keywords.Meaning.OPT_IN.value]
    return next(it for it in words if keywords.normalise(it.word) == word)


def circumstances(message: InboundMessage, keyword: Keyword | None = None) -> Circumstances:
    """Return the evidence of a text: what was said, to which number, by whose account (KW-14); and what it answers."""
    said = Circumstances(
        note=message.cause,
        body=message.body,
        texted_to=message.number,
        rule=message.rule,
        provider=message.provider,
        provider_id=message.provider_id or "",
    )
    return replace(said, **cast(Any, keyword.evidence)) if keyword else said


def scope(programs: list[Program]) -> list[Program]:
    """Return what a STOP to these programs' number ends: every program of texts, or these (REV-8)."""
    return list(Program.objects.filter(channel=Channel.SMS)) if settings.STOP_SCOPE == "brand" else programs


def _opt_out(message: InboundMessage, programs: list[Program]) -> None:
    """Withdraw, from all that another report of this very text has not withdrawn yet."""
    message.status = State.UNSUBSCRIBED
    said = retold.stopped_by(message)
    records = services.withdraw(
        message.address,
        programs=[program for program in programs if program.pk not in said],
        source=Source.KEYWORD,
        circumstances=circumstances(message),
        stops=True,
        occurred_at=message.occurred_at,
    )
    note(message, records)


def _confirm(message: InboundMessage, waiting: list[Subscription]) -> None:
    message.status = State.SUBSCRIBED
    asked = [row.request_id for row in waiting if row.state == State.PENDING and row.request_id]
    records = services.confirm(
        asked,
        address=message.address,
        source=Source.KEYWORD,
        circumstances=circumstances(message),
        occurred_at=message.occurred_at,
    )
    note(message, records)
    for request in ConsentRecord.objects.filter(pk__in=asked).select_related("evidence") if records else ():
        people.prove_phone(ledger.who(request), message.address)


def _opt_in(message: InboundMessage, keyword: Keyword, *, is_asked: bool = False) -> None:
    """Opt in by the keyword's own program and disclosure (US-6); what was heard out of turn after it still holds."""
    program = keyword.program
    assert program is not None  # noqa: S101 - the database keeps opt-in words with a program
    message.program = program
    message.status = State.SUBSCRIBED
    if people.holder(message.address) is None:
        people.hold(message.address, language=keyword.language)
    subscriptions = ledger.standings([(program.pk, message.address)])
    opt_in = Entry(
        program,
        message.address,
        Act.REQUESTED if keyword.asks_confirmation or is_asked else Act.GRANTED,
        Source.KEYWORD,
        disclosure=keyword.disclosure,
        circumstances=circumstances(message, keyword),
        occurred_at=message.occurred_at,
        proven=True,
    )
    note(message, [] if retold.opted_in_by_another(message) else ledger.append([opt_in], subscriptions))
    unproven = InboundMessage.objects.filter(subject=message.subject, program=program, outcome=Outcome.UNPROVEN)
    unproven.update(outcome=Outcome.REPEAT)
    for later in retold.passed_over_after(message, program):
        ledger.append([_repeated(later, program)], subscriptions)
    if message.provider == BRAZE:
        outbox.claim_identity(message.address)


def _repeated(later: InboundMessage, program: Program) -> Entry:
    return Entry(
        program,
        later.address,
        Act.WITHDRAWN,
        Source.KEYWORD,
        circumstances=circumstances(later),
        occurred_at=later.occurred_at,
        stops=True,
    )


def note(message: InboundMessage, records: Sequence[ConsentRecord]) -> None:
    """Write on a message what became of it: the first record it made, or that it changed nothing."""
    message.record = records[0] if records else None
    message.outcome = Outcome.ACTED if records else Outcome.REPEAT
