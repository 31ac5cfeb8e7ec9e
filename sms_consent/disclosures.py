"""The words that people agree to: rendering a draft, checking what the law and the carriers ask for, freezing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from sms_consent import phrases
from sms_consent.choices import Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure, Program

# In the site's language here, in the others in its catalogs, from which they come as drafts.
SMS_DRAFT = _(
    "By ticking this box I agree to receive recurring automated promotional text messages (SMS) with {purpose} "
    "from {brand} at the mobile number I enter. Consent is not a condition of any purchase. {frequency}. "
    "Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also write to {support}. "
    "See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
KEYWORD_DRAFT = _(
    "By texting this word to this number I agree to receive recurring automated promotional text messages (SMS) with "
    "{purpose} from {brand} at the mobile number I text from. Consent is not a condition of any purchase. {frequency}. "
    "Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also write to {support}. "
    "See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
PHONE_FORM_DRAFT = _(
    "By pressing this button I agree to receive recurring automated promotional text messages (SMS) with {purpose} "
    "from {brand} at the mobile number I enter, once I have said yes from that phone. Consent is not a condition of "
    "any purchase. {frequency}. Message and data rates may apply. Reply HELP for help or STOP to cancel; you can also "
    "write to {support}. See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)
EMAIL_DRAFT = _(
    "By ticking this box I agree to receive promotional emails with {purpose} from {brand}. {frequency}. "
    "Consent is not a condition of any purchase. I can unsubscribe at any time by the link in every email or by "
    "writing to {support}. {brand}, {address}. See our [Terms]({terms}) and [Privacy Policy]({privacy})."
)

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
    lower, spoken = " ".join(words.lower().split()), language[:2]
    by_language = phrases.SMS if program.is_sms else phrases.EMAIL
    missing = [
        (number, problem) for number, problem, pattern in by_language.get(spoken, ()) if not re.search(pattern, lower)
    ]
    missing += [(number, problem) for number, problem, ok in _checks(program, spoken) if not ok(words)]
    found = [f"The words must {problem} ({number})." for number, problem in missing]
    if door != Door.FORM and re.search(phrases.BOX.get(spoken, phrases.BOX["en"]), lower):
        found.append("The words must not speak of a box: at this door there is none (US-1).")
    return found


Check = tuple[str, str, Callable[[str], bool]]


def _checks(program: Program, language: str) -> list[Check]:
    """Return what needs no translation and, in the site's language, what the program itself says."""
    own = _promises(program) if language == settings.LANGUAGE_CODE or language not in phrases.SMS else []
    return own + _plain(program)


def _promises(program: Program) -> list[Check]:
    return [
        ("CTA-9", f"state the purpose, “{program.purpose}”", lambda words: program.purpose.lower() in words.lower()),
        (
            "CTA-11",
            f"state the frequency, “{program.frequency}”",
            lambda words: program.frequency.lower() in words.lower(),
        ),
    ]


def _plain(program: Program) -> list[Check]:
    checks: list[Check] = [
        ("CTA-7", f"name the brand, “{program.brand}”", lambda words: program.brand.lower() in words.lower()),
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


def draft_translations(words: Disclosure) -> list[Disclosure]:
    """Draft published words in each other language of the site that has none of its own for this door.

    Only where a catalog knows the very words: what a marketer wrote, a marketer translates. Visitors see none of it
    before somebody has read and published it.
    """
    at_this_door = Disclosure.objects.filter(program=words.program, door=words.door)
    written = set(at_this_door.values_list("language", flat=True))
    found = [_translated(words, code) for code, _name in settings.LANGUAGES if code not in written]
    return [disclosure for disclosure in found if disclosure]


def _translated(words: Disclosure, language: str) -> Disclosure | None:
    with override(language):
        text = gettext(words.draft)
        if text == words.draft:
            return None
        # A program has its purpose and frequency in the site's language alone, so they are written out.
        text = text.replace("{purpose}", gettext(words.program.purpose))
        text = text.replace("{frequency}", gettext(words.program.frequency))
        said = {"text": text, "label": gettext(words.label), "button": gettext(words.button_label)}
    return draft(words.program, language=language, door=words.door, **said)


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
