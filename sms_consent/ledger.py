"""The only writer of consent records, their evidence and the state of subscriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import product

from django.db import connection
from django.utils import timezone

from optin_site import bulk, reading, together
from optin_site.lookups import among
from sms_consent import outbox, states
from sms_consent.choices import Act, Channel, Door, Source, State
from sms_consent.evidence import Circumstances, Entry, Key, Proof, canonical, commitment, mark_of, prove, who
from sms_consent.models import ConsentRecord, Evidence, Subscription
from sms_consent.people import subject
from sms_consent.states import Happening, Standing, fold, fold_all
from sms_consent.stops import STOP_HEARD_BY, carried_over

__all__ = [
    "OPT_INS",
    "REPEAT_WINDOW",
    "Circumstances",
    "Entry",
    "Key",
    "append",
    "canonical",
    "commitment",
    "mark_of",
    "standings",
    "voids",
    "who",
]

REPEAT_WINDOW = timedelta(minutes=10)
OPT_INS = frozenset({Act.REQUESTED, Act.GRANTED})

Past = list[Happening]


def standings(keys: Iterable[Key]) -> dict[Key, Subscription]:
    """Return all subscriptions of these addresses, and new unsaved ones for these programs. One query.

    Call it after the addresses are locked (`people.lock`). The rows stay locked until the transaction ends,
    so that no worker settles a call on them in between; always in the order of their ids.
    """
    wanted = {(program, subject(address)): address for program, address in keys}
    condition, hashes = among("subject", {hashed for _, hashed in wanted})
    lock = "FOR UPDATE" if connection.features.has_select_for_update else ""
    rows = reading.rows(Subscription, f"WHERE {condition} ORDER BY id {lock}", [hashes], stop_heard_by=STOP_HEARD_BY)
    addresses = {hashed: address for (_, hashed), address in wanted.items()}
    found = {(row.program_id, addresses[row.subject]): row for row in rows}
    for (program, hashed), address in wanted.items():
        found.setdefault((program, address), Subscription(program_id=program, subject=hashed))
    return found


def append(entries: Sequence[Entry], subscriptions: Mapping[Key, Subscription]) -> list[ConsentRecord]:
    """Write acts down and bring their subscriptions up to date, in the caller's transaction.

    Returns the records written, in the order of `entries` without the repeats: an act that repeats the one
    before it within ten minutes and changes nothing leaves no record, nor does an imported one of which there is a
    record already. A STOP that these programs are newer than is written down before them, and not returned. Three
    statements, however many acts, and one more where some are not the newest or are imported.
    """
    now = timezone.now()
    pasts = _pasts({entry.key for entry in entries if entry.source == Source.IMPORT}, subscriptions)
    stopped = carried_over(entries, subscriptions)
    new = stopped + [
        entry if entry.occurred_at else replace(entry, occurred_at=_when(subscriptions[entry.key], now))
        for entry in _new(entries, subscriptions, pasts, now)
    ]
    if not new:
        _write_in_vain([entry for entry in entries if entry.source != Source.IMPORT], subscriptions, now)
        return []
    pasts |= _pasts(_late(new, subscriptions) - pasts.keys(), subscriptions)
    records = _write(new, subscriptions, now)
    done: dict[Key, list[tuple[Entry, Happening]]] = defaultdict(list)
    for entry, record in zip(new, records, strict=True):
        done[entry.key].append((entry, _happening(entry, record.pk)))
    for key, acts in done.items():
        _advance(subscriptions[key], acts, pasts.get(key), now)
    _save([subscriptions[key] for key in done])
    return records[len(stopped) :]


def _new(
    entries: Iterable[Entry], subscriptions: Mapping[Key, Subscription], pasts: Mapping[Key, Past], now: datetime
) -> Iterator[Entry]:
    """Leave out the repeats. An imported act is one if anything told of it before, the same file included (DAT-2)."""
    known = {it for key, past in pasts.items() for act in past for it in _covered(key, act)}
    for entry in entries:
        if entry.source != Source.IMPORT:
            is_repeat = _is_repeat(entry, subscriptions[entry.key], now)
        elif not (is_repeat := (entry.key, entry.act, entry.occurred_at, entry.stops, entry.proven) in known):
            known.update(_covered(entry.key, entry))
        if not is_repeat:
            yield entry


def _covered(key: Key, act: Entry | Happening) -> Iterator[tuple[object, ...]]:
    """Yield what an import may say of this act and tell nothing new.

    An imported stop or proof is more than an imported act without; of what was done here, the site knows best.
    """
    is_ours = act.source != Source.IMPORT
    for stops, proven in product({False, act.stops or is_ours}, {False, act.proven or is_ours}):
        yield key, act.act, act.occurred_at, stops, proven


def _pasts(keys: Collection[Key], subscriptions: Mapping[Key, Subscription]) -> dict[Key, Past]:
    """Return what the ledger holds of these subscriptions. One query; none where there is no history."""
    found: dict[Key, Past] = {key: [] for key in keys}
    known = {(key[0], subscriptions[key].subject): key for key in keys if subscriptions[key].folded_to}
    if not known:
        return found
    rows = ConsentRecord.objects.filter(subject__among={hashed for _, hashed in known})
    names = ("id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    for program, hashed, *row in rows.values_list("program_id", "subject", *names):
        if key := known.get((program, hashed)):
            found[key].append(Happening(*row))
    return found


def _late(entries: Iterable[Entry], subscriptions: Mapping[Key, Subscription]) -> set[Key]:
    """Return the subscriptions on which something later than one of these acts is known already."""
    newest = {key: row.folded_to for key, row in subscriptions.items()}
    late = set()
    for entry in entries:
        if _is_newest(entry, newest[entry.key]):
            newest[entry.key] = entry.occurred_at
        else:
            late.add(entry.key)
    return late


def _is_newest(act: Entry | Happening, folded_to: datetime | None) -> bool:
    return folded_to is None or (act.occurred_at is not None and act.occurred_at > folded_to)


def _write_in_vain(repeats: Sequence[Entry], subscriptions: Mapping[Key, Subscription], now: datetime) -> None:
    """Do the work of writing down, statement for statement: a repeat must not be answered sooner (rule 10)."""
    if not repeats:
        return
    for entry in repeats:
        _record(replace(entry, occurred_at=now), prove(entry), subscriptions[entry.key].subject, now)
    none = "INSERT INTO {0} SELECT * FROM {0} WHERE 1 = 0"
    records, evidence = (f'"{model._meta.db_table}"' for model in (ConsentRecord, Evidence))
    together.ask(f"{none.format(records)} RETURNING id", [])
    together.send(evidence, none.format(evidence), [])
    _save([copy(row) for row in {entry.key: subscriptions[entry.key] for entry in repeats}.values()])


def _when(subscription: Subscription, now: datetime) -> datetime:
    """Return when an act of now was done: always after what is known to have come before it.

    Without that, a server whose clock is slow writes an opt-out down as older than the consent it takes back. At the
    very same time it would pass for what an import told of, and a stop in that for none.
    """
    known = subscription.folded_to
    return known + timedelta.resolution if known and known > now else now


def _is_repeat(entry: Entry, subscription: Subscription, now: datetime) -> bool:
    """Whether somebody does again what they have just done, and nothing would stand differently with it.

    What carries a time of its own (texts, events) may arrive in any order, so that something from in between may
    follow: there only the same act at the same time is a repeat. An opt-out that is newer than the last one never
    is, for it outdoes opt-ins that the last one does not.
    """
    before = subscription.standing
    if before.folded_to is None:
        return False
    at = entry.occurred_at or now
    if _waits_for_an_answer(entry, before):
        return fold(before, _happening(replace(entry, occurred_at=at), 0)).request == before.request
    soon = at == before.folded_to if entry.occurred_at else abs(at - before.folded_to) < REPEAT_WINDOW
    alike = OPT_INS if entry.act in OPT_INS and not entry.occurred_at else {entry.act}
    if not soon or subscription.last_said not in {_said(entry, act) for act in alike}:
        return False
    after = fold(before, _happening(replace(entry, occurred_at=at), 0))
    return replace(after, request=before.request, folded_to=before.folded_to) == before


def _waits_for_an_answer(entry: Entry, before: Standing) -> bool:
    """Whether a form, or an app, asks for a yes by text although the handset has been asked already (DOI-7)."""
    words = entry.disclosure
    is_form = words is not None and words.door == Door.PHONE_FORM and entry.occurred_at is None
    return is_form and entry.act == Act.REQUESTED and before.state == State.PENDING


def _said(entry: Entry, act: str) -> str:
    """Return what a repeat is known by: the same person doing the same at the same door, under the same words.

    A hash, because it names the person. Somebody else's tick is an act of its own, and so is one under new words.
    """
    shown = entry.disclosure.pk if entry.disclosure else None
    return subject("\n".join(map(str, (entry.source, act, entry.circumstances.person, shown))))


def _write(entries: Sequence[Entry], subscriptions: Mapping[Key, Subscription], now: datetime) -> list[ConsentRecord]:
    proofs = [prove(entry) for entry in entries]
    records = [
        _record(entry, proof, subscriptions[entry.key].subject, now)
        for entry, proof in zip(entries, proofs, strict=True)
    ]
    bulk.insert(records)
    ids, salts, payloads = [record.pk for record in records], *zip(*proofs, strict=True)
    bulk.add(Evidence, {"record": ids, "salt": salts, "payload": payloads})
    return records


def _record(entry: Entry, proof: Proof, hashed: str, now: datetime) -> ConsentRecord:
    assert entry.occurred_at is not None  # noqa: S101 - append() has filled it in
    return ConsentRecord(
        program=entry.program,
        disclosure=entry.disclosure,
        words_sha256=entry.disclosure.sha256 if entry.disclosure else "",
        act=entry.act,
        source=entry.source,
        stops=entry.stops,
        proven=entry.proven,
        request_id=entry.request,
        subject=hashed,
        commitment=commitment(proof.salt, proof.payload),
        occurred_at=entry.occurred_at,
        recorded_at=now,
    )


def _advance(
    subscription: Subscription, acts: Sequence[tuple[Entry, Happening]], past: Past | None, now: datetime
) -> None:
    """Fold these acts in; with a `past` from the beginning, for then one of them is not the newest, or is imported."""
    before, happenings = subscription.standing, [happening for _, happening in acts]
    newest, has_left = before.folded_to, False
    for entry, happening in acts:
        if _is_newest(happening, newest):
            newest, has_left = happening.occurred_at, entry.act == Act.WITHDRAWN
            _note_newest(subscription, entry, now)
    after = reduce(fold, happenings, before) if past is None else fold_all([*past, *happenings])
    subscription.standing = after
    subscription.address = entry.address
    if _differs(before, after) or has_left:
        outbox.touch(subscription, before=before.state, is_sms=entry.program.channel == Channel.SMS, now=now)


def _note_newest(subscription: Subscription, entry: Entry, now: datetime) -> None:
    subscription.last_said = _said(entry, entry.act)
    if entry.source == Source.KEYWORD and entry.act in OPT_INS:
        subscription.looked_at = now  # the handset itself has just said so: no stop from before counts any more


def _differs(before: Standing, after: Standing) -> bool:
    if after.state == State.PENDING and before.request != after.request:
        return True
    return before.state != after.state


def _happening(entry: Entry, record_id: int) -> Happening:
    assert entry.occurred_at is not None  # noqa: S101 - append() has filled it in
    return Happening(
        record_id,
        entry.act,
        entry.source,
        entry.occurred_at,
        stops=entry.stops,
        proven=entry.proven,
        request=entry.request,
        requested_at=entry.requested_at,
    )


def voids(subscription: Subscription, entry: Entry) -> bool:
    """Whether "this wasn't me" about a request would take anything back."""
    return states.voids(subscription.standing, _happening(replace(entry, occurred_at=timezone.now()), 0))


def _save(subscriptions: list[Subscription]) -> None:
    """Write old and new rows in one statement, told apart by their unique key."""
    unique = ("program", "subject")
    names = [field.name for field in Subscription._meta.concrete_fields]
    bulk.insert(subscriptions, unique=unique, update=[name for name in names if name not in ("id", *unique)])
