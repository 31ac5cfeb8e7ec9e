"""What proves a record, read back from its evidence and said in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from optin_site.logs import ADDRESS
from sms_consent import ledger, people
from sms_consent.choices import Act, Source
from sms_consent.models import ConsentRecord, Evidence

ERASED = "erased"
# Addresses as people write them in a text: any long run of digits may be a number.
IN_WORDS = re.compile(rf"{ADDRESS.pattern}|\+?\(?\d[\d\s().-]{{5,}}\d")

ACTS: Mapping[str, str] = {
    Act.REQUESTED: "asked to join",
    Act.GRANTED: "agreed to",
    Act.CONFIRMED: "confirmed having asked to join",
    Act.WITHDRAWN: "opted out of",
    Act.EXPIRED: "did not answer in time, so the request lapsed for",
    Act.INVALIDATED: "said it was not them who asked to join",
}

LABELS: Mapping[str, str] = {
    "ip": "IP address",
    "page": "Page",
    "referrer": "Came from",
    "user_agent": "Browser",
    "language": "Language of the page",
    "accept_language": "Languages the browser asked for",
    "body": "The text said",
    "texted_to": "Texted to",
    "provider": "Reported by",
    "provider_id": "Provider's id",
    "keyword": "Texted",
    "place": "Advertised on",
    "incentive": "Offered for it",
    "campaign": "Campaign",
    "person": "Done as (id in Braze)",
    "agent": "Written down by",
    "note": "Note",
    "came_from": "Source in the other system",
    "method": "Method there",
    "imported_from": "Imported from",
}


@dataclass(frozen=True)
class Proof:
    """The evidence of a record: what it says, and whether it is what the record committed to."""

    payload: Mapping[str, Any]
    matches: bool

    @property
    def address(self) -> str:
        """The address in full; empty when it was erased."""
        return str(self.payload.get("address", ""))

    @property
    def masked(self) -> str:
        """The address for a list (SEC-11)."""
        return people.mask(self.address) or ERASED

    @property
    def verdict(self) -> str:
        """What the commitment says about the evidence."""
        if not self.payload:
            return "The evidence was erased. The record's fingerprint of it stays, and stays valid."
        if self.matches:
            return "Yes: the evidence is, byte for byte, what this record was made with."
        return "NO: the evidence differs from what this record was made with. Run verify_ledger."


def proof_of(record: ConsentRecord) -> Proof:
    """Return the evidence of a record, empty where it was erased."""
    try:
        evidence = record.evidence
    except Evidence.DoesNotExist:
        return Proof({}, matches=False)
    if not evidence.payload:
        return Proof({}, matches=False)
    return Proof(
        json.loads(evidence.payload),
        matches=ledger.commitment(evidence.salt, evidence.payload) == record.commitment,
    )


def sentence(record: ConsentRecord) -> str:
    """Say what happened, in one sentence."""
    who = proof_of(record).address or "Somebody whose address was erased"
    at = f"{record.occurred_at:%d %B %Y at %H:%M:%S} UTC"
    return f"{who} {deed(record)} on {at} ({where(record)})."


def deed(record: ConsentRecord) -> str:
    """Say what was done and to which program: “agreed to “Text messages””."""
    return f"{ACTS.get(record.act, record.act)} “{record.program}”"


def where(record: ConsentRecord) -> str:
    """Say at which door, and which member of staff wrote it down."""
    agent = proof_of(record).payload.get("agent")
    source = record.get_source_display()
    source = source if record.source == Source.BRAZE else source.lower()
    return f"{source}, written down by {agent}" if agent else source


def who_acted(record: ConsentRecord) -> str:
    """Say who is known to have acted: handset (or carrier, or Braze), its owner, staff, or a visitor."""
    if record.source == Source.ADMIN:
        return "Staff"
    if record.stops:
        return "Handset"
    if record.proven:
        return "Owner of the address"
    return "Visitor"


def words_shown(records: Iterable[ConsentRecord]) -> dict[int | None, str]:
    """Return the words that were shown, by id, ready to be put on a page: rendered once for each version."""
    shown = {record.disclosure_id: record.disclosure for record in records if record.disclosure}
    return {pk: render_to_string("admin/sms_consent/_words.html", {"disclosure": it}) for pk, it in shown.items()}


def addresses_in(text: str) -> list[str]:
    """Return what may be addresses in the words of a text."""
    return list(filter(None, map(people.address_of, IN_WORDS.findall(text))))


def boxes(payload: Mapping[str, Any]) -> SafeString | str:
    """Return the boxes of the form: all were empty when it was shown."""
    shown = payload.get("boxes") or {}
    rows = ((slug, "ticked" if ticked else "left empty") for slug, ticked in sorted(shown.items()))
    return format_html_join(", ", "<code>{}</code> {}", rows) or "–"


def said(payload: Mapping[str, Any], name: str) -> Any:
    """Return what the evidence says; of who acted, an id that is an address masked: the page is about another."""
    return people.mask_name(payload[name]) if name == "person" else payload[name]


def pairs(payload: Mapping[str, Any], names: Iterable[str] = tuple(LABELS)) -> SafeString | str:
    """Return what the evidence says under these names, each with what it is; what it does not hold is left out."""
    rows = [(LABELS.get(name, name.capitalize()), said(payload, name)) for name in names if payload.get(name)]
    return format_html_join("", '<div class="pair"><b>{}:</b> {}</div>', rows) or "–"


def holders(address: str) -> SafeString | str:
    """Link to the people known by an address; the consent is the address's own."""
    if not address:
        return "–"
    found = get_user_model()._default_manager.filter(Q(email=address) | Q(phone=address)).order_by("pk")[:20]
    links = ((reverse("admin:accounts_user_change", args=[person.pk]), person) for person in found)
    return format_html_join(", ", '<a href="{}">{}</a>', links) or "Nobody holds this address now."


def record_link(record: ConsentRecord | None) -> SafeString | str:
    """Link to another record."""
    if record is None:
        return "–"
    url = reverse("admin:sms_consent_consentrecord_change", args=[record.pk])
    return format_html('<a href="{}">#{} {}</a>', url, record.pk, record.get_act_display())
