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

MOST = 500  # acts: more than any person does, so that nobody's texts make the page endless

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
        """What is known of how it was done; empty once erased, and for what staff wrote down, which names them."""
        return {} if self._payload.get("agent") else self._payload

    @property
    def address(self) -> str:
        """The address in full; empty once erased."""
        return str(self._payload.get("address", ""))

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
        """What was promised when the consent was given or, if it never was, last; empty if no evidence is shown.

        Not simply what was said last: what a program promises now is no part of what somebody agreed to before.
        """
        given = [deed for deed in self.deeds if deed.status in (GIVEN, RENEWED)]
        shown = (deed.evidence for deed in (*reversed(given), *reversed(self.deeds)))
        return next((evidence for evidence in shown if "purpose" in evidence), {})

    @property
    def is_live(self) -> bool:
        """Whether anything may be sent under it."""
        return self.standing.state == State.SUBSCRIBED

    @property
    def address(self) -> str:
        """The address in full; empty once every trace of it is erased."""
        return next((deed.address for deed in self.deeds if deed.address), "")


def consents_of(subject: str) -> list[Consent]:
    """Return what the address with this keyed hash did, per program; of more than 500 acts the newest."""
    stands, made = _folded(subject)
    rows = ConsentRecord.objects.filter(subject=subject).select_related("program", "disclosure", "evidence")
    deeds: dict[Program, list[Deed]] = defaultdict(list)
    for record in reversed(rows.order_by("-occurred_at", "-id")[:MOST]):
        deeds[record.program].append(Deed(record, *made[record.pk]))
    return [Consent(program, stands[program.pk], done) for program, done in deeds.items()]


Made = dict[int, tuple[str, datetime | None]]  # what became of the consent by a record's id, and until when


def _folded(subject: str) -> tuple[dict[int, Standing], Made]:
    """Return where the address stands by program's id, and what each of its acts made of that."""
    stands: dict[int, Standing] = {}
    made: Made = {}
    names = ("program", "id", "act", "source", "occurred_at", "stops", "proven", "request_id", "request__occurred_at")
    acts: dict[int, list[Happening]] = defaultdict(list)
    for program, *happening in ConsentRecord.objects.filter(subject=subject).values_list(*names):
        acts[program].append(Happening(*happening))
    for program, happenings in acts.items():
        stands[program] = _fold(happenings, made)
    return stands, made


def _fold(happenings: list[Happening], made: Made) -> Standing:
    standing, has_been, last = Standing(), False, None
    for it in states.in_order(happenings):
        if states.is_inert(it):
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
    return standing


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
