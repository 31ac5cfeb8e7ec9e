"""Leaving by the link that Braze puts into emails and texts (RFC 8058, EM-8 to EM-12)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts import overview, preferences
from accounts.models import User
from accounts.overview import Overview
from sms_consent import selectors, unsubscribe_links
from sms_consent import services as consent
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reader:
    """Who has the link: a person, or whoever reads a phone (its number, E.164). They may leave and look, never join."""

    person: User | None = None
    number: str = ""


def find(token: str) -> Reader | None:
    """Return whom a link is about; None if we never made it, or if nobody is behind it any more."""
    named = unsubscribe_links.read(token)
    if named is None:
        return None
    if named.external_id:
        person = User.objects.filter(external_id=named.external_id).first()
        reader = Reader(person=person) if person else None
    else:
        number = selectors.address_behind(named.subject)
        reader = Reader(number=number) if number else None
    if reader is None:
        logger.warning("An unsubscribe link of ours was used that nobody is behind any more.")
    return reader


def one_click(reader: Reader, slug: str) -> list[Program]:
    """Return what the button of a mail client leaves: the program that its link names, or else every email.

    The link of a number: every text. A name that is mistyped narrows nothing down.
    """
    programs = selectors.every_program()
    named = [program for program in programs if program.slug == slug]
    return named or [program for program in programs if program.is_sms is bool(reader.number)]


def leave(reader: Reader, programs: Sequence[Program], *, circumstances: Circumstances) -> bool:
    """Opt the reader's addresses out of these programs; return whether they were still there to be opted out."""
    if reader.person is None:
        texts = [program for program in programs if program.is_sms]
        consent.withdraw(reader.number, programs=texts, source=Source.ONE_CLICK, circumstances=circumstances)
        return True
    whose = replace(circumstances, person=reader.person.external_id)
    try:
        preferences.leave(reader.person, programs, circumstances=whose, source=Source.ONE_CLICK)
    except User.DoesNotExist:
        return False
    return True


def see(reader: Reader) -> Overview:
    """Return where the reader's addresses stand, masked."""
    if reader.person is None:
        return overview.of_addresses([reader.number], by_link=True)
    return overview.of_person(reader.person, by_link=True)
