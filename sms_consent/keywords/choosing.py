"""Which words a marketer may choose as keywords."""

from __future__ import annotations

from dataclasses import replace

from sms_consent.keywords.matching import Meaning, Words, match
from sms_consent.keywords.normalising import normalise
from sms_consent.keywords.words import CONFIRM, OPT_IN

_BOTH_WAYS = "yes"  # confirms while a request waits, and may opt in otherwise (KW-7)
_READ_AS = {
    Meaning.OPT_OUT: "an opt-out",
    Meaning.HELP: "a request for help",
    Meaning.CONFIRM: "a confirmation",
    Meaning.OPT_IN: "an opt-in",
}


def problems(word: str, meaning: Meaning, beside: Words) -> list[str]:
    """Return why a word cannot be a keyword with this meaning (KW-2, KW-12); an empty list means it can.

    `meaning` is any but UNKNOWN; `beside` are the number's keywords, with or without this one. That it is one word, and
    not too long, the keyword itself has seen to (CTA-22).
    """
    found = []
    said = normalise(word)
    if not said:
        found.append("A keyword needs a letter or a digit (KW-2).")
    everywhere = replace(beside, opt_in=[*OPT_IN, *beside.opt_in], confirm=[*CONFIRM, *beside.confirm])
    others = replace(everywhere, **{meaning.value: ()})
    taken = match(word, others, is_pending=True).meaning
    if taken != Meaning.UNKNOWN and not (said == _BOTH_WAYS and meaning in (Meaning.OPT_IN, Meaning.CONFIRM)):
        found.append(f"“{word}” is read as {_READ_AS[taken]} already (KW-12).")
    return found
