"""The words that Braze understands in a text: its own, and those that a group adds (R-keywords, R-customkw)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from .records import Group

Meaning = Literal["opt_in", "opt_out", "help"]

# R-keywords: only a text that is exactly one of these words counts.
OPT_IN_WORDS = frozenset({"START", "YES", "UNSTOP"})
OPT_OUT_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
HELP_WORDS = frozenset({"HELP", "INFO"})

MAX_WORDS = 20
_WORD = re.compile(r"\S{1,34}")


def meaning(body: str, group: Group) -> Meaning | None:
    """Return what a text means to the group that owns the number it was sent to."""
    word = body.strip().upper()
    if word in OPT_OUT_WORDS or is_among(word, group.opt_out_words):
        return "opt_out"
    if word in OPT_IN_WORDS or is_among(word, group.opt_in_words):
        return "opt_in"
    return "help" if word in HELP_WORDS else None


def is_among(body: str, words: Iterable[str]) -> bool:
    word = body.strip().upper()
    return any(word == one.upper() for one in words)


def check(group: Group) -> None:
    """Raise ValueError, in words, if Braze would not take the words of a group."""
    for words in (group.opt_in_words, group.opt_out_words, group.prompt_words, group.confirm_words):
        if isinstance(words, str) or not all(isinstance(one, str) and _WORD.fullmatch(one) for one in words):
            raise ValueError("words must be a list of single words of 1 to 34 characters")
        if len(words) > MAX_WORDS:
            raise ValueError(f"at most {MAX_WORDS} words of a kind")
    own = [one.upper() for one in (*group.opt_in_words, *group.opt_out_words)]
    taken = [one for one in own if one in OPT_IN_WORDS | OPT_OUT_WORDS | HELP_WORDS or own.count(one) > 1]
    if taken:
        raise ValueError(f"a word has one meaning only: {', '.join(dict.fromkeys(taken))}")
    _check_double_opt_in(group)


def _check_double_opt_in(group: Group) -> None:
    """P-doi: prompts answer to opt-in words, START among them, and something confirms."""
    if not is_among("START", group.prompt_words) or not group.confirm_words:
        raise ValueError("START must be a prompt word, and there must be a confirmation word")
    if any(meaning(one, group) != "opt_in" for one in group.prompt_words):
        raise ValueError("prompt words must be opt-in words")
    if any(meaning(one, group) in ("opt_out", "help") for one in group.confirm_words):
        raise ValueError("a confirmation word can neither opt out nor ask for help")
