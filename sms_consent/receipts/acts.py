"""What an address did on each program, and what each act made of its consent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sms_consent import history, states
from sms_consent.choices import Act, State
from sms_consent.models import ConsentRecord, Disclosure, Evidence, Program
from sms_consent.states import Happening, Standing

MOST = 500  # acts on a program: more than any person does, so that nobody's texts make the page endless
OTHERS = ("agent", "imported_from")  # evidence that may name somebody else: who wrote it down, whose file it came in
PROMISED = ("brand", "purpose", "frequency")

# DPV's words for what became of a consent: https://w3id.org/dpv, "Consent Status" (ISO-3)
GIVEN, RENEWED, REQUESTED = "dpv:ConsentGiven", "dpv:RenewedConsentGiven", "dpv:ConsentRequested"
WITHDRAWN, EXPIRED, INVALIDATED = "dpv:ConsentWithdrawn", "dpv:ConsentExpired", "dpv:ConsentInvalidated"
_ENDS: Mapping[str, str] = {Act.WITHDRAWN: WITHDRAWN, Act.EXPIRED: EXPIRED, Act.INVALIDATED: INVALIDATED}


@dataclass(frozen=True)
class Deed:
    """One act. `status` is what it made of the consent, empty if nothing; `until` when the next one changed that."""

    record: ConsentRecord
    status: str = ""
    until: datetime | None = None

    @property
    def words(self) -> str:
        """What was done, in plain words."""
        return history.words(self.record)

    @cached_property
    def _payload(self) -> Mapping[str, Any]:
        return json.loads(self._kept.payload) if self._kept and self._kept.payload else {}

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What is known of how it was done; empty once erased, and where it may name somebody else."""
        return {} if any(self._payload.get(name) for name in OTHERS) else self._payload

    @property
    def address(self) -> str:
        """The address in full; empty once erased."""
        return str(self._payload.get("address", ""))

    @property
    def promised(self) -> Mapping[str, Any]:
        """What was promised; empty if nothing is known of that. It names nobody, and so is told in any case."""
        return {name: self._payload[name] for name in PROMISED if "purpose" in self._payload and name in self._payload}

    @property
    def opening(self) -> tuple[str, str] | None:
        """Salt and payload, by which the record's commitment is proven; None where the evidence is not shown."""
        return (self._kept.salt, self._kept.payload) if self._kept and self.evidence else None

    @property
    def _kept(self) -> Evidence | None:
        return getattr(self.record, "evidence", None)


@dataclass(frozen=True)
class Consent:
    """Everything an address did on one program, oldest first, and where it stands now."""

    program: Program
    standing: Standing
    deeds: list[Deed] = field(default_factory=list)

    @property
    def statuses(self) -> list[Deed]:
        """The acts that changed something; the last one is how it is now."""
        return [deed for deed in self.deeds if deed.status]

    @property
    def notices(self) -> list[Disclosure]:
        """Every version of the words that was shown, oldest first."""
        return list(dict.fromkeys(deed.record.disclosure for deed in self.deeds if deed.record.disclosure))

    @property
    def promised(self) -> Mapping[str, Any]:
        """What was promised when the consent was given or, if it never was, last; empty if no evidence is left.

        Not simply what was said last: what a program promises now is no part of what somebody agreed to before.
        """
        given = [deed for deed in self.deeds if deed.status in (GIVEN, RENEWED)]
        known = (deed.promised for deed in (*reversed(given), *reversed(self.deeds)))
        return next(filter(None, known), {})

    @property
    def is_live(self) -> bool:
        """Whether anything may be sent under it."""
        return self.standing.state == State.SUBSCRIBED

    @property
    def proven_address(self) -> str:
        """The address as the evidence that is shown proves it; empty where none does."""
        return next((str(deed.evidence["address"]) for deed in self.deeds if deed.evidence.get("address")), "")

    @property
    def address(self) -> str:
        """The address in full; empty once every trace of it is erased."""
        return next((deed.address for deed in self.deeds if deed.address), "")


Made = dict[int, tuple[str, datetime | None]]  # what became of the consent by a record's id, and until when


def consents_of(subject: str) -> list[Consent]:
    """Return what the address with this keyed hash did, per program, in the order in which it counts.

    Of more than 500 acts on a program those that changed nothing are left out first, then the oldest.
    """
    folded = _folded(subject)
    wanted = [pk for _, made in folded.values() for pk in _shown(made)]
    records = ConsentRecord.objects.select_related("program", "disclosure", "evidence").in_bulk(wanted)
    consents = []
    for standing, made in folded.values():
        deeds = [Deed(records[pk], *made[pk]) for pk in _shown(made)]
        consents.append(Consent(deeds[0].record.program, standing, deeds))
    return consents


def _shown(made: Made) -> list[int]:
    by_weight = sorted(made, key=lambda pk: bool(made[pk][0]))  # stable: what changed nothing, then the rest, by age
    kept = set(by_weight[-MOST:])
    return [pk for pk in made if pk in kept]


def _folded(subject: str) -> dict[int, tuple[Standing, Made]]:
    """Return where the address stands by program's id, and what each of its acts made of that."""
    names = ("program", "id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    acts: dict[int, list[Happening]] = defaultdict(list)
    rows = ConsentRecord.objects.filter(subject=subject).order_by("occurred_at", "id")
    for program, *happening in rows.values_list(*names):
        acts[program].append(Happening(*happening))
    return {program: _fold(happenings) for program, happenings in acts.items()}


def _fold(happenings: list[Happening]) -> tuple[Standing, Made]:
    standing, has_been, last = Standing(), False, None
    made: Made = {}
    inert = states.inert_among(happenings)
    for it in states.in_order(happenings):
        if it.id in inert:
            made[it.id] = "", None
            continue
        after = states.fold(standing, it)
        status = _status(standing, after, it, has_been=has_been)
        made[it.id] = status, None
        if status and last is not None:
            made[last] = made[last][0], it.occurred_at
        last = it.id if status else last
        has_been = has_been or after.state == State.SUBSCRIBED
        standing = after
    return standing, made


def _status(before: Standing, after: Standing, it: Happening, *, has_been: bool) -> str:
    """Say what an act made of a consent. One that changed nothing has no status, so that none looks live by it."""
    if it.act == Act.WITHDRAWN:
        return WITHDRAWN
    if (before.state, before.request) == (after.state, after.request):
        return ""
    if it.act in _ENDS:
        return _ENDS[it.act]
    if after.state == State.SUBSCRIBED:
        return RENEWED if has_been else GIVEN
    return REQUESTED if after.state == State.PENDING else ""
