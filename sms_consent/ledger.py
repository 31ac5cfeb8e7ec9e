"""The only writer of consent records, their evidence and the state of subscriptions."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from sms_consent import outbox, states
from sms_consent.choices import Act, Channel, Source, State
from sms_consent.models import ConsentRecord, Disclosure, Evidence, Program, Subscription
from sms_consent.people import subject
from sms_consent.states import Happening, Standing, fold, fold_all

REPEAT_WINDOW = timedelta(minutes=10)
OPT_INS = frozenset({Act.REQUESTED, Act.GRANTED})

Key = tuple[int, str]  # program id, address


@dataclass(frozen=True)
class Circumstances:
    """How and where an act was done; goes into the evidence as it is (REC-3, US-3).

    `body`, `texted_to`, `rule`, `provider` and `provider_id` are of a text (KW-14).
    `boxes` maps each program offered to whether its box was ticked when the form was sent; all were empty
    when it was shown (CTA-1). `person` is the external_id of whoever acted. `agent` and `note` are for opt-outs that
    staff write down for somebody; `keyword`, `place` and `incentive` for texts (`Keyword.evidence`).
    """

    ip: str = ""
    user_agent: str = ""
    accept_language: str = ""
    language: str = ""
    page: str = ""
    referrer: str = ""
    boxes: Mapping[str, bool] = field(default_factory=dict)
    person: str = ""
    agent: str = ""
    note: str = ""
    body: str = ""
    texted_to: str = ""
    rule: str = ""
    provider: str = ""
    provider_id: str = ""
    campaign: str = ""
    keyword: str = ""
    place: str = ""
    incentive: str = ""


@dataclass(frozen=True)
class Entry:
    """One act to be written down. `request` is the id of the record it answers, `requested_at` its time."""

    program: Program
    address: str
    act: Act
    source: str
    disclosure: Disclosure | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)
    occurred_at: datetime | None = None
    stops: bool = False
    proven: bool = False
    request: int | None = None
    requested_at: datetime | None = None

    @property
    def key(self) -> Key:
        """The subscription that this act is about."""
        return self.program.pk, self.address


def standings(keys: Iterable[Key]) -> dict[Key, Subscription]:
    """Return the subscriptions of these programs and addresses, new unsaved ones included. One query.

    Call it after the addresses are locked (`people.lock`). The rows stay locked until the transaction ends,
    so that no worker settles a call on them in between; always in the order of their ids.
    """
    wanted = {(program, subject(address)): address for program, address in keys}
    hashes = {hashed for _, hashed in wanted}
    rows = Subscription.objects.select_for_update().filter(subject__in=hashes).order_by("pk")
    found = {(row.program_id, row.subject): row for row in rows}
    return {
        (program, address): found.get((program, hashed), Subscription(program_id=program, subject=hashed))
        for (program, hashed), address in wanted.items()
    }


def append(entries: Sequence[Entry], subscriptions: Mapping[Key, Subscription]) -> list[ConsentRecord]:
    """Write acts down and bring their subscriptions up to date, in the caller's transaction.

    Returns the records written, in the order of `entries` without the repeats: an act that repeats the one
    before it within ten minutes and changes nothing leaves no record. Three statements, however many acts.
    """
    now = timezone.now()
    new = [entry for entry in entries if not _is_repeat(entry, subscriptions[entry.key], now)]
    fresh = [replace(entry, occurred_at=_when(entry, subscriptions[entry.key], now)) for entry in new]
    if not fresh:
        _write_in_vain(entries, subscriptions, now)
        return []
    records = _write(fresh, now)
    changed = {}
    for entry, record in zip(fresh, records, strict=True):
        subscription = subscriptions[entry.key]
        _advance(subscription, entry, record, now)
        changed[entry.key] = subscription
    _save(list(changed.values()))
    return records


def _write_in_vain(repeats: Sequence[Entry], subscriptions: Mapping[Key, Subscription], now: datetime) -> None:
    """Do the work of writing down, statement for statement: a repeat must not be answered sooner (rule 10)."""
    if not repeats:
        return
    for entry in repeats:
        _record(replace(entry, occurred_at=now), _evidence(entry), now)
    with connection.cursor() as cursor:
        for table in (ConsentRecord._meta.db_table, Evidence._meta.db_table):
            cursor.execute(f'INSERT INTO "{table}" SELECT * FROM "{table}" WHERE 1 = 0')  # noqa: S608 - our own names
    _save([copy(row) for row in {entry.key: subscriptions[entry.key] for entry in repeats}.values()])


def _when(entry: Entry, subscription: Subscription, now: datetime) -> datetime:
    """Return when an act was done: its own time, or now, but never before what is known to have come before it.

    Without that, a server whose clock is slow writes an opt-out down as older than the consent it takes back.
    """
    return entry.occurred_at or max(now, subscription.folded_to or now)


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
    """Whether somebody fills in the phone form although the handset has been asked already (DOI-7)."""
    is_form = entry.source == Source.PHONE_FORM and entry.occurred_at is None
    return is_form and entry.act == Act.REQUESTED and before.state == State.PENDING


def _said(entry: Entry, act: str) -> str:
    """Return what a repeat is known by: the same person doing the same at the same door, under the same words.

    A hash, because it names the person. Somebody else's tick is an act of its own, and so is one under new words.
    """
    shown = entry.disclosure.pk if entry.disclosure else None
    return subject("\n".join(map(str, (entry.source, act, entry.circumstances.person, shown))))


def _write(entries: Sequence[Entry], now: datetime) -> list[ConsentRecord]:
    evidence = [_evidence(entry) for entry in entries]
    records = ConsentRecord.objects.bulk_create(
        [_record(entry, proof, now) for entry, proof in zip(entries, evidence, strict=True)]
    )
    for record, proof in zip(records, evidence, strict=True):
        proof.record = record
    Evidence.objects.bulk_create(evidence)
    return records


def _record(entry: Entry, proof: Evidence, now: datetime) -> ConsentRecord:
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
        subject=subject(entry.address),
        commitment=commitment(proof.salt, proof.payload),
        occurred_at=entry.occurred_at,
        recorded_at=now,
    )


def _evidence(entry: Entry) -> Evidence:
    payload: dict[str, Any] = {"address": entry.address, **asdict(entry.circumstances)}
    payload["brand"], payload["sender"] = entry.program.brand, entry.program.sender
    payload["frequency"], payload["purpose"] = entry.program.frequency, entry.program.purpose
    if entry.disclosure:
        payload["label"], payload["button"] = entry.disclosure.label, entry.disclosure.button_label
    shown = {name: value for name, value in payload.items() if value not in ("", {})}
    return Evidence(salt=secrets.token_hex(32), payload=canonical(shown))


def canonical(payload: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys and no blanks: the text that is hashed is the text that is kept (LED-3)."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def commitment(salt: str, payload: str) -> str:
    """Return the SHA-256 of salt and payload, 64 hex digits: proves evidence without holding any (LED-7)."""
    return hashlib.sha256(f"{salt}\n{payload}".encode()).hexdigest()


def mark_of(person: str) -> str:
    """Return what the evidence of everything that this person (external_id) did contains: it is canonical JSON."""
    return f'"person":{json.dumps(person, ensure_ascii=False)}'


def who(record: ConsentRecord) -> str:
    """Return the external_id of whoever acted; empty if that was nobody known here, or has been erased."""
    payload = record.evidence.payload
    return str(json.loads(payload).get("person", "")) if payload else ""


def _advance(subscription: Subscription, entry: Entry, record: ConsentRecord, now: datetime) -> None:
    before = subscription.standing
    happening = _happening(entry, record.pk)
    is_newest = before.folded_to is None or happening.occurred_at > before.folded_to
    after = fold(before, happening) if is_newest else fold_all(_history(subscription))
    subscription.standing = after
    subscription.address = entry.address
    if is_newest:
        subscription.last_said = _said(entry, entry.act)
        if entry.source == Source.KEYWORD and entry.act in OPT_INS:
            subscription.looked_at = now  # the handset itself has just said so: no stop from before counts any more
    if _differs(before, after) or (is_newest and entry.act == Act.WITHDRAWN):
        outbox.touch(subscription, is_sms=entry.program.channel == Channel.SMS, now=now)


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


def _history(subscription: Subscription) -> list[Happening]:
    rows = ConsentRecord.objects.filter(program=subscription.program_id, subject=subscription.subject)
    names = ("id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    return [Happening(*row) for row in rows.values_list(*names)]


def _save(subscriptions: list[Subscription]) -> None:
    for subscription in subscriptions:
        subscription.pk = None  # old and new rows go into one statement, told apart by their unique key
    names = [field.name for field in Subscription._meta.concrete_fields]
    Subscription.objects.bulk_create(
        subscriptions,
        update_conflicts=True,
        unique_fields=["program", "subject"],
        update_fields=[name for name in names if name not in ("id", "program", "subject")],
    )
