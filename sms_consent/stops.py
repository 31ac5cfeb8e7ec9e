"""A STOP reaches programs that are newer than it: it silenced the number, not a list of programs (REV-8, REV-11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.conf import settings

from sms_consent.choices import STANDING, Act, Source
from sms_consent.evidence import Circumstances, Entry, Key
from sms_consent.models import ConsentRecord, Program, Subscription

Stops = Mapping[str, Collection[tuple[int, datetime]]]  # by keyed hash: program and time of each


def carried_over(entries: Iterable[Entry], subscriptions: Mapping[Key, Subscription]) -> list[Entry]:
    """Return the opt-outs to be written down before these acts, where they are the first on programs newer than a STOP.

    `subscriptions` are all that the addresses have. What the handset itself says now is for its own program to fold.
    Asks nothing of the database but what STOP_SCOPE or an import needs: nobody is answered later for a STOP (rule 10).
    """
    first = [entry for entry in entries if _may_follow(entry) and subscriptions[entry.key].folded_to is None]
    rows: dict[str, list[Subscription]] = defaultdict(list)
    for (_, address), row in subscriptions.items() if first else ():
        rows[address].append(row)
    senders = _senders() if first else {}
    heard = _heard({subscriptions[entry.key].subject for entry in first if entry.source == Source.IMPORT})
    found = {
        entry.key: _again(entry, at)
        for entry in first
        if (at := _stopped_at(entry, rows[entry.address], senders, heard))
    }
    return list(found.values())


def _may_follow(entry: Entry) -> bool:
    if "@" in entry.address:
        return False
    is_the_handsets = entry.stops or (entry.source == Source.KEYWORD and entry.act != Act.WITHDRAWN)
    return entry.source == Source.IMPORT or not is_the_handsets


def _senders() -> dict[int, str]:
    """Return each program's number where a STOP is for one number only; nothing where it is for all."""
    return dict(Program.objects.values_list("pk", "sender")) if settings.STOP_SCOPE == "number" else {}


def _heard(subjects: Collection[str]) -> Stops:
    """Return the stops that were heard of here. What an import says is about the program that it names."""
    found: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    if subjects:
        stops = ConsentRecord.objects.filter(subject__among=subjects, stops=True).exclude(source=Source.IMPORT)
        for subject, program, at in stops.values_list("subject", "program_id", "occurred_at"):
            found[subject].append((program, at))
    return found


def _stopped_at(
    entry: Entry, rows: Collection[Subscription], senders: Mapping[int, str], heard: Stops
) -> datetime | None:
    """Return when the number was silenced; None if it never was, or the handset has opted in to something since.

    A STOP leaves nothing standing: what stands now the handset lifted, or it was no STOP to all. An act from before it,
    which an import may tell of, comes before that as well.
    """
    number = senders.get(entry.program.pk)
    near = [row for row in rows if senders.get(row.program_id) == number]
    before = [
        at
        for program, at in heard.get(near[0].subject, ())
        if senders.get(program) == number and entry.occurred_at and at >= entry.occurred_at
    ]
    is_silent = not any(row.state in STANDING for row in near)
    return max([row.stopped_at for row in near if row.stopped_at and is_silent] + before, default=None)


def _again(entry: Entry, at: datetime) -> Entry:
    note = f"the stop of {at:%Y-%m-%d %H:%M:%S} UTC (a text, the carrier or Braze), from before this program"
    how = Circumstances(note=note)
    return Entry(
        entry.program, entry.address, Act.WITHDRAWN, Source.KEYWORD, circumstances=how, occurred_at=at, stops=True
    )
