"""A STOP reaches programs that are newer than it: it silenced the number, not a list of programs (REV-8, REV-11).

What an import says is about the program that it names (docs/import.md): no stop of an import reaches another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from sms_consent import people
from sms_consent.choices import STANDING, Act, Source
from sms_consent.evidence import Circumstances, Entry, Key
from sms_consent.models import ConsentRecord, Program, Subscription

Place = tuple[str, str]  # which of our numbers, where each has stops of its own; the keyed hash of theirs

# How the stop that stands was heard of, by the source of its record; null if only an import tells of one. Read with the
# row itself: a query for who has stopped alone would tell of it by the time that it takes (rule 10).
STOP_HEARD_BY = """(
    SELECT CASE WHEN said.stops THEN said.source END FROM sms_consent_consentrecord AS said
    WHERE said.subject = sms_consent_subscription.subject AND said.program_id = sms_consent_subscription.program_id
    AND said.occurred_at <= sms_consent_subscription.stopped_at AND said.source <> 'import'
    AND (said.stops OR (said.source = 'keyword' AND said.act IN ('requested', 'granted')))
    ORDER BY said.occurred_at DESC, said.stops DESC LIMIT 1)"""


@dataclass(frozen=True, order=True)
class Stop:
    """When a number was silenced, and by which door that was heard of."""

    at: datetime
    source: str


def carried_over(entries: Iterable[Entry], subscriptions: Mapping[Key, Subscription]) -> list[Entry]:
    """Return the opt-outs to be written down before these acts, where they are the first on programs newer than a STOP.

    `subscriptions` are all that the addresses have. What the handset itself says now is for its own program to fold.
    Asks nothing of the database but what STOP_SCOPE or an import needs: nobody is answered later for a STOP (rule 10).
    """
    able = [entry for entry in entries if _may_follow(entry)]
    numbers = _numbers() if able else {}
    first = [entry for entry in able if subscriptions[entry.key].folded_to is None]
    rows: dict[Place, list[Subscription]] = defaultdict(list)
    for row in subscriptions.values() if first else ():
        rows[numbers.get(row.program_id, ""), row.subject].append(row)
    heard = _heard({subscriptions[entry.key].subject for entry in first if entry.source == Source.IMPORT}, numbers)
    found = {}
    for entry in first:
        place = numbers.get(entry.program.pk, ""), subscriptions[entry.key].subject
        if stop := heard.get(place) if entry.source == Source.IMPORT else _standing(rows[place]):
            found[entry.key] = _again(entry, stop)
    return list(found.values())


def _may_follow(entry: Entry) -> bool:
    if "@" in entry.address:
        return False
    is_the_handsets = entry.stops or (entry.source == Source.KEYWORD and entry.act != Act.WITHDRAWN)
    return entry.source == Source.IMPORT or not is_the_handsets


def _numbers() -> dict[int, str]:
    """Return each program's number where a STOP is for one number only; nothing where it is for all."""
    if settings.STOP_SCOPE != "number":
        return {}
    return {program: people.digits(sender) for program, sender in Program.objects.values_list("pk", "sender")}


def _heard(subjects: Collection[str], numbers: Mapping[int, str]) -> dict[Place, Stop]:
    """Return the newest stop that was heard of here: no import lifts one, whatever was texted since to another program.

    As though the program had been there then. So it does not matter which of the two came first, the import or START.
    """
    if not subjects:
        return {}
    stops = ConsentRecord.objects.filter(subject__among=subjects, stops=True).exclude(source=Source.IMPORT)
    in_order = stops.order_by("occurred_at").values_list("program_id", "subject", "occurred_at", "source")
    return {(numbers.get(program, ""), subject): Stop(*stop) for program, subject, *stop in in_order}


def _standing(rows: Collection[Subscription]) -> Stop | None:
    """Return the stop that holds; None if there never was one, or the handset has opted in to something since.

    A STOP leaves nothing standing: what stands now, or has been left otherwise since then, the handset has lifted, or
    it was no STOP to all.
    """
    heard = (Stop(row.stopped_at, row.stop_heard_by) for row in rows if row.stopped_at and row.stop_heard_by)
    stop = max(heard, default=None)
    return None if stop is None or any(_stood_after(row, stop.at) for row in rows) else stop


def _stood_after(row: Subscription, at: datetime) -> bool:
    has_left_otherwise = row.stopped_at is None and row.left_at is not None and row.left_at >= at
    return row.state in STANDING or has_left_otherwise


def _again(entry: Entry, stop: Stop) -> Entry:
    how = Circumstances(note=f"the stop of {stop.at:%Y-%m-%d %H:%M:%S} UTC, which reaches this program, too")
    source = Source(stop.source)
    return Entry(
        entry.program, entry.address, Act.WITHDRAWN, source, circumstances=how, occurred_at=stop.at, stops=True
    )
