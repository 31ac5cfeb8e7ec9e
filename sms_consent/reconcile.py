"""What Braze says of everybody, against what stands here (BRZ-5, stories 24 and 25).

Reading comes first. It changes nothing but what Braze was seen to say, and keeps only that, in the rows that differ:
so memory does not grow, and a run that was killed goes on where it was. Acting comes after it, each subscription in
a transaction of its own, and only if nothing of ours has happened to it since it was read (rule 12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from sms_consent import outbox, people, services
from sms_consent.braze import BrazeClient, Reader
from sms_consent.choices import Source, State, Told
from sms_consent.exceptions import ConsentError
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeReading, Subscription

LANDED_AFTER = timedelta(minutes=30)  # what was sent later than that may not show at Braze yet
RESUMED_WITHIN = timedelta(hours=1)  # an older reading says too little of today
RESERVE = 0.25  # of Braze's limit on reading, which the worker and its email opt-outs share
CHUNK = 1000
FEW, SHARE = 20, 0.01  # more changes than both are a mistake somewhere until a person says otherwise

LEFT_THERE = "Found unsubscribed at Braze, which was last told subscribed."
WORD_TAKEN = "Found subscribed at Braze, whose word this program takes."

Rows = QuerySet[Subscription]
Deed = Callable[[Subscription], bool]
Tell = Callable[[int], None]


class AlreadyRunningError(ConsentError):
    """Somebody else is reading Braze at this moment."""


@dataclass(frozen=True)
class Plan:
    """What is to be done about subscriptions of one kind. `words` say it, after their number."""

    words: str
    rows: Rows
    deed: Deed


# --- Reading ------------------------------------------------------------------------------------------


def read(tell: Tell) -> BrazeReading:
    """Ask Braze about every subscription of which nothing is under way; return the finished reading.

    Goes on with a reading that was broken off within the hour. `tell` gets how many it has dealt with after each
    thousand. Raises BrazeError, and AlreadyRunningError.
    """
    in_flight = settings.BRAZE_REQUESTS_IN_FLIGHT
    client = BrazeClient(
        settings.BRAZE_REST_URL,
        settings.BRAZE_REST_KEY,
        connections=in_flight,
        timeout=settings.BRAZE_TIMEOUT,
        reserve=RESERVE,
    )
    reading, reader = _begin(), Reader(client, in_flight)
    try:
        for rows in _chunks(Subscription.objects.exclude(address=""), after=reading.up_to):
            _read(reading, rows, reader)
            tell(reading.asked + reading.left_out)
    finally:
        reader.close()
    return reading


def _begin() -> BrazeReading:
    broken_off = BrazeReading.objects.filter(ended_at=None, moved_at__gt=timezone.now() - RESUMED_WITHIN)
    return broken_off.order_by("-pk").first() or BrazeReading.objects.create()


def _chunks(rows: Rows, *, after: int = 0) -> Iterator[list[Subscription]]:
    """Leaf through rows by id, a thousand at a time; what is no longer among them by then is left out."""
    while found := list(rows.filter(pk__gt=after).select_related("program").order_by("pk")[:CHUNK]):
        yield found
        after = found[-1].pk


def _read(reading: BrazeReading, rows: list[Subscription], reader: Reader) -> None:
    """Note what Braze says of these, where nothing of ours is under way, and how far the reading has come."""
    asked_at = timezone.now()
    under_way = outbox.busy({row.address for row in rows}, asked_at - LANDED_AFTER)
    quiet = [row for row in rows if row.parked_at is None and row.address not in under_way]
    states = reader.states({row.address for row in quiet})
    said = {row: _said(states[row.address], row) for row in quiet if row.address in states}
    absent = sum(row.state == State.SUBSCRIBED and not word for row, word in said.items())
    for word in (State.SUBSCRIBED, State.UNSUBSCRIBED, ""):
        alike = [row for row in said if said[row] == word]
        outbox.note_seen([row.pk for row in alike], word, asked_at, versions={row.version for row in alike})
    _move(reading, rows[-1].pk, asked=len(said), left_out=len(rows) - len(said), absent=absent)


def _said(states: dict[str, str], row: Subscription) -> str:
    word = states.get(row.program.subscription_group_id, "")
    return word if word in (State.SUBSCRIBED, State.UNSUBSCRIBED) else ""


def _move(reading: BrazeReading, up_to: int, **counts: int) -> None:
    """Write down how far it has come, unless somebody else has."""
    grown = {name: F(name) + count for name, count in counts.items()}
    mine = BrazeReading.objects.filter(pk=reading.pk, up_to=reading.up_to, ended_at=None)
    if not mine.update(up_to=up_to, moved_at=timezone.now(), **grown):
        raise AlreadyRunningError("Another reconcile_braze is at work.")
    reading.refresh_from_db()


# --- Acting -------------------------------------------------------------------------------------------


def plans(reading: BrazeReading, *, enforce: bool) -> list[Plan]:
    """Return what this reading calls for. Surprises only take consent away, but for programs that take Braze's word."""
    seen = Subscription.objects.filter(seen_at__gte=reading.started_at).exclude(address="")
    left = seen.filter(seen=State.UNSUBSCRIBED, state=State.SUBSCRIBED, told=Told.SUBSCRIBED)
    waiting = seen.filter(seen=State.SUBSCRIBED, state=State.PENDING, program__takes_brazes_word=True)
    found = [Plan("opted out at Braze", left, _leave), Plan("confirmed by Braze's word", waiting, _confirm)]
    if enforce:
        without = seen.filter(seen=State.SUBSCRIBED, state__in=(State.NONE, State.UNSUBSCRIBED))
        found.append(Plan("to be unsubscribed at Braze", without, _insist))
    return found


def are_too_many(changes: int, asked: int) -> bool:
    """Whether so many changes are more likely somebody's mistake: more than 1 % of the run, and at least 20."""
    return changes >= FEW and changes > SHARE * asked


def carry_out(plan: Plan) -> int:
    """Do it to each that nothing has happened to since it was read; return to how many it was done."""
    return sum(_act(row, plan.deed) for rows in _chunks(plan.rows) for row in rows)


def end(reading: BrazeReading) -> None:
    """Say that a reading is over: the next run reads anew."""
    BrazeReading.objects.filter(pk=reading.pk).update(ended_at=timezone.now())


def unproven() -> Rows:
    """Return what was last seen subscribed at Braze without consent here."""
    seen = Subscription.objects.filter(seen_at__isnull=False, seen=State.SUBSCRIBED).exclude(state=State.SUBSCRIBED)
    return seen.exclude(address="").select_related("program").order_by("pk")


@transaction.atomic
def _act(row: Subscription, deed: Deed) -> bool:
    people.lock([row.address])
    same = {"version": row.version, "seen": row.seen, "seen_at": row.seen_at}
    if not Subscription.objects.select_for_update().filter(pk=row.pk, **same).exists():
        return False
    if row.seen_at is None or outbox.busy([row.address], row.seen_at - LANDED_AFTER):
        return False
    return deed(row)


def _leave(row: Subscription) -> bool:
    return services.leave_at_braze(row, note=LEFT_THERE, at=row.seen_at)


def _confirm(row: Subscription) -> bool:
    how = Circumstances(note=WORD_TAKEN)
    requests = [row.request_id] if row.request_id else []
    confirmed = services.confirm(requests, address=row.address, source=Source.BRAZE, circumstances=how, proven=False)
    return bool(confirmed)


def _insist(row: Subscription) -> bool:
    outbox.insist(row.pk)
    outbox.wake()
    return True
