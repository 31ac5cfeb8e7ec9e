"""What an inbound text means, and by which rule. Pure: no database, no settings, no clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sms_consent.keywords.normalising import is_whole, normalise
from sms_consent.keywords.opt_outs import find, find_in_a_sentence, has_stop_sign, may_revoke
from sms_consent.keywords.words import CONFIRM, HELP, OPT_IN


class Meaning(StrEnum):
    """What a text asks for, in the order in which it is asked (KW-6)."""

    OPT_OUT = "opt_out"
    HELP = "help"
    CONFIRM = "confirm"
    OPT_IN = "opt_in"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Words:
    """The active keywords of one number, as marketers wrote them (KW-11).

    `opt_in` and `confirm` replace the site's; `opt_out` and `help` are added to them: no number can be without STOP.
    """

    opt_in: Collection[str] = OPT_IN
    opt_out: Collection[str] = ()
    help: Collection[str] = ()
    confirm: Collection[str] = CONFIRM


@dataclass(frozen=True)
class Match:
    """How a text was read; all of it is evidence (KW-14).

    `rule`: stop-word, stop-phrase, stop-sentence, stop-typo, both (STOP beside another keyword), help, confirm,
    opt-in, or "". `word`: the keyword or phrase that decided, normalised, or "". `needs_review`: nothing was
    decided although it may be an opt-out, so that a person should (REV-2).
    """

    meaning: Meaning
    word: str = ""
    rule: str = ""
    normalised: str = ""
    needs_review: bool = False


def match(body: str, words: Words, *, is_pending: bool) -> Match:
    """Return what a text means to a number with these keywords; total, and quick whatever the body.

    `is_pending`: a double opt-in request of this handset waits for an answer. Whether it came too late is the
    caller's to know. Opt-outs are recognised generously, everything else only as the exact whole message (KW-5).
    """
    said = normalise(body)
    own = _normalised(words.opt_out)
    exact = _exact(words)
    others = frozenset[str]().union(OPT_IN, CONFIRM, *exact.values())
    if found := find(said, own, others) or find_in_a_sentence(body, own, others):
        return Match(Meaning.OPT_OUT, found.word, found.rule, said)
    for meaning, keywords in exact.items():
        is_asked = is_pending or meaning != Meaning.CONFIRM
        if said in keywords and is_asked and is_whole(body) and (meaning == Meaning.HELP or not has_stop_sign(body)):
            return Match(meaning, said, meaning.replace("_", "-"), said)
    return Match(Meaning.UNKNOWN, normalised=said, needs_review=may_revoke(body, own, others))


def _exact(words: Words) -> dict[Meaning, frozenset[str]]:
    """Return the keywords that count only as the whole message, in the order of KW-6."""
    return {
        Meaning.HELP: HELP | _normalised(words.help),
        Meaning.CONFIRM: _normalised(words.confirm),
        Meaning.OPT_IN: _normalised(words.opt_in),
    }


def _normalised(keywords: Collection[str]) -> frozenset[str]:
    return frozenset(map(normalise, keywords)) - {""}  # a keyword of symbols alone would match every empty text
