"""Every way in that is in use, with its words, for the registration of a sender with the carriers (CTA-18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from sms_consent import disclosures, keywords, replies, selectors
from sms_consent.choices import Door, Meaning
from sms_consent.exports.writing import Row
from sms_consent.models import Disclosure, Keyword, Program
from sms_consent.models.keywords import kept_number

COLUMNS = (
    *("door", "program", "name", "channel", "brand", "purpose", "frequency", "sender", "url", "place", "keyword"),
    *("language", "version", "label", "wording", "button", "confirmed_by", "opt_in_words", "opt_out_words"),
    *("help_words", "answered_by", "opt_in_answer", "opt_out_answer", "help_answer", "terms", "privacy", "support"),
)
BY_TEXT = "a yes from the handset (double opt-in)"
BY_MAIL = "the button in a mail to the address"
BY_ITSELF = "nothing here: the text itself comes from the handset. Braze asks for a yes if it has the word as a prompt"
SIGNED_IN = "signing in by a code from the mailbox"


def everything() -> QuerySet[Program]:
    """Return the programs that are offered."""
    return Program.objects.filter(is_active=True)


def path_pages(programs: QuerySet[Program]) -> Iterator[list[Row]]:
    """Yield the ways in to these programs, program by program, all in one page."""
    wanted, active = list(programs), list(Keyword.objects.filter(is_active=True))
    ways = [*_by_form(), *_by_phone_form(), *_by_keyword()]
    yield [way | _program(program, active) for program in wanted for way in ways if way["program"] == program.slug]


def _by_form() -> Iterator[Row]:
    """Yield the boxes of the sign-up, and of the preferences, where the same words stand."""
    for words in selectors.words_in_force(Door.FORM):
        by = BY_TEXT if words.program.is_sms else BY_MAIL
        sign_up = by if words.program.confirm_sign_ups else f"nothing for an address that is new here; otherwise {by}"
        yield _way("Sign-up: an unticked box", words, reverse("account_signup"), confirmed_by=sign_up)
        preferences = f"{SIGNED_IN}; a number not proven yet as on the sign-up" if words.program.is_sms else SIGNED_IN
        yield _way("Preferences: an unticked box", words, reverse("preferences"), confirmed_by=preferences)


def _by_phone_form() -> Iterator[Row]:
    for words in selectors.words_in_force(Door.PHONE_FORM):
        query = f"?{urlencode({'program': words.program.slug})}"
        yield _way("Phone form", words, reverse("phone") + query, confirmed_by=BY_TEXT)
        if settings.EMBED_ORIGINS:
            place = ", ".join(settings.EMBED_ORIGINS)
            url = reverse("embedded_phone") + query
            yield _way("Phone form in a frame", words, url, confirmed_by=BY_TEXT, place=place)


def _by_keyword() -> Iterator[Row]:
    for keyword in selectors.advertised():
        if keyword.disclosure is None:
            continue  # the database lets no active opt-in word be without
        yield _way(
            "Keyword",
            keyword.disclosure,
            reverse("keyword", args=[keyword.word]),
            place=keyword.place,
            keyword=str(keyword),
            confirmed_by=BY_TEXT if keyword.asks_confirmation else BY_ITSELF,
        )


def _way(door: str, words: Disclosure, path: str, *, confirmed_by: str, place: str = "", keyword: str = "") -> Row:
    return {
        "door": door,
        "program": words.program.slug,
        "url": settings.SITE_URL + path,
        "place": place,
        "keyword": keyword,
        "language": words.language,
        "version": words.version,
        "label": words.label,
        "wording": disclosures.plain_text(words.words, settings.SITE_URL),
        "button": words.button_label,
        "confirmed_by": confirmed_by,
    }


def _program(program: Program, active: Iterable[Keyword]) -> Row:
    return {
        "name": program.name,
        "channel": program.channel,
        "brand": program.brand,
        "purpose": program.purpose,
        "frequency": program.frequency,
        "sender": program.sender,
        "terms": settings.TERMS_URL or settings.SITE_URL + reverse("terms"),
        "privacy": settings.PRIVACY_URL or settings.SITE_URL + reverse("privacy"),
        "support": settings.SUPPORT_EMAIL,
        **_word_lists(program, active),
        **_answers(program),
    }


def _word_lists(program: Program, active: Iterable[Keyword]) -> Row:
    """Return the words that the program's numbers listen to; an email program has none."""
    if not program.is_sms:
        return {"opt_in_words": "", "opt_out_words": "", "help_words": ""}
    own = [one for one in active if one.program_id == program.pk]
    numbers = {kept_number(program.sender), *(one.number for one in own)}
    beside = [one for one in active if one.number in numbers]
    return {
        "opt_in_words": _listed(one.word for one in own if one.meaning == Meaning.OPT_IN),
        "opt_out_words": _listed([*keywords.LISTED, *_meaning(beside, Meaning.OPT_OUT)]),
        "help_words": _listed([*keywords.HELP, *_meaning(beside, Meaning.HELP)]),
    }


def _meaning(found: Iterable[Keyword], meaning: str) -> list[str]:
    return [one.word for one in found if one.meaning == meaning]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted({word.upper() for word in words}))


def _answers(program: Program) -> Row:
    """Return what is texted back. Where Braze answers, its words are in Braze and not known here (REV-13)."""
    if not program.is_sms:
        return {"answered_by": "", "opt_in_answer": "", "opt_out_answer": "", "help_answer": ""}
    texts = {"opt_in_answer": replies.JOINED, "opt_out_answer": replies.LEFT, "help_answer": replies.HELP}
    ours = settings.TEXT_REPLIES
    return {
        "answered_by": "this site" if ours else "Braze",
        **{name: replies.filled(words, program) if ours else "" for name, words in texts.items()},
    }
