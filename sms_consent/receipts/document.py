"""The receipt as JSON-LD: ISO/IEC TS 27560 by the Data Privacy Vocabulary, https://w3id.org/dpv/guides/consent-27560.

Every field that the standard makes mandatory is there (ISO-1). Several processes, notices and states are arrays; both
identifiers of the guide are given, since it disagrees with itself (ISO-2); times are in UTC (ISO-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from sms_consent import statements
from sms_consent.models import Disclosure
from sms_consent.receipts.acts import Consent, Deed
from sms_consent.receipts.proofs import proofs_of

Json = dict[str, Any]

CONTEXT: Json = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "proof": {"@id": "urn:optin-site:proof", "@type": "@json"},
}
STANDARD = "https://w3id.org/dpv/schema/dpv-27560"
EEA = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip


def document(consents: Sequence[Consent], *, subject: str) -> Json:
    """Return the receipt of an address. Its @id is a name and no link: whoever has the link has access."""
    person, name = _person(consents, subject), f"receipt-{subject[:32]}"
    return {
        "@context": CONTEXT,
        "@id": f"urn:optin-site:{name}",
        "@type": "dpv:ConsentReceipt",
        **_named(name),
        "dct:conformsTo": f"{STANDARD}#receipt",
        "schema:schemaVersion": "ISO/IEC TS 27560:2023",
        "dct:created": _time(statements.moment(timezone.now())),
        "dct:publisher": _controller(settings.BRAND_NAME),
        "schema:recipient": person,
        "dpv:hasRecordOfActivity": [_record(consent, subject, person) for consent in consents],
    }


def _record(consent: Consent, subject: str, person: Json) -> Json:
    program = consent.program
    return {
        "@type": "dpv:ConsentRecord",
        **_named(f"{program.slug}-{subject[:32]}"),
        "dct:conformsTo": [f"{STANDARD}#record", *([f"{STANDARD}#record-eu-gdpr"] if _is_in_eea() else [])],
        "schema:schemaVersion": "ISO/IEC TS 27560:2023",
        "dpv:hasDataSubject": person,
        "dpv:hasDataController": [_controller(consent.promised.get("brand", program.brand))],
        "dpv:hasDataProcessor": _processors(consent),
        "dpv:hasJurisdiction": [f"loc:{code}" for code in settings.JURISDICTIONS],
        **({"dpv:hasApplicableLaw": "eu-gdpr:GDPR"} if _is_in_eea() else {}),
        "dpv:hasLegalBasis": ["dpv:ExplicitlyExpressedConsent", *(["eu-gdpr:A6-1-a"] if _is_in_eea() else [])],
        "dpv:hasProcess": [_process(consent)],
        "dpv:hasNotice": [_notice(shown) for shown in consent.notices],
        "dpv:hasConsentControl": [_control(consent)],
        "dpv:hasRight": ["eu-gdpr:A7-3" if _is_in_eea() else "dpv:DataSubjectRight"],
        "schema:isActive": consent.is_live,
        "dpv:hasConsentStatus": [_status(deed) for deed in reversed(consent.statuses)],
        "proof": proofs_of(consent.deeds),
    }


def _named(identifier: str) -> Json:
    return {"dct:identifier": identifier, "dpv:hasIdentifier": identifier}


def _time(moment: str) -> Json:
    return {"@type": "xsd:dateTime", "@value": moment}


def _is_in_eea() -> bool:
    return not EEA.isdisjoint(settings.JURISDICTIONS)


def _person(consents: Iterable[Consent], subject: str) -> Json:
    """Name the person by the address, or by its keyed hash where no evidence that is shown proves the address."""
    address = next(filter(None, (consent.proven_address for consent in consents)), "")
    return {"@type": "dpv:DataSubject", **_named(address or f"sha256:{subject}")}


def _controller(brand: str) -> Json:
    """Say who is responsible: party id, name, address, contact and type are all mandatory (KAN-3)."""
    return {
        "@id": settings.SITE_URL,
        "@type": "dpv:DataController",
        **_named(settings.SITE_URL),
        "dpv:hasName": brand,
        "dpv:hasAddress": settings.BRAND_ADDRESS,
        "dpv:hasContact": settings.SUPPORT_EMAIL,
        "schema:telephone": settings.SUPPORT_PHONE,
        "schema:url": settings.SITE_URL,
    }


def _processors(consent: Consent) -> list[Json]:
    """Say who sends for the controller; nobody else gets the address (KAN-4)."""
    names = ["Braze, Inc.", *(["The carrier and the provider of text messages"] if consent.program.is_sms else [])]
    return [{"@type": "dpv:DataProcessor", "dpv:hasName": name} for name in names]


def _process(consent: Consent) -> Json:
    program = consent.program
    said = consent.promised
    purpose, frequency = said.get("purpose", program.purpose), said.get("frequency", program.frequency)
    return {
        "@type": "dpv:Process",
        **_named(program.slug),
        "dct:title": program.name,
        "dpv:hasPurpose": [{"@type": "dpv:DirectMarketing", "dct:description": f"{purpose} ({frequency})"}],
        "dpv:hasPersonalData": ["pd:TelephoneNumber" if program.is_sms else "pd:EmailAddress"],
        "dpv:hasRecipient": _processors(consent),
        "dpv:hasStorageCondition": _storage(),
    }


def _storage() -> list[Json]:
    """Say where it is kept, and for how long (US-7, US-9)."""
    places = [{"@type": "dpv:StorageLocation", "dpv:hasLocation": f"loc:{code}"} for code in settings.STORAGE_LOCATIONS]
    kept = {
        "proof of the consent, after it has ended": settings.EVIDENCE_YEARS,
        "proof of an opt-out": settings.OPT_OUT_YEARS,
    }
    return [*places, *(_duration(what, years) for what, years in kept.items())]


def _duration(what: str, years: int) -> Json:
    return {"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{years}Y", "dct:description": what}


def _notice(shown: Disclosure) -> Json:
    """Return the words as they were shown (REC-5)."""
    return {
        "@type": "dpv:ConsentNotice",
        **_named(f"words-{shown.pk}"),
        "dct:date": _time(statements.moment(shown.published_at)) if shown.published_at else None,
        "dct:language": shown.language,
        "dct:title": shown.label,
        "dct:description": shown.words,
        "schema:sha256": shown.sha256,
        "dpv:hasNotice": {"@type": "dpv:PrivacyNotice", "@id": _privacy_url()},
    }


def _privacy_url() -> str:
    return str(settings.PRIVACY_URL or settings.SITE_URL + reverse("privacy"))


def _control(consent: Consent) -> Json:
    way = (
        f"Reply STOP to {consent.program.sender or 'any message'}"
        if consent.program.is_sms
        else "The link in any email"
    )
    return {
        "@type": "dpv:WithdrawConsent",
        "dpv:isExercisedAt": {"@id": settings.SITE_URL + reverse("preferences")},
        "dct:description": f"{way}, or write to {settings.SUPPORT_EMAIL}.",
    }


def _status(deed: Deed) -> Json:
    """Return one state of the consent; one that is over says until when it held, so that it never looks live."""
    until = {"@type": "dpv:UntilEventDuration", "dct:description": "withdrawal"}
    if deed.until:
        until = {"@type": "dpv:UntilTimeDuration", "dct:date": statements.moment(deed.until)}
    return {
        "@type": deed.status,
        "dct:identifier": deed.record.pk,
        "dpv:isIndicatedAtTime": _time(statements.moment(deed.record.occurred_at)),
        "dpv:isIndicatedBy": "dpv:DataSubject" if deed.record.proven else "dpv:Entity",
        "dpv:hasIndicationMethod": deed.words,
        "dpv:hasDuration": until,
    }
