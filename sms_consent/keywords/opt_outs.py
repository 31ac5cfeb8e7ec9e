"""Recognising an opt-out, however it is put (REV-1, REV-2, KW-3), without falling for its words (KW-4).

A message is cut into pieces that the tables know, the longest first. It revokes if it is made of courtesies, a
STOP word or phrase, and what that is about; with one piece that no table knows, it does not.

In all of these functions `own` are a number's own opt-out words and `others` all other keywords, normalised.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sms_consent.keywords.normalising import LONGEST, normalise
from sms_consent.keywords.words import (
    ABOUT,
    COURTESIES,
    DOUBTS,
    EVERYDAY,
    OFTEN_MISTYPED,
    STOP,
    STOP_ALONE,
    STOP_SIGNS,
    TYPOS,
)

# One letter a piece. S a STOP word or phrase, T a slip of one, A one that counts alone, O what it is about,
# C a courtesy, K any other keyword. The letters exclude each other, so that matching takes linear time.
_MESSAGE = re.compile(r"[CK]*(?:A[CK]*|(?:[ST][COK]*)+)")
_SENTENCE = re.compile(r"[CK]*(?:S[COK]*)+")
_TELLING = STOP | DOUBTS | (STOP_ALONE - EVERYDAY)  # whatever else is said
_LONGEST_ENTRY = max(entry.count(" ") + 1 for entry in STOP | ABOUT | COURTESIES)

_SENTENCE_END = re.compile(r"(?<!\.)\.\s|[!?]\s")  # “please don't... stop” is one sentence
_QUOTED = re.compile(r'["“”„«»].*["“”„«»]', re.DOTALL)  # from the first to the last: inch marks must not split it
SHORT = 4  # words of a quotation; messages of ours have more
FEW = 3  # words before it, in whatever language of a handset
_REPEATS = re.compile(r"(.)\1+")


@dataclass(frozen=True)
class OptOut:
    """The rule that recognised an opt-out, and the word or phrase of the tables that it rests on."""

    rule: str
    word: str


def find(said: str, own: Collection[str], others: Collection[str]) -> OptOut | None:
    """Return how a normalised message revokes as a whole, or None."""
    if said in own:
        return OptOut("stop-word", said)
    if word := _typo(said):
        return OptOut("stop-typo", word)
    return _read(said, _MESSAGE, own, others)


def find_in_a_sentence(body: str, own: Collection[str], others: Collection[str]) -> OptOut | None:
    """Return how one sentence of a message revokes by itself (“Stop. Who are you?”), or None.

    Slips do not count here (“Sto. Domingo”).
    """
    found = (_read(sentence, _SENTENCE, own, others) for sentence in _sentences(body))
    return next((OptOut("stop-sentence", it.word) for it in found if it), None)


def may_revoke(body: str, own: Collection[str], others: Collection[str]) -> bool:
    """Whether a message that revokes by no rule may be meant to, so that a person should read it (REV-2).

    A STOP word or phrase anywhere in it will do, or a slip of one. An everyday word will only in a sentence of which
    the tables know every piece (“para los mensajes”): there is hardly a text in Spanish without “para”.
    """
    body = body.strip()[:LONGEST]
    said = normalise(_without_a_like(body))
    tells = any(f" {entry} " in f" {said} " for entry in _TELLING.union(own)) or has_stop_sign(body)
    return tells or any(map(_is_slip, said.split())) or any(_is_known(it, own, others) for it in _sentences(body))


def has_stop_sign(body: str) -> bool:
    """Whether there is one among the signs: with it, no word agrees to anything."""
    return not set(STOP_SIGNS).isdisjoint(body)


def _is_slip(token: str) -> bool:
    return token not in COURTESIES and bool(_typo(token))


def _is_known(sentence: str, own: Collection[str], others: Collection[str]) -> bool:
    """Whether the tables know every piece of a sentence, and one of them revokes alone."""
    kinds = {kind for kind, _ in _pieces(sentence.split(), own, others)}
    return "A" in kinds and "?" not in kinds


def _sentences(body: str) -> list[str]:
    return list(map(normalise, _SENTENCE_END.split(_unquoted(body))))


def _without_a_like(body: str) -> str:
    """Leave out the one quotation that a message ends in, after the few words of a “like” (“Laughed at …”).

    A short one, or one that more follows, tells what was said.
    """
    quoted = _QUOTED.search(body)
    return _unquoted(body) if quoted and _is_like(body, quoted) else body


def _is_like(body: str, quoted: re.Match[str]) -> bool:
    is_one = sum(map(body.count, {quoted[0][0], quoted[0][-1]})) == 2  # what we wrote may have marks of another kind
    before = len(normalise(body[: quoted.start()]).split())
    return is_one and 0 < before <= FEW and len(quoted[0].split()) > SHORT and not normalise(body[quoted.end() :])


def _unquoted(body: str) -> str:
    """Leave out quotations: what a handset sends for a “like” repeats our own message, STOP and all."""
    return _QUOTED.sub(" quoted ", body.strip()[:LONGEST])  # a word of no table: what is around it stays apart


def _read(said: str, shape: re.Pattern[str], own: Collection[str], others: Collection[str]) -> OptOut | None:
    pieces = list(_pieces(said.split(), own, others))
    kinds = "".join(kind for kind, _ in pieces)
    if not shape.fullmatch(kinds):
        return None
    kind, word = next(piece for piece in pieces if piece[0] in "STA")
    if "K" in kinds:
        return OptOut("both", _typo(word) or word)
    if kind == "T":
        return OptOut("stop-typo", _typo(word))
    return OptOut("stop-word" if word == said and " " not in said else "stop-phrase", word)


def _pieces(tokens: list[str], own: Collection[str], others: Collection[str]) -> Iterator[tuple[str, str]]:
    """Cut tokens into (kind, piece), up to the first that no table knows; that one's kind is "?"."""
    while tokens:
        kind, length = _longest_known(tokens, own, others)
        yield kind, " ".join(tokens[:length])
        tokens = tokens[length:] if kind != "?" else []


def _longest_known(tokens: list[str], own: Collection[str], others: Collection[str]) -> tuple[str, int]:
    for length in range(min(_LONGEST_ENTRY, len(tokens)), 0, -1):
        if kind := _kind(" ".join(tokens[:length]), own, others):
            return kind, length
    return "?", 1


def _kind(piece: str, own: Collection[str], others: Collection[str]) -> str:
    tables = (("S", STOP), ("S", own), ("A", STOP_ALONE), ("K", others), ("O", ABOUT), ("C", COURTESIES))
    known = next((kind for kind, table in tables if piece in table), "")
    return known or ("T" if _typo(piece) else "")


def _typo(said: str) -> str:
    """Return the word that `said` is a slip of, or ""."""
    squeezed = _REPEATS.sub(r"\1", said)
    if squeezed in OFTEN_MISTYPED and squeezed != said:
        return squeezed
    return TYPOS.get(said, "")
