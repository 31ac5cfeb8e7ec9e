"""The words that people agree to: rendering a draft, checking what the law and the carriers ask for, freezing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from sms_consent.choices import Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure, Program

SMS_DRAFT = (
    "By ticking this box I agree to receive recurring automated promotional text messages (SMS) with {purpose} "
    "from {brand} at the mobile number I enter. Consent is not a condition of any purchase. {frequency}. "
    "Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also write to {support}. "
    "See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
KEYWORD_DRAFT = (
    "By texting this word to this number I agree to receive recurring automated promotional text messages (SMS) with "
    "{purpose} from {brand} at the mobile number I text from. Consent is not a condition of any purchase. {frequency}. "
    "Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also write to {support}. "
    "See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
PHONE_FORM_DRAFT = (
    "By pressing this button I agree to receive recurring automated promotional text messages (SMS) with {purpose} "
    "from {brand} at the mobile number I enter, once I have said yes from that phone. Consent is not a condition of "
    "any purchase. {frequency}. Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also "
    "write to {support}. See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
EMAIL_DRAFT = (
    "By ticking this box I agree to receive promotional emails with {purpose} from {brand}. {frequency}. "
    "Consent is not a condition of any purchase. I can unsubscribe at any time by the link in every email or by "
    "writing to {support}. {brand}, {address}. See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)

# What words must say, per language: requirement, problem, pattern. Languages without a row of their own are
# checked for what needs no translation: brand, purpose, frequency, STOP, HELP and the two links.
_ENGLISH_SMS = (
    ("CTA-8", "say “text messages” or “SMS”", r"\b(text messages?|texts|sms)\b"),
    ("CTA-9", "say that messages are promotional", r"\b(promotion\w*|marketing|advertis\w*|offers?|deals?)\b"),
    ("CTA-10", "say that messages are recurring", r"\brecurring\b"),
    ("CTA-10", "say that messages are automated", r"\bauto(mated|dial\w*|matic\w*)\b"),
    ("CTA-12", "say “Message and data rates may apply”", r"\b(message|msg)s?\s*(and|&)\s*data rates may apply\b"),
    (
        "CTA-13",
        "say that consent is not a condition of any purchase",
        r"\bnot (a )?(condition|required|require)\b.{0,40}\b(purchase|buy)",
    ),
)
_ENGLISH_EMAIL = (
    ("CTA-9", "say that emails are promotional", r"\b(promotion\w*|marketing|advertis\w*|offers?|news\w*)\b"),
    ("EM-12", "say how to unsubscribe", r"\bunsubscribe\b"),
)
PHRASES: Mapping[tuple[str, bool], tuple[tuple[str, str, str], ...]] = {
    ("en", True): _ENGLISH_SMS,
    ("en", False): _ENGLISH_EMAIL,
}

_BOX = re.compile(r"\b(tick|check)\w*\b.{0,20}\bbox", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def render(draft: str, program: Program) -> str:
    """Return the words as visitors will read them. Raises DisclosureError for a placeholder that is not known."""
    values = {
        "brand": program.brand,
        "purpose": program.purpose,
        "frequency": program.frequency,
        "sender": program.sender,
        "support": settings.SUPPORT_EMAIL,
        "address": settings.BRAND_ADDRESS,
        "terms": settings.TERMS_URL or "/terms/",
        "privacy": settings.PRIVACY_URL or "/privacy/",
    }

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise DisclosureError([f"{match[0]} is not a placeholder; use one of {', '.join(sorted(values))}."])
        return values[match[1]]

    return re.sub(r"\{(\w+)\}", fill, draft).strip()


def problems(words: str, program: Program, language: str, door: str = Door.FORM) -> list[str]:
    """Return what the words lack of CTA-7…CTA-15, each with its number; an empty list means publishable."""
    lower = " ".join(words.lower().split())
    found = [
        f"The words must {problem} ({number})."
        for number, problem, pattern in PHRASES.get((language[:2], program.is_sms), ())
        if not re.search(pattern, lower)
    ]
    if door != Door.FORM and _BOX.search(words):
        found.append("The words must not speak of a box: at this door there is none (US-1).")
    return found + [f"The words must {problem} ({number})." for number, problem, ok in _plain(program) if not ok(words)]


def _plain(program: Program) -> list[tuple[str, str, Callable[[str], bool]]]:
    """Return what needs no translation."""
    checks: list[tuple[str, str, Callable[[str], bool]]] = [
        ("CTA-7", f"name the brand, “{program.brand}”", lambda words: program.brand.lower() in words.lower()),
        ("CTA-9", f"state the purpose, “{program.purpose}”", lambda words: program.purpose.lower() in words.lower()),
        (
            "CTA-11",
            f"state the frequency, “{program.frequency}”",
            lambda words: program.frequency.lower() in words.lower(),
        ),
        ("CTA-15", "link to the terms", lambda words: _links_to(words, settings.TERMS_URL or "/terms/")),
        ("CTA-15", "link to the privacy policy", lambda words: _links_to(words, settings.PRIVACY_URL or "/privacy/")),
    ]
    if program.is_sms:
        checks.append(("CTA-14", "say STOP", lambda words: re.search(r"\bSTOP\b", words) is not None))
        checks.append(("CTA-14", "say HELP", lambda words: re.search(r"\bHELP\b", words) is not None))
    return checks


def _links_to(words: str, url: str) -> bool:
    return any(target == url for _, target in _LINK.findall(words))


def links(words: str) -> list[tuple[str, str]]:
    """Split words into (text, link) pieces; the link is empty for plain text."""
    pieces, end = [], 0
    for match in _LINK.finditer(words):
        pieces += [(words[end : match.start()], ""), (match[1], match[2])]
        end = match.end()
    return [piece for piece in [*pieces, (words[end:], "")] if piece[0]]


def plain_text(words: str, base_url: str = "") -> str:
    """Return the words with their links written out, for mails and exports."""
    return "".join(
        f"{text} ({base_url if link.startswith('/') else ''}{link})" if link else text for text, link in links(words)
    )


def next_version(program_id: int, language: str) -> int:
    """Return the number of the next version. Two at once would take the same: lock the program's row first."""
    versions = Disclosure.objects.filter(program=program_id, language=language)
    return (versions.aggregate(Max("version"))["version__max"] or 0) + 1


def draft(program: Program, *, language: str, text: str, label: str, button: str, door: str = Door.FORM) -> Disclosure:
    """Return a new unpublished version. The words for all doors of a program are numbered together."""
    return Disclosure.objects.create(
        program=program,
        door=door,
        language=language,
        version=next_version(program.pk, language),
        draft=text,
        label=label,
        button_label=button,
    )


def publish(disclosure: Disclosure) -> Disclosure:
    """Freeze a draft as rendered now; from here on it is what visitors see and the database keeps it.

    Raises DisclosureError, with everything that is missing, when the words lack CTA-7…CTA-15 (CTA-19).
    """
    if disclosure.published_at:
        raise DisclosureError(["These words are published already, and frozen. Add a new version instead."])
    words = render(disclosure.draft, disclosure.program)
    missing = problems(words, disclosure.program, disclosure.language, disclosure.door)
    if missing:
        raise DisclosureError(missing)
    with transaction.atomic():
        disclosure.words, disclosure.sha256 = words, hashlib.sha256(words.encode()).hexdigest()
        disclosure.published_at = timezone.now()
        disclosure.save()
    return disclosure
