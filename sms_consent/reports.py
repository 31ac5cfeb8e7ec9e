"""What Braze reports: it may take consent away, and never gives any (rule 12).

An event is our own echo when it says what we last told Braze for that address and group, or when it comes from
the REST API and is older than that. Any other "Unsubscribed" is an opt-out, whoever made it there; one made by a
text stops the number. "Subscribed" counts only as the answer to a request of ours; whatever else Braze says is
subscribed without proof here is listed, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sms_consent import blanking, outbox, people, services, texts
from sms_consent.choices import STANDING, Channel, Source, State, Told
from sms_consent.exceptions import UnplacedError
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeProfile, InboundMessage, Program, Subscription
from sms_consent.texts import BRAZE, BY_NAME, Text

Kind, Outcome = InboundMessage.Kind, InboundMessage.Outcome
REST_API, INBOUND_MESSAGE = "REST API", "Inbound Message"  # names of Braze's for who changed a state
STILL_OURS = timedelta(minutes=5)  # a call's events may come so long before its answer is settled
# "Attempt to send to unsubscribed recipient": the provider has a STOP of its own (REV-12).
BLOCKED = frozenset({"21610", "40300"})


@dataclass(frozen=True)
class Report:
    """One event of Braze's, about one of the two addresses. Empty strings stand for what it does not say.

    `kind` is one of `InboundMessage.Kind` but TEXT; `external_id` is who it is about, as Braze names them; `status`
    "subscribed", "unsubscribed"…; `cause` who did it; `code` the provider's error. `at` is None where it has no time,
    as a webhook campaign has not.
    """

    kind: str
    phone: str = ""
    email: str = ""
    external_id: str = ""
    provider_id: str | None = None
    group_id: str = ""
    status: str = ""
    cause: str = ""
    code: str = ""
    number: str = ""
    at: datetime | None = None

    @property
    def opts_out(self) -> bool:
        """Whether it takes consent away."""
        return self.kind in (Kind.SPAM, Kind.REJECTION) or self.status == State.UNSUBSCRIBED


@transaction.atomic
def receive(report: Report) -> InboundMessage | None:
    """Take a report in; return it with what was made of it, None if it is about nothing of ours.

    Raises UnplacedError for an opt-out that neither says an address nor names somebody who has one at Braze.
    """
    act = {
        Kind.GROUP_STATE: _group_state,
        Kind.EMAIL_STATE: _email_state,
        Kind.SPAM: _spam,
        Kind.REJECTION: _rejection,
    }[Kind(report.kind)]
    programs = _programs(report)
    address = _address(report, "phone" if programs[0].is_sms else "email") if programs else ""
    if not address:
        return None
    people.lock([address])
    if known := texts.known(BRAZE, report.provider_id):
        return known
    message = _message(report, programs, address)
    act(message, programs, report)
    blanking.late(message)
    message.save(force_insert=True)
    outbox.wake()
    return message


def placed(text: Text) -> Text:
    """Return a text that says no number as one from the number that Braze has of whom it names.

    Raises UnplacedError where it names nobody who has one there.
    """
    return replace(text, phone=_at_braze(_named(text.external_id), "phone"), is_by_name=True)


def _programs(report: Report) -> list[Program]:
    """Return what a report is about: the group's program, or every program of the channel."""
    if report.kind == Kind.GROUP_STATE:
        return list(Program.objects.filter(subscription_group_id=report.group_id))
    if report.kind == Kind.REJECTION and report.code not in BLOCKED:
        return []
    channel = Channel.SMS if report.kind == Kind.REJECTION else Channel.EMAIL
    return list(Program.objects.filter(channel=channel))


def _address(report: Report, name: str) -> str:
    """Return the address ("phone", "email") that a report is about: that of whom it names only if it is an opt-out."""
    said: str = getattr(report, name)
    return said if said or not report.opts_out else _address_of_whom(report, name)


def _address_of_whom(report: Report, name: str) -> str:
    """Return the address that Braze has of whom a report names; empty where it may be our own call about them."""
    profile = _named(report.external_id)
    return "" if profile and _may_be_ours(report, profile) else _at_braze(profile, name)


def _named(external_id: str) -> BrazeProfile | None:
    return BrazeProfile.objects.select_related("person").filter(external_id=external_id).first()


def _at_braze(profile: BrazeProfile | None, name: str) -> str:
    """Return the address that Braze has of somebody. Raises UnplacedError where it has none."""
    found = outbox.address_at_braze(profile, name) if profile else ""
    if not found:
        raise UnplacedError
    return found


def _may_be_ours(report: Report, profile: BrazeProfile) -> bool:
    """Whether it may be a call about a person: one is open, or was accepted so lately that it may have landed since.

    A profile that has lost its number is unsubscribed without one (`delivery.moving`): that is none of the next number.
    """
    landed = profile.accepted_at and profile.accepted_at + settings.BRAZE_RECHECK_AFTER
    is_open = profile.is_unknown or (landed is not None and texts.moment(report.at) < landed)
    return report.cause == REST_API and is_open


def _message(report: Report, programs: Sequence[Program], address: str) -> InboundMessage:
    is_opt_out = report.status != State.SUBSCRIBED
    return InboundMessage(
        provider=BRAZE,
        provider_id=report.provider_id,
        kind=report.kind,
        subject=people.subject(address),
        address=address,
        number=report.number,
        program=programs[0] if report.kind == Kind.GROUP_STATE else None,
        status=State.UNSUBSCRIBED if report.kind in (Kind.SPAM, Kind.REJECTION) else report.status,
        cause=report.cause,
        rule=report.code or ("" if address in (report.phone, report.email) else BY_NAME),
        outcome=Outcome.REPEAT,
        occurred_at=texts.moment(report.at, opts_out=is_opt_out),
    )


def _group_state(message: InboundMessage, programs: list[Program], report: Report) -> None:
    row = Subscription.objects.filter(program=programs[0], subject=message.subject).first()
    if report.status == State.UNSUBSCRIBED:
        _unsubscribed(message, programs[0], row)
    elif report.status == State.SUBSCRIBED:
        _subscribed(message, row)


def _unsubscribed(message: InboundMessage, program: Program, row: Subscription | None) -> None:
    by_text = program.is_sms and message.cause in (INBOUND_MESSAGE, "")  # who does not say may mean the handset
    if row is not None and _is_echo(message, row):
        message.outcome = Outcome.ECHO
    elif row is not None and row.state == State.UNSUBSCRIBED and (row.stopped_at or not by_text):
        message.outcome = Outcome.REPEAT
    else:
        programs = texts.scope([program]) if message.cause == INBOUND_MESSAGE else [program]
        _withdraw(message, programs, stops=by_text)


def _is_echo(message: InboundMessage, row: Subscription) -> bool:
    """Whether an opt-out at Braze may be our own call that comes back.

    It may where we have told one, or have told nothing since it was made, or do not know what became of our last
    call; and where double opt-in, which Braze keeps as unsubscribed, was asked for. What we never sent is no echo.
    """
    if message.cause != REST_API:
        return False
    if row.state == State.PENDING and row.asked:
        return True
    is_older = row.told_at is not None and message.occurred_at.replace(microsecond=0) <= row.told_at
    return row.left_at is not None and (row.told in (Told.UNSUBSCRIBED, Told.UNKNOWN) or is_older)


def _subscribed(message: InboundMessage, row: Subscription | None) -> None:
    if row is not None and row.state == State.SUBSCRIBED:
        message.outcome = Outcome.REPEAT
    elif row is not None and message.cause == INBOUND_MESSAGE and row.state == State.PENDING and row.asked:
        _confirmed(message, row)
    elif message.cause == REST_API and row is not None and _was_ours(message, row):
        message.outcome = Outcome.ECHO
    elif message.provider_id is None:
        message.outcome = Outcome.WAITING
    else:
        message.outcome = Outcome.UNPROVEN
        disbelieve(message, [row.pk] if row else [])


def disbelieve(message: InboundMessage, subscriptions: Collection[int]) -> None:
    """List these as subscribed at Braze without proof here, as of a message that says so.

    Where the handset itself did it, by a Y to what it was asked before it left, the opt-out still holds: no request
    outlives it (design.md §4.2). An opt-in word is another matter, and reported as a text.
    """
    outbox.note_seen(subscriptions, State.SUBSCRIBED, message.occurred_at)
    if message.cause == INBOUND_MESSAGE:
        outbox.insist_later(subscriptions, message.occurred_at)


def _confirmed(message: InboundMessage, row: Subscription) -> None:
    """The handset has answered our request at Braze."""
    records = services.confirm(
        [row.request_id or 0],
        address=message.address,
        source=Source.KEYWORD,
        circumstances=_circumstances(message),
        occurred_at=message.occurred_at,
    )
    texts.note(message, records)


def _was_ours(message: InboundMessage, row: Subscription) -> bool:
    """Whether a call of ours that opted in may have caused it."""
    return row.opened_at is not None and message.occurred_at <= row.opened_at + outbox.fresh() + STILL_OURS


def _email_state(message: InboundMessage, programs: list[Program], report: Report) -> None:
    """The global state: unsubscribed there is unsubscribed from every program of emails."""
    rows = Subscription.objects.filter(program__in=programs, subject=message.subject)
    on = [row for row in rows if row.state in STANDING]
    if report.status != State.UNSUBSCRIBED:
        message.outcome = Outcome.ANSWERED
    elif not on or (message.cause == REST_API and all(_is_echo(message, row) for row in on)):
        message.outcome = Outcome.ECHO
    else:
        _withdraw(message, programs, stops=False)


def _spam(message: InboundMessage, programs: list[Program], report: Report) -> None:
    """Somebody who calls it spam wants no more of it (SEC-12)."""
    _withdraw(message, programs, stops=False)


def _rejection(message: InboundMessage, programs: list[Program], report: Report) -> None:
    """The carrier or provider has a stop of its own, so the number has said it somewhere (REV-12)."""
    stopped = Subscription.objects.filter(
        program__in=programs, subject=message.subject, state=State.UNSUBSCRIBED, stopped_at__isnull=False
    )
    if stopped.count() < len(programs):
        _withdraw(message, programs, stops=True)


def _withdraw(message: InboundMessage, programs: list[Program], *, stops: bool) -> None:
    records = services.withdraw(
        message.address,
        programs=programs,
        source=Source.KEYWORD if message.cause == INBOUND_MESSAGE else Source.BRAZE,
        circumstances=_circumstances(message),
        stops=stops,
        occurred_at=message.occurred_at,
    )
    texts.note(message, records)


def _circumstances(message: InboundMessage) -> Circumstances:
    what = " ".join(filter(None, (str(Kind(message.kind).label), message.cause, message.rule)))
    return Circumstances(note=what, provider=BRAZE, provider_id=message.provider_id or "")
