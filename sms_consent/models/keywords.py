"""Words that people text to a number, each with the words shown where it is advertised."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from optin_site import campaigns
from sms_consent import keywords
from sms_consent.choices import Door, Meaning
from sms_consent.keywords import Words
from sms_consent.models.programs import Disclosure, Program

LONGEST_WORD = 34  # characters, at Braze
SHORT_CODE = re.compile(r"[0-9]{5,6}")
_INSIDE = frozenset("-_.'&+")


def kept_word(word: str) -> str:
    """Return a word as it is kept and shown: NFKC, lower case, Latin letters without accents (KW-1, KW-2)."""
    apart = unicodedata.normalize("NFKD", word.strip().casefold())
    return unicodedata.normalize("NFKC", re.sub("(?<=[a-z])[\u0300-\u036f]+", "", apart))


def shown(number: str) -> str:
    """Return an E.164 number in groups, as people read it; a short code or a sender's name as it is."""
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


class Keyword(models.Model):
    """A word texted to a number: it opts in to a program, opts out, or asks for help (KW-11).

    `word` is kept as texts are compared, `number` as E.164 or as a short code. An opt-in word is active only with
    the published words that stand beside it and the place where it is advertised (US-6): a word alone is no written
    consent. A text carries no link, so the word itself tells which `campaign` it answers.
    """

    word = models.CharField(
        max_length=LONGEST_WORD, help_text="What people text: 1 to 34 letters and digits, no space (CTA-22)."
    )
    number = models.CharField(max_length=20, help_text="The number they text it to, or a short code of 5 or 6 digits.")
    meaning = models.CharField(max_length=7, choices=Meaning.choices, default=Meaning.OPT_IN)
    program = models.ForeignKey(
        Program,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="keywords",
        help_text="What it opts in to.",
    )
    language = models.CharField(max_length=12, default="en")
    disclosure = models.ForeignKey(
        Disclosure,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="keywords",
        verbose_name="words beside it",
        help_text="Published words for keywords, shown wherever the word is advertised (US-6).",
    )
    asks_confirmation = models.BooleanField(
        "asks for confirmation", default=False, help_text="Whether a text with this word waits until the phone says Y."
    )
    place = models.CharField(
        max_length=160, blank=True, help_text="Where it is advertised, for example “poster, till receipt” (US-6)."
    )
    incentive = models.CharField(max_length=120, blank=True, help_text="For example “10 % off your first order”.")
    campaign = models.CharField(
        max_length=64,
        blank=True,
        validators=[campaigns.validate],
        help_text="Your name for the campaign; kept as evidence with every text by this word.",
    )
    is_active = models.BooleanField(default=True, help_text="Only active words are advertised and opt in.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Words are shown in this order.")

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(fields=["number", "word"], name="keyword_once_per_number"),
            models.CheckConstraint(condition=Q(meaning__in=Meaning.values), name="keyword_meaning_known"),
            models.CheckConstraint(condition=~Q(word="") & ~Q(word__contains=" "), name="keyword_is_one_word"),
            models.CheckConstraint(
                condition=~Q(meaning=Meaning.OPT_IN) | Q(program__isnull=False), name="keyword_opts_in_to_a_program"
            ),
            models.CheckConstraint(
                condition=~Q(meaning=Meaning.OPT_IN, is_active=True) | Q(disclosure__isnull=False) & ~Q(place=""),
                name="keyword_active_with_words",
            ),
        )

    def __str__(self) -> str:
        return f"{self.shown_word} to {self.shown_number}"

    @property
    def shown_word(self) -> str:
        """The word as posters print it."""
        return self.word.upper()

    @property
    def shown_number(self) -> str:
        """The number as people read it."""
        return shown(self.number)

    @property
    def sms_link(self) -> str:
        """A link that opens the message, ready to send.

        RFC 5724 has `?body=`, iOS long wanted `&body=`; `?&body=` is what both iOS and Android take.
        """
        return f"sms:{self.number}?&body={quote(self.shown_word, safe='')}"

    @property
    def evidence(self) -> dict[str, str]:
        """What the evidence of a text by this word says about it: fields of `ledger.Circumstances`."""
        return {
            "keyword": f"{self.shown_word} to {self.number} (keyword {self.pk})",
            "place": self.place,
            "incentive": self.incentive,
            "campaign": self.campaign,
        }

    def clean(self) -> None:
        """Bring word and number into the form they are kept in; refuse what must not be advertised.

        Raises ValidationError with an error beside each field it is about.
        """
        self.word, self.number = kept_word(self.word), kept_number(self.number)
        problems = {
            "word": self._word_problem(),
            "number": "" if self.number else "Enter a number that can be texted, or a short code of 5 or 6 digits.",
            "program": self._program_problem(),
            "disclosure": self._disclosure_problem(),
            "place": "Say where it is advertised, or switch it off (US-6)." if self._opts_in and not self.place else "",
        }
        found = {name: problem for name, problem in problems.items() if problem}
        if found:
            raise ValidationError(found)

    @property
    def _opts_in(self) -> bool:
        return self.meaning == Meaning.OPT_IN and self.is_active

    def _word_problem(self) -> str:
        if not _is_one_word(self.word):
            return "Enter one word of 1 to 34 letters and digits, without a space (CTA-22)."
        beside = Keyword.objects.filter(number=self.number).exclude(pk=self.pk)
        said = keywords.normalise(self.word)
        if twin := next((it for it in beside if keywords.normalise(it.word) == said), None):
            return f"{twin} is there already: {twin.get_meaning_display().lower()} (KW-12)."
        words = {meaning: [it.word for it in beside if it.meaning == meaning] for meaning in Meaning.values}
        return " ".join(keywords.problems(self.word, keywords.Meaning(self.meaning), Words(**words)))

    def _program_problem(self) -> str:
        if self.program is None:
            return "Choose what the word opts in to." if self.meaning == Meaning.OPT_IN else ""
        return "" if self.program.is_sms else "Choose a program of text messages."

    def _disclosure_problem(self) -> str:
        words = self.disclosure
        if words is None:
            missing = "Choose the words that stand beside it: without them it cannot be active (US-6)."
            return missing if self._opts_in else ""
        if not words.published_at:
            return "These words are not published yet (US-6)."
        if words.door != Door.KEYWORD:
            return "These words are for a box on a form. A keyword needs words of its own."
        fits = self.program_id in (None, words.program_id) and self.language == words.language
        return "" if fits else "These words are for another program or another language."


def _is_one_word(word: str) -> bool:
    """Whether texts can be compared with it, whatever alphabet it is in, and its page can have an address."""
    kinds = [unicodedata.category(letter)[0] in "LMN" for letter in word]
    inside = all(kind or letter in _INSIDE for kind, letter in zip(kinds, word, strict=True))
    return 1 <= len(word) <= LONGEST_WORD and kinds[0] and kinds[-1] and inside


def kept_number(number: str) -> str:
    """Return a number that can be texted as it is kept, E.164 or a short code; empty if it is neither."""
    bare = re.sub(r"[\s-]", "", number)
    if SHORT_CODE.fullmatch(bare):
        return bare
    try:
        parsed = phonenumbers.parse(number, settings.PHONE_REGIONS[0])
    except phonenumbers.NumberParseException:
        return ""
    is_valid = phonenumbers.is_valid_number(parsed)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)) if is_valid else ""
