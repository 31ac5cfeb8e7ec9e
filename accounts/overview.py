"""Where a person's addresses stand, as far as they may know: what both preference pages show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from accounts import preferences
from accounts.models import User
from sms_consent import history, people, receipts, selectors
from sms_consent.choices import STANDING, Act, State
from sms_consent.models import ConsentRecord, Program, Subscription

# Beside the states of a subscription: left by the handset itself; asked for, or left, by who has not proven a number.
STOPPED, ASKED, LEFT = "stopped", "asked", "left"
CAN_BE_LEFT = (*STANDING, ASKED)


@dataclass(frozen=True)
class Place:
    """Where one address stands on one program; `address` as it may be shown, empty if there is none."""

    program: Program
    address: str = ""
    state: str = State.NONE
    since: datetime | None = None


@dataclass(frozen=True)
class Row:
    """A program with everywhere that the person's addresses stand on it."""

    program: Program
    places: list[Place]

    @property
    def can_be_left(self) -> bool:
        """Whether there is anything to leave."""
        return any(place.state in CAN_BE_LEFT for place in self.places)


@dataclass(frozen=True)
class Event:
    """One line of the history; `words` say what was done and where."""

    at: datetime
    program: Program
    address: str
    words: str


@dataclass(frozen=True)
class Receipt:
    """Where an address's receipt is (REC-9)."""

    address: str
    path: str


@dataclass
class Overview:
    """What a page shows. `unproven` are the numbers, masked, of which only the person's own acts are shown."""

    places: list[Place] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Every program that is offered, and every other that an address has to do with."""
        found = [(it, [place for place in self.places if place.program == it]) for it in selectors.every_program()]
        return [Row(program, places or [Place(program)]) for program, places in found if places or program.is_active]

    @property
    def joined(self) -> set[int]:
        """The ids of programs that an address of theirs is on."""
        return {place.program.pk for place in self.places if place.state == State.SUBSCRIBED}


def of_person(person: User, *, by_link: bool = False) -> Overview:
    """Return what a person may see: of a number that is not proven to be theirs, what they themselves asked for on it.

    Who came by a link is shown addresses masked, and no history.
    """
    proven = [person.email or ""] + [it for it in preferences.numbers_of(person) if preferences.is_proven(person, it)]
    overview = of_addresses(proven, by_link=by_link)
    for phone in sorted(preferences.numbers_of(person) - set(proven)):
        if asked := _asked(person, phone):
            overview.places += asked
            overview.unproven.append(people.mask(phone))
    return overview


def of_addresses(addresses: Iterable[str], *, by_link: bool) -> Overview:
    """Return everything about addresses that are proven to be the reader's."""
    overview = Overview()
    for address in filter(None, addresses):
        shown = people.mask(address) if by_link else address
        records = history.of_address(address)
        overview.places += [_place(row, shown, records) for row in selectors.subscriptions_of([address])]
        if not by_link:
            overview.receipts.append(Receipt(shown, receipts.path_of(address)))
            overview.events += [Event(it.occurred_at, it.program, shown, history.words(it)) for it in records]
    overview.events.sort(key=lambda event: event.at, reverse=True)
    return overview


def _place(row: Subscription, shown: str, records: list[ConsentRecord]) -> Place:
    if row.state == State.UNSUBSCRIBED:
        stopped = row.program.is_sms and row.stopped_at is not None
        return Place(row.program, shown, STOPPED if stopped else row.state, row.stopped_at if stopped else row.left_at)
    since = row.request.occurred_at if row.request else None
    if row.state == State.SUBSCRIBED:
        confirmed = [it for it in records if it.request_id == row.request_id and it.act == Act.CONFIRMED]
        since = confirmed[-1].occurred_at if row.request_id and confirmed else since
    return Place(row.program, shown, row.state, since)


def _asked(person: User, phone: str) -> list[Place]:
    """Return what a person asked for on a number that they have not proven and not replaced since."""
    replaced_at = person.phone_chosen_at if phone != person.phone_number else None
    left_at = dict(person.leavings.values_list("program", "left_at"))
    found = []
    for program, at in history.asked_by(person.external_id, phone).items():
        left = left_at.get(program.pk)
        state, since = (LEFT, left) if left and left >= at else (ASKED, at)
        if replaced_at is None or at > replaced_at:
            found.append(Place(program, people.mask(phone), state, since))
    return found
