"""Addresses: how they are hashed, compared and locked; and the people known by a phone number only."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import idna
import phonenumbers
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Q
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from optin_site import bulk

LONGEST_SHORT_CODE = 6
LONGEST_NATIONAL = 10  # digits; most numbers that name their country have more
LONGEST_EMAIL = 254
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
MANY = 100  # addresses locked together
MOST_ON_SQLITE = 1000  # it has one writer, whom the others wait for
TURNS = (0x70CC, 0x70CD)
# Quoted names may hold commas, and mail queues split their recipients there: it would mail somebody else.
NOT_IN_A_NAME = frozenset('",;:<>()[]\\ ')


@lru_cache(maxsize=8)
def _key(ledger_key: str, purpose: str) -> bytes:
    return hmac.new(ledger_key.encode(), f"optin-site {purpose} v1".encode(), hashlib.sha256).digest()


def lasting_key(purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, derived from LEDGER_KEY and as lasting as that."""
    return _key(settings.LEDGER_KEY, purpose)


def subject(address: str) -> str:
    """Return the keyed hash by which the ledger knows an address: 64 hex digits.

    The key is derived from LEDGER_KEY and is never rotated: it is how an address is found again. Keyed,
    because a bare hash of a phone number is guessed in seconds (LED-7).
    """
    return hmac.digest(lasting_key("address hash"), address.encode(), "sha256").hex()


def normalise(text: str) -> str:
    """Return an address as it is stored: E.164 as it is, an email address in lower case, its domain in ASCII.

    Wherever an address comes from: two spellings of one domain would be two mailboxes, and an opt-out of one would
    miss the other. Domains by UTS #46, so that "straße" stays what it is and is not somebody else's "strasse".
    """
    name, at, domain = text.strip().rpartition("@")
    try:
        return f"{name}{at}{_in_ascii(domain) if at else domain}".lower()
    except idna.IDNAError:
        return text.strip().lower()


def address_of(text: str) -> str:
    """Return what is meant as it is stored, E.164 or a lower-case email; empty if it is neither."""
    text = text.strip()
    if "@" in text:
        email = normalise(text)
        try:
            validate_email(email)
        except ValidationError:
            return ""
        return email
    number = _parsed(with_its_plus(text), settings.PHONE_REGIONS[0])
    return _e164(number) if number and phonenumbers.is_possible_number(number) else ""


def with_its_plus(text: str, region: str = "") -> str:
    """Return a number as somebody typed it, with the plus where it begins with 00 or with the code of its country.

    `region` is that country, if not the default one. Much of the world dials 00 abroad, whatever it does. Where the
    code alone stands there, and the number is valid with it, libphonenumber would read some, German mobiles, as
    another number of that country.
    """
    if text.startswith("00"):
        return f"+{text[2:]}"
    code = str(phonenumbers.country_code_for_region(region or settings.PHONE_REGIONS[0]))
    is_long = sum(map(str.isdigit, text)) > LONGEST_NATIONAL
    whole = _parsed(f"+{text}") if is_long and text.startswith(code) else None
    return f"+{text}" if whole and phonenumbers.is_valid_number(whole) else text


def _parsed(text: str, region: str | None = None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=1024)
def _in_ascii(domain: str) -> str:
    return idna.encode(domain, uts46=True).decode()


def mailbox(text: str) -> str:
    """Return an email address as it is stored; empty if it is none, or no spelling of its own leads to it (DAT-6).

    Case is folded the same way by every database only for ASCII, and two Unicode spellings of one domain would be two
    people.
    """
    name, spelled = text.strip().rpartition("@")[0], normalise(text)
    is_plain = name.isprintable() and not NOT_IN_A_NAME & set(name)
    if not is_plain or not spelled.isascii() or len(spelled) > LONGEST_EMAIL:
        return ""
    try:
        validate_email(spelled)
    except ValidationError:
        return ""
    return spelled


def mask(address: str) -> str:
    """Return an address that its owner recognises and nobody else learns (SEC-11)."""
    if "@" in address:
        name, _, domain = address.partition("@")
        return f"{name[:1]}…@{domain}"
    return f"{address[:2]}…{address[-2:]}" if address else ""


def mask_name(external_id: str) -> str:
    """Return an id in Braze; masked where it is an email address, as some brands have it."""
    return mask(external_id) if "@" in external_id else external_id


def named_by(external_id: str) -> str:
    """Return the address that an id in Braze is; empty if it is none."""
    return address_of(external_id) if "@" in external_id else ""


def prove_phone(external_id: str, phone: str) -> None:
    """Note that the handset has answered a request that this person made: the number is theirs."""
    holder = get_user_model()._default_manager.filter(external_id=external_id, phone=phone)
    holder.update(phone_proven_at=timezone.now())


def digits(number: str) -> str:
    """Return a number as a provider may write it, with a plus unless it is a short code; empty if there is none."""
    bare = re.sub(r"[^0-9]", "", number)
    if len(bare) <= LONGEST_SHORT_CODE:
        return bare
    if "+" in number:
        return f"+{bare}"
    return f"+{bare[2:]}" if bare.startswith("00") else _without_plus(bare)


def _without_plus(bare: str) -> str:
    """Return the number that these digits most likely mean: what is valid before what could only be.

    Up to ten are first taken for a number of the default region, and then of the US, as Braze takes ten (R-phones).
    Where there are more the plus alone is missing.
    """
    whole, national = [_parsed(f"+{bare}")], [_parsed(bare, settings.PHONE_REGIONS[0]), _parsed(bare, "US")]
    found = list(filter(None, national + whole if len(bare) <= LONGEST_NATIONAL else whole + national))
    for is_one in (phonenumbers.is_valid_number, phonenumbers.is_possible_number):
        for number in filter(is_one, found):
            return _e164(number)
    return f"+{bare}"


def handset(number: str) -> str:
    """Return the E.164 number of a handset as a provider writes it; empty for a short code or what is no number."""
    found = digits(number)
    return found if E164.fullmatch(found) else ""


def email_of(text: str) -> str:
    """Return an email address that a provider writes, as it is stored; empty for what is none."""
    return normalise(text)[:LONGEST_EMAIL] if "@" in text else ""


def is_served(phone: str) -> bool:
    """Whether a number is of a country that the site serves, at whatever door (PHONE_REGIONS, SEC-2)."""
    number = _parsed(phone)
    return number is not None and phonenumbers.region_code_for_number(number) in settings.PHONE_REGIONS


def lock(addresses: Iterable[str]) -> None:
    """Hold these addresses until the transaction ends: the first statement of every service.

    Two acts on one address then happen one after the other, and no two services can lock in opposite
    orders. PostgreSQL: one advisory lock per address, sorted. SQLite has one writer at a time anyway.

    PostgreSQL has room for so many locks in all, 6,400 as it comes, and where there is none left it fails whoever asks
    next, a visitor too. So of those who lock many no more than two do at a time, however many workers there are.
    """
    if connection.vendor == "postgresql":
        keys = sorted({_lock_key(address) for address in addresses if address})
        with connection.cursor() as cursor:
            if len(keys) > MANY:
                cursor.execute("SELECT pg_advisory_xact_lock(%s) WHERE NOT pg_try_advisory_xact_lock(%s)", TURNS)
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [bulk.array(keys)])


@cache  # a site has one database
def most_locked() -> int:
    """Return how many addresses one transaction should lock at most: two of them leave a third of the room."""
    if connection.vendor != "postgresql":
        return MOST_ON_SQLITE
    names = ("max_locks_per_transaction", "max_connections")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)::int * current_setting(%s)::int", names)
        room: int = cursor.fetchone()[0]
    return room // 3


@lru_cache(maxsize=20_000)  # a worker locks each of thousands of addresses several times within a second
def _lock_key(address: str) -> int:
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:8], "big", signed=True)


# --- People known by a phone number only ------------------------------------------------------------------


def holder(phone: str) -> Any:
    """Return whoever has this number (E.164), the first of several, or None."""
    return get_user_model().objects.filter(phone=phone).order_by("pk").first()


def hold(phone: str, *, language: str) -> Any:
    """Make somebody who is known by this number only; saving them marks them for Braze. The number is locked."""
    person: Any = get_user_model()(phone=phone, language=language)
    person.set_unusable_password()
    add(person)
    return person


def add(person: Any) -> None:
    """Save somebody new: the row and the signals of `save()`, at a fraction of its cost."""
    said = {"sender": type(person), "instance": person, "update_fields": None, "raw": False, "using": DEFAULT_DB_ALIAS}
    pre_save.send(**said)
    bulk.insert([person])
    person._state.adding, person._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as `save()` leaves somebody
    post_save.send(created=True, **said)


def write_again(person: Any) -> None:
    """Change nothing about a person, with the very statement that makes somebody (rule 10)."""
    model = type(person)
    twin = model(external_id=person.external_id, email=person.email, phone=person.phone, language=person.language)
    bulk.insert_again(twin, unique=["external_id"], update=["language"])


def held(addresses: Iterable[str]) -> set[str]:
    """Return those of these addresses, E.164 or email, that somebody has."""
    wanted = list(addresses)
    people: Any = get_user_model()._default_manager.filter(Q(email__in=wanted) | Q(phone__in=wanted))
    return {address for person in people for address in (person.email, person.phone_number)} & set(wanted)


def known_by_number_only(phones: Iterable[str]) -> Any:
    """Return a queryset of the people with these numbers who have no email address and are not being erased."""
    return get_user_model().objects.filter(phone__in=list(phones), email=None, erasure=None)
