"""What a row must say to be imported (DAT-1, DAT-4, DAT-6)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
from django.conf import settings
from django.utils import timezone

from optin_site.storable import storable
from sms_consent import people
from sms_consent.choices import Act
from sms_consent.imports.rows import ADDRESSES, EVIDENCE, NEEDED, TERMS, Cells, RefusedError, Row
from sms_consent.models import Disclosure, Program

CLOCKS_APART = timedelta(minutes=5)
OPT_INS = frozenset({Act.GRANTED, Act.CONFIRMED, Act.REQUESTED})
LONGEST_ID = 255
SYNONYMS = {
    "opt_in": Act.GRANTED,
    "subscribed": Act.GRANTED,
    "opt_out": Act.WITHDRAWN,
    "unsubscribed": Act.WITHDRAWN,
} | {act.value: act for act in Act}

_TRUTH = {"": None, "true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
# Sources that say that the handset itself did it, in small letters with single blanks. "Text link" is none.
_BY_TEXT = frozenset(
    {"keyword", "text keyword", "keyword text", "sms keyword", "keyword sms", "text", "text message", "inbound text"}
    | {"text to join", "inbound sms", "sms reply", "text reply"}
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)  # BCP 47, as far as it is of use
_DECIMAL = re.compile(r"\+?\d+\.0+|\d.*[eE]\+?\d+")  # a spreadsheet wrote it: its last digits may be none
_ZONE_IN_WORDS = re.compile(r"\s*(UTC|GMT|Z)$", re.IGNORECASE)
_BLANK_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_TRIMMED = frozenset({*NEEDED, *ADDRESSES, "external_id", "language", "proven"})  # evidence is kept as it is
_LONGEST = {
    "label": int(Disclosure._meta.get_field("label").max_length or 0),
    "button": int(Disclosure._meta.get_field("button_label").max_length or 0),
}


class Checker:
    """Checks rows of one file, against the programs that there are when it begins."""

    def __init__(self, file_name: str) -> None:
        self._file_name = storable(file_name)
        self._is_sms = {program.slug: program.is_sms for program in Program.objects.all()}
        self._region, self._regions = settings.PHONE_REGIONS[0], frozenset(settings.PHONE_REGIONS)
        self._latest = timezone.now() + CLOCKS_APART

    def row(self, line: int, cells: Cells | RefusedError) -> Row:
        """Return what a row says, or raise RefusedError.

        An opt-out is taken from every country, and whatever else is wrong with what does not matter for it (rule 4).
        """
        if isinstance(cells, RefusedError):
            raise cells
        said = {name: storable(text).strip() if name in _TRIMMED else storable(text) for name, text in cells.items()}
        slug, act = said.get("program", ""), _act(said)
        if slug not in self._is_sms:
            raise RefusedError("unknown program")
        is_sms, is_opt_in = self._is_sms[slug], act in OPT_INS
        phone = self._phone(said.get("phone", ""), is_opt_in=is_opt_in, is_needed=is_sms)
        email = _email(said.get("email", ""), is_needed=not is_sms)
        external_id = said.get("external_id", "")
        if is_opt_in:
            _check_rest(said)
        subject = people.subject(phone if is_sms else email)
        by_email = people.subject(email) if is_sms and email else subject
        return Row(
            line=line,
            holder=f"0{external_id}" if external_id else f"1{by_email}",
            subject=subject,
            program=slug,
            is_sms=is_sms,
            act=act,
            at=self._time(said.get("occurred_at", "")),
            email=email,
            phone=phone,
            external_id=external_id,
            proven=_proven(said, act, is_sms=is_sms),
            is_exported=bool(said.get("commitment")),
            language=_language(said.get("language", "")),
            wording=said.get("wording", "") if _fit(said) else "",
            label=said.get("label", ""),
            button=said.get("button", ""),
            said=self._evidence(line, said),
        )

    def _phone(self, text: str, *, is_opt_in: bool, is_needed: bool) -> str:
        """Return E.164; empty where it is not needed and is none, or is of a country that is not served."""
        try:
            return self._e164(text, is_opt_in=is_opt_in)
        except RefusedError:
            if is_needed:
                raise
            return ""

    def _e164(self, text: str, *, is_opt_in: bool) -> str:
        if not text:
            raise RefusedError("no address: the program needs a phone number")
        if _DECIMAL.fullmatch(text):
            raise RefusedError("a phone number that was saved as a decimal")
        try:
            number = phonenumbers.parse(people.with_its_plus(text), self._region)
        except phonenumbers.NumberParseException as error:
            raise RefusedError("not a phone number") from error
        region = phonenumbers.region_code_for_number(number)
        is_valid = region is not None and phonenumbers.is_valid_number_for_region(number, region)
        if not is_valid and (is_opt_in or not phonenumbers.is_possible_number(number)):
            raise RefusedError("not a phone number")
        if is_opt_in and region not in self._regions:
            raise RefusedError("a phone number of a country that is not served (PHONE_REGIONS)")
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def _time(self, text: str) -> str:
        """Return a time in UTC as ISO 8601. There is no importing without the original time, and none to guess."""
        if not text:
            raise RefusedError("no time (occurred_at)")
        try:
            at = datetime.fromisoformat(_BLANK_BEFORE_ZONE.sub("", _ZONE_IN_WORDS.sub("+00:00", text)))
            at = at.astimezone(UTC) if at.tzinfo else at
        except (ValueError, OverflowError) as error:
            raise RefusedError("not a time: write it as 2024-05-31T14:00:00+02:00") from error
        if at.tzinfo is None:
            raise RefusedError("the time has no zone: write it as 2024-05-31T14:00:00+02:00")
        if at > self._latest:
            raise RefusedError("the time is yet to come")
        return at.isoformat()

    def _evidence(self, line: int, said: Cells) -> str:
        how: dict[str, Any] = {name: said[name] for name in EVIDENCE if said.get(name)}
        how |= {"came_from": said.get("source", ""), "person": said.get("external_id", "")}
        how |= {"boxes": _boxes(said) or {}, "imported_from": f"{self._file_name}, line {line}"}
        terms = {name: said[name] for name in TERMS if said.get(name)}
        return json.dumps({"how": how, "terms": terms}, ensure_ascii=False)


def _act(said: Cells) -> Act:
    text = said.get("act", "").lower()
    if text not in SYNONYMS:
        raise RefusedError("unknown act" if text else "no act")
    return SYNONYMS[text]


def _email(text: str, *, is_needed: bool) -> str:
    found = people.mailbox(text) if text else ""
    if is_needed and not found:
        raise RefusedError("not an email address" if text else "no address: the program needs an email address")
    return found


def _check_rest(said: Cells) -> None:
    """Refuse what makes an opt-in doubtful; an opt-out is written down without it."""
    if said.get("proven", "").lower() not in _TRUTH:
        raise RefusedError("proven must be true or false")
    if _boxes(said) is None:
        raise RefusedError('boxes must be JSON such as {"sms": true, "email": false}')
    if not _fit(said):
        raise RefusedError(f"label or button is longer than {' or '.join(map(str, _LONGEST.values()))} letters")
    if len(said.get("external_id", "")) > LONGEST_ID:
        raise RefusedError(f"external_id is longer than {LONGEST_ID} letters")


def _fit(said: Cells) -> bool:
    return all(len(said.get(name, "")) <= longest for name, longest in _LONGEST.items())


def _proven(said: Cells, act: Act, *, is_sms: bool) -> bool:
    """Whether the owner of the address did it: as the row says, or as follows from what was done, and where."""
    told = _TRUTH.get(said.get("proven", "").lower())
    if told is not None:
        return told
    source = " ".join(re.split(r"[\s_-]+", said.get("source", "").strip().lower()))
    return act == Act.CONFIRMED or (is_sms and act in OPT_INS and source in _BY_TEXT)


def _language(text: str) -> str:
    """Return a language as BCP 47 writes it; empty for what is no code, as "English" is; evidence keeps that."""
    code = text.replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) else ""


def _boxes(said: Cells) -> dict[str, bool] | None:
    """Return which boxes were ticked; None where that cannot be read."""
    try:
        found = json.loads(said.get("boxes") or "{}")
    except (ValueError, RecursionError):
        return None
    is_read = isinstance(found, dict) and all(isinstance(ticked, bool) for ticked in found.values())
    return {storable(slug): ticked for slug, ticked in found.items()} if is_read else None
