"""What was texted, without what makes no difference to its meaning (KW-1, KW-2)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

LONGEST = 1600  # characters: no text message is longer; what is beyond is neither read nor paid for
_APOSTROPHES = frozenset("'’‘`ʼ")
_ACCENTS = range(0x0300, 0x0370)
_ARABIC_SIGNS = range(0x064B, 0x0656)  # short vowels, and the hamza of an alef: most people leave them out
_TATWEEL = "ـ"
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_INVISIBLE = frozenset({"Cf", "Me"})  # zero-width characters, joiners of emoji, the box of a keycap
_SPOKEN = frozenset("LMN")  # letters, marks of other scripts, numbers


def normalise(body: str) -> str:
    """Return a text in small letters without accents, one blank between words; "" where no word is left.

    Idempotent, never raises, and at most `LONGEST` characters long. Apostrophes and zero-width characters go
    ("don’t" is "dont"), whatever else is neither letter nor number becomes a blank ("OPT-OUT" is "opt out").
    """
    read = body.strip()[:LONGEST].replace("´", "'")  # NFKC would make a blank and an accent of it
    folded = unicodedata.normalize("NFKC", read).casefold()
    kept = "".join(map(_kept, unicodedata.normalize("NFKD", folded)))
    composed = unicodedata.normalize("NFC", " ".join(kept.split()))
    return composed[:LONGEST].strip()


def is_whole(body: str) -> bool:
    """Whether normalise() read all of it."""
    return len(body.strip()) <= LONGEST


@lru_cache(maxsize=1024)
def _kept(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    is_a_sign = code in _ACCENTS or code in _ARABIC_SIGNS or code in _VARIATION_SELECTORS
    if is_a_sign or character in _APOSTROPHES or character == _TATWEEL or category in _INVISIBLE:
        return ""
    return character if category[0] in _SPOKEN else " "
