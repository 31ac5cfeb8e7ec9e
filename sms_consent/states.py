"""The table of states: how consent records fold into where an address stands.

Pure functions; the only place that knows which act leads where. Records are folded in the order in which
they happened, opt-outs first in a tie, so the order in which they arrive never matters (KW-13, BRZ-3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce

from sms_consent.choices import Act, Source, State

COOL_DOWN = timedelta(hours=24)  # as at Braze, which sends no second prompt sooner (DOI-7)
MAX_RENEWALS = 2  # with the first request three prompts, and all within the life of one (SEC-1)
REQUEST_LIFE = timedelta(days=30)  # what nobody answers lapses then, here as at Braze (DOI-4)

_TAKEN_BACK_FIRST = (Act.WITHDRAWN, Act.INVALIDATED, Act.EXPIRED, Act.REQUESTED, Act.GRANTED, Act.CONFIRMED)
_RANK: dict[str, int] = {act.value: rank for rank, act in enumerate(_TAKEN_BACK_FIRST)}


@dataclass(frozen=True)
class Happening:
    """What the fold needs to know of one consent record.

    `request` and `requested_at` name the request that a confirmation, a lapse or an "it wasn't me" is about.
    `stops` marks an opt-out that only an opt-in word from the same handset lifts (REV-11, KW-8); `proven`
    that whoever acted had proven the address to be theirs.
    """

    id: int
    act: str
    source: str
    occurred_at: datetime
    stops: bool = False
    proven: bool = False
    request: int | None = None
    requested_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """Where an address stands on a program, and what that rests on.

    `request` is the record that asked for, or gave, the consent; while it is pending, `requested_at` is when it was
    asked for and `renewals` how often that was done anew. `left_at` is the newest opt-out or "this wasn't me",
    `folded_to` the time of the newest record in it. `imported` says that what stands, the consent or the opt-out, came
    with an import. It is kept nowhere: imported acts are always folded with all the others (`fold_all`).
    """

    state: str = State.NONE
    request: int | None = None
    requested_at: datetime | None = None
    renewals: int = 0
    left_at: datetime | None = None
    stopped_at: datetime | None = None
    folded_to: datetime | None = None
    imported: bool = field(default=False, compare=False)

    @property
    def is_stopped(self) -> bool:
        """Whether only the handset itself can opt in again."""
        return self.stopped_at is not None


def fold_all(happenings: Iterable[Happening]) -> Standing:
    """Return where an address stands after all of these, in whatever order they are given."""
    acts = in_order(happenings)
    inert = inert_among(acts)
    standing = reduce(fold, [it for it in acts if it.id not in inert], Standing())
    return replace(standing, folded_to=acts[-1].occurred_at) if acts else standing


def inert_among(acts: Collection[Happening]) -> set[int]:
    """Return which of these acts, all there are, lead nowhere, wherever the address stands (DAT-2).

    What another system asked for is no history: whoever was taken here as new stays so, whatever came in later. What it
    tells of an act that was done here, at that very time, is no other act: the site knows best what that one was.
    """
    here = {(it.act, it.occurred_at) for it in acts if it.source != Source.IMPORT}
    told = (it for it in acts if it.source == Source.IMPORT)
    return {it.id for it in told if it.act in (Act.REQUESTED, Act.EXPIRED) or (it.act, it.occurred_at) in here}


def in_order(happenings: Iterable[Happening]) -> list[Happening]:
    """Return them in the order in which they are folded."""
    return sorted(happenings, key=_order)


def _order(it: Happening) -> tuple[object, ...]:
    """Sort by time. In a tie by what was done, opt-outs first; ids, which tell the order of arrival, come last."""
    return it.occurred_at, _RANK[it.act], it.stops, it.proven, it.source, it.id


def fold(before: Standing, happening: Happening) -> Standing:
    """Return where an address stands after one more act, the newest so far."""
    after = _outcome(before, happening)
    if after.state != State.PENDING:
        after = replace(after, requested_at=None, renewals=0)
    newest = max(filter(None, (before.folded_to, happening.occurred_at)))
    return replace(after, folded_to=newest)


def _outcome(before: Standing, it: Happening) -> Standing:
    if it.act == Act.WITHDRAWN:
        return _left(before, it, stops=it.stops)
    if it.source == Source.IMPORT:
        return _imported(before, it)
    if it.act == Act.EXPIRED or it.act == Act.INVALIDATED:
        return _voided(before, it)
    if before.left_at is not None and it.occurred_at <= before.left_at:
        return before  # in a tie the opt-out wins
    if it.act == Act.CONFIRMED:
        return _confirmed(before, it)
    return _asked(before, it) if it.act == Act.REQUESTED else _agreed(before, it)


def _left(before: Standing, it: Happening, *, stops: bool) -> Standing:
    stopped_at = it.occurred_at if stops else before.stopped_at
    imported = it.source == Source.IMPORT and not _left_here(before)
    return Standing(State.UNSUBSCRIBED, left_at=it.occurred_at, stopped_at=stopped_at, imported=imported)


def _left_here(before: Standing) -> bool:
    """Whether an opt-out stands that was made here and not in another system."""
    return before.left_at is not None and before.state != State.SUBSCRIBED and not before.imported


def _imported(before: Standing, it: Happening) -> Standing:
    """What another system tells of, other than opt-outs (DAT-2).

    Nothing imported waits for an answer, and nothing imported lifts an opt-out that was made here, whatever the
    times. One that was imported itself is lifted by a newer opt-in; a stop only where that was the handset's own.
    """
    if it.act == Act.INVALIDATED:
        return _left(before, it, stops=it.stops)
    if it.act not in (Act.GRANTED, Act.CONFIRMED) or before.state == State.SUBSCRIBED or _left_here(before):
        return before
    if before.left_at is not None and (it.occurred_at <= before.left_at or (before.is_stopped and not it.proven)):
        return before
    return replace(before, state=State.SUBSCRIBED, request=it.id, stopped_at=None, imported=True)


def _voided(before: Standing, it: Happening) -> Standing:
    if it.act == Act.EXPIRED:
        has_lapsed = before.state == State.PENDING and before.request == it.request
        return replace(before, state=State.NONE, request=None) if has_lapsed else before
    if not voids(before, it):
        # What came with an import gives way to it, whatever it is about: it may have been said before the import.
        return _left(before, it, stops=False) if before.imported else before
    if before.state == State.PENDING:
        return replace(before, state=State.NONE, request=None, left_at=it.occurred_at, imported=False)
    return _left(before, it, stops=False)


def voids(before: Standing, it: Happening) -> bool:
    """Whether "this wasn't me" about a request takes anything back.

    While the address waits, it is about whatever was asked since the last opt-out: the mails of two sign-ups look
    the same, and who says it of one must not be signed up by the other. After that it is about what the consent
    rests on.
    """
    if before.state == State.PENDING:
        return it.requested_at is not None and (before.left_at is None or it.requested_at > before.left_at)
    return before.state == State.SUBSCRIBED and before.request is not None and before.request == it.request


def _confirmed(before: Standing, it: Happening) -> Standing:
    if before.state != State.PENDING:
        return before
    if before.left_at and it.requested_at and it.requested_at <= before.left_at:
        return before  # an opt-out since the request voids it
    if it.requested_at and not is_in_time(it.requested_at, it.occurred_at):
        return before
    return replace(before, state=State.SUBSCRIBED, request=it.request or before.request, imported=False)


def is_in_time(requested_at: datetime, answered_at: datetime) -> bool:
    """Whether this is an answer to that request: not from before it, and not after it has lapsed (DOI-4)."""
    return requested_at <= answered_at < requested_at + REQUEST_LIFE


def _asked(before: Standing, it: Happening) -> Standing:
    from_handset = it.source == Source.KEYWORD
    if before.state == State.PENDING:
        return _renewed(before, it)
    if before.state == State.SUBSCRIBED or (before.is_stopped and not from_handset):
        return before
    return replace(before, state=State.PENDING, request=it.id, requested_at=it.occurred_at, stopped_at=None)


def _renewed(before: Standing, it: Happening) -> Standing:
    """Still pending, now on a newer request: not before the cool-down is over, and not for ever (DOI-7)."""
    too_soon = before.requested_at is not None and it.occurred_at - before.requested_at < COOL_DOWN
    if too_soon or before.renewals >= MAX_RENEWALS:
        return before
    return replace(before, request=it.id, requested_at=it.occurred_at, renewals=before.renewals + 1)


def _agreed(before: Standing, it: Happening) -> Standing:
    if it.source == Source.KEYWORD or (it.proven and not before.is_stopped):
        return replace(before, state=State.SUBSCRIBED, request=it.id, stopped_at=None, imported=False)
    if it.proven:
        return before
    if before.folded_to is None:
        return replace(before, state=State.SUBSCRIBED, request=it.id)
    return _asked(before, it)  # nobody unproven subscribes an address that has a history here
