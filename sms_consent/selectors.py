"""Reads for pages: what is offered now, and where addresses stand."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from sms_consent import people
from sms_consent.choices import STANDING, Door, Meaning
from sms_consent.models import ConsentRecord, Disclosure, InboundMessage, Keyword, Program, Subscription

OFFERS_FOR_SECONDS = 3.0


@dataclass(frozen=True)
class Offer:
    """A program and the words that are shown for it now."""

    program: Program
    disclosure: Disclosure

    @property
    def box(self) -> str:
        """The name of the program's box on forms."""
        return f"program_{self.program.slug}"

    @property
    def version(self) -> str:
        """What the form carries to say which words it showed: this version, unaltered (CTA-20)."""
        return f"{self.disclosure.pk}-{self.disclosure.sha256}"


_offers: dict[tuple[str, str], tuple[float, list[Offer]]] = {}


def offers(language: str, door: str = Door.FORM) -> list[Offer]:
    """Return the active programs with their newest published words in this language, or in the site's own.

    Kept in the process for a few seconds: the form asks for it at every request. A program without
    published words for this door is not offered there.
    """
    kept = _offers.get((language, door))
    if kept and kept[0] > time.monotonic():
        return kept[1]
    found = _load_offers(language, door)
    _offers[language, door] = (time.monotonic() + OFFERS_FOR_SECONDS, found)
    return found


def offers_here() -> list[Offer]:
    """Return the offers in the language of this request."""
    return offers(get_language() or settings.LANGUAGE_CODE)


def forget_offers() -> None:
    """Drop what this process keeps, after an edit in this process."""
    _offers.clear()


def _load_offers(language: str, door: str) -> list[Offer]:
    newest = {(words.program_id, words.language): words for words in words_in_force(door)}
    programs = {words.program_id: words.program for words in newest.values()}
    return [
        Offer(program, shown)
        for program in sorted(programs.values(), key=lambda program: (program.position, program.pk))
        if (shown := newest.get((program.pk, language)) or newest.get((program.pk, settings.LANGUAGE_CODE)))
    ]


def words_in_force(door: str) -> list[Disclosure]:
    """Return what stands at this door now: the newest published words of each active program in each language."""
    published = Disclosure.objects.filter(program__is_active=True, published_at__isnull=False, door=door)
    newest: dict[tuple[int, str], Disclosure] = {}
    for words in published.select_related("program").order_by("version"):
        newest[words.program_id, words.language] = words
    return list(newest.values())


def advertised() -> list[Keyword]:
    """Return the opt-in words that may be advertised, each with its program and the words that stand beside it."""
    words = Keyword.objects.filter(
        meaning=Meaning.OPT_IN, is_active=True, program__is_active=True, disclosure__published_at__isnull=False
    )
    return list(words.select_related("program", "disclosure"))


def subscriptions_of(addresses: Iterable[str]) -> list[Subscription]:
    """Return where these addresses stand on every program they have a history with."""
    rows = Subscription.objects.filter(address__in=[address for address in addresses if address])
    return list(rows.select_related("program", "request").order_by("program__position", "program_id"))


def standing_somewhere(addresses: Iterable[str]) -> set[str]:
    """Return those of these addresses that are on a program, or wait for one."""
    rows = Subscription.objects.filter(address__in=list(addresses), state__in=STANDING)
    return set(rows.values_list("address", flat=True))


def was_known(phone: str, *, before: datetime, mark: str) -> bool:
    """Whether a text came from this number before that moment, or somebody else did something with it.

    Theirs are the acts whose evidence has this `mark` (`ledger.mark_of`); of what is erased nothing is left.
    """
    subject = people.subject(phone)
    texts = InboundMessage.objects.filter(subject=subject, received_at__lt=before)
    acts = ConsentRecord.objects.filter(subject=subject, recorded_at__lt=before).exclude(evidence__payload="")
    return texts.exists() or acts.exclude(evidence__payload__contains=mark).exists()


def has_history(address: str) -> bool:
    """Whether anything is kept under this address: where it stands, or a text that it sent."""
    rows = [model._default_manager.filter(address=address) for model in (Subscription, InboundMessage)]
    return any(found.exists() for found in rows)


def is_remembered(address: str) -> bool:
    """Whether the ledger has ever had to do with this address, whatever is left of it."""
    return ConsentRecord.objects.filter(subject=people.subject(address)).exists()


def address_behind(subject: str) -> str:
    """Return the address that has this keyed hash; empty if it was never asked about here, or is erased."""
    row = Subscription.objects.filter(subject=subject).exclude(address="").first()
    return row.address if row else ""


def every_program() -> list[Program]:
    """Return all programs, those no longer offered included: they too can be left."""
    return list(Program.objects.all())


def programs() -> list[Program]:
    """Return the active programs."""
    return list(Program.objects.filter(is_active=True))
