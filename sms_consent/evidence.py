"""An act to be written down, and what proves it: how it was done, and what was promised."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sms_consent.choices import Act
from sms_consent.models import ConsentRecord, Disclosure, Program

Key = tuple[int, str]  # program id, address


@dataclass(frozen=True)
class Circumstances:
    """How and where an act was done; goes into the evidence as it is (REC-3, US-3).

    `body`, `texted_to`, `rule`, `provider` and `provider_id` are of a text (KW-14).
    `boxes` maps each program offered to whether its box was ticked when the form was sent; all were empty
    when it was shown (CTA-1). `person` is the external_id of whoever acted. `agent` and `note` are for opt-outs that
    staff write down for somebody; `keyword`, `place` and `incentive` for texts (`Keyword.evidence`). `came_from` and
    `method` are how another system calls where an imported act was done and by what means, `imported_from` the file
    and line that told of it (DAT-1).
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
    came_from: str = ""
    method: str = ""
    imported_from: str = ""


@dataclass(frozen=True)
class Entry:
    """One act to be written down. `request` is the id of the record it answers, `requested_at` its time.

    `terms` is what another system says that was promised (as `promised` does), None for what is promised here today.
    """

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
    terms: Mapping[str, str] | None = None

    @property
    def key(self) -> Key:
        """The subscription that this act is about."""
        return self.program.pk, self.address


def promised(program: Program, disclosure: Disclosure | None) -> dict[str, str]:
    """Return what program and words promise today, and what stands beside the box and on the button."""
    terms = {name: getattr(program, name) for name in ("brand", "sender", "frequency", "purpose")}
    if disclosure:
        terms |= {"label": disclosure.label, "button": disclosure.button_label}
    return terms


class Proof(NamedTuple):
    """What a row of evidence holds."""

    salt: str
    payload: str


def prove(entry: Entry) -> Proof:
    """Return evidence of an act, under a new salt; what is empty is left out."""
    terms = promised(entry.program, entry.disclosure) if entry.terms is None else entry.terms
    payload: dict[str, Any] = {"address": entry.address, **vars(entry.circumstances), **terms}
    shown = {name: value for name, value in payload.items() if value not in ("", {})}
    return Proof(secrets.token_hex(32), canonical(shown))


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
