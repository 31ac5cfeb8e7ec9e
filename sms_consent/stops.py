"""A STOP reaches programs that are newer than it: it silenced the number, not a list of programs (REV-8, REV-11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.conf import settings

from sms_consent.choices import Act, Source, State
from sms_consent.evidence import Circumstances, Entry, Key
from sms_consent.models import ConsentRecord, Subscription

OPT_INS = (Act.REQUESTED, Act.GRANTED, Act.CONFIRMED)


def carried_over(entries: Iterable[Entry], subscriptions: Mapping[Key, Subscription]) -> list[Entry]:
    """Return the opt-outs to be written down before these acts, for programs that came after the STOP.

    `subscriptions` are all that the addresses have. Nothing is carried over where the handset has opted in to any
    program since, or does now, or where the program's number is not one that the STOP was for (`STOP_SCOPE`).
    """
    opt_ins = [entry for entry in entries if entry.act in OPT_INS and entry.source != Source.KEYWORD]
    new = {entry.key: entry for entry in opt_ins if subscriptions[entry.key].folded_to is None}
    rows: dict[str, list[Subscription]] = defaultdict(list)
    for (_, address), row in subscriptions.items() if new else ():
        rows[address].append(row)
    silent = [entry for entry in new.values() if _is_silent(rows[entry.address])]
    return [_again(entry, stop) for entry in silent if (stop := _stop(entry, subscriptions[entry.key].subject))]


def _is_silent(rows: Collection[Subscription]) -> bool:
    is_on = any(row.state in (State.PENDING, State.SUBSCRIBED) for row in rows)
    return not is_on and any(row.stopped_at for row in rows)


def _stop(entry: Entry, subject: str) -> ConsentRecord | None:
    """Return the newest stop that was heard of here. What an import says is about the program that it names."""
    stops = ConsentRecord.objects.filter(subject=subject, stops=True).exclude(source=Source.IMPORT)
    if settings.STOP_SCOPE == "number":
        stops = stops.filter(program__sender=entry.program.sender)
    return stops.order_by("occurred_at").last()


def _again(entry: Entry, stop: ConsentRecord) -> Entry:
    return Entry(
        entry.program,
        entry.address,
        Act.WITHDRAWN,
        stop.source,
        circumstances=Circumstances(note=f"record {stop.pk}, from before this program"),
        occurred_at=stop.occurred_at,
        stops=True,
    )
