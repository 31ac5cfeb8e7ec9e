"""What holds for every text, not only for those that somebody thought of."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sms_consent.keywords import CONFIRM, OPT_IN, Meaning, Words, match, normalise
from sms_consent.keywords.normalising import LONGEST
from sms_consent.keywords.words import COURTESIES, DOUBTS, EVERYDAY, HELP, ORDINARY, STOP, STOP_ALONE, TYPOS

many = settings(max_examples=150, deadline=None)

anything = st.text(st.characters(), max_size=60)  # lone surrogates, marks, controls and private use included
unquoted = st.text(st.characters(exclude_characters='"“”„«»'), max_size=60)
awkward = st.text(
    st.sampled_from("sStToOpP İıſßŉΐ\u0345\u0300\u0301\u0327\u1100\u1161\u11a8각ﷺ¨´'’.!?\u200b\u00a0\ud83d\U0001f6d1"),
    max_size=40,
)
edging = st.text(
    st.sampled_from(" \t\n\r\u00a0\u2003.,;:!?¡¿()[]*~-–—…\"'“”‘’«»👍🏽🙏❤️🍕\x00\u200d\ufeff\u202e"), max_size=6
)
keywords = st.sampled_from(sorted(OPT_IN | CONFIRM | HELP | STOP | STOP_ALONE))
stops = st.sampled_from(sorted(STOP | STOP_ALONE))
courtesies = st.lists(st.sampled_from(sorted(COURTESIES)), max_size=3).map(" ".join)
pending = st.booleans()
nearly = anything | awkward | courtesies | st.lists(keywords, max_size=3).map(" ".join)
OWN = Words(opt_in=[*OPT_IN, "YES", "Rebajas"], opt_out=["BYE"], help=["Ayúdame"], confirm=["y", "yes"])


FACES: list[Callable[[str], str]] = [
    str.lower,
    str.upper,
    lambda letter: letter + "\u0301",
    lambda letter: chr(ord(letter) + 0xFEE0) if letter.isascii() else letter,  # full width
    lambda letter: letter + "\u200b",
    lambda letter: "\u00ad" + letter,
]


@st.composite
def spellings(draw: st.DrawFn, word: str) -> str:
    """Return a word as another phone, or another mood, would have sent it."""
    faces = st.sampled_from(FACES)
    blanks = st.sampled_from([" ", "\n", "\u00a0\t", ", ", " — "])
    inside = "".join(draw(blanks) if letter == " " else draw(faces)(letter) for letter in word)
    return draw(edging) + inside + draw(edging)


@many
@given(anything | awkward)
@example("\u03b1\u0345")
@example("¨" * LONGEST)
@example("ﷺ" * LONGEST)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= LONGEST


@pytest.mark.parametrize("word", ["시작", "बंद करो", "停止", "قف", "останови", "がんばる"])
def test_other_scripts_stay_readable(word: str) -> None:
    assert normalise(f" {word}! ") == word


@many
@given(anything | awkward, pending)
def test_every_text_has_a_meaning(text: str, is_pending: bool) -> None:
    found = match(text, OWN, is_pending=is_pending)
    assert found.meaning in Meaning
    assert bool(found.rule) == bool(found.word) == (found.meaning != Meaning.UNKNOWN)


@many
@given(st.data(), keywords, pending)
def test_how_it_is_spelt_makes_no_difference(data: st.DataObject, word: str, is_pending: bool) -> None:
    plain, spelt = (match(it, Words(), is_pending=is_pending) for it in (word, data.draw(spellings(word))))
    assert (spelt.meaning, spelt.word) == (plain.meaning, plain.word)


@many
@given(nearly, pending)
def test_nothing_but_an_opt_in_word_opts_in(text: str, is_pending: bool) -> None:
    assume(normalise(text) not in {"start", "unstop", "yes", "rebajas"})
    assert match(text, OWN, is_pending=is_pending).meaning != Meaning.OPT_IN


@many
@given(nearly)
def test_nothing_confirms_unless_something_is_pending(text: str) -> None:
    assert match(text, OWN, is_pending=False).meaning != Meaning.CONFIRM


@many
@given(st.permutations(["start", "stop"]), courtesies, st.sampled_from(sorted(STOP)), pending)
def test_start_beside_a_stop_word_is_an_opt_out(pair: list[str], polite: str, stop: str, is_pending: bool) -> None:
    text = f"{polite} {' '.join(pair)}".replace("stop", stop)
    assert match(text, OWN, is_pending=is_pending).meaning == Meaning.OPT_OUT


@many
@given(st.lists(anything | st.sampled_from(["start", "yes", "y"]), max_size=3), stops, pending, st.data())
def test_a_text_with_a_stop_word_never_opts_in(
    texts: list[str], stop: str, is_pending: bool, data: st.DataObject
) -> None:
    texts.insert(data.draw(st.integers(0, len(texts))), stop)
    found = match(" ".join(texts), OWN, is_pending=is_pending)
    assert found.meaning in (Meaning.OPT_OUT, Meaning.UNKNOWN)


@many
@given(unquoted, st.sampled_from(sorted(STOP | DOUBTS | STOP_ALONE - EVERYDAY)), unquoted)
def test_whatever_is_said_beside_a_stop_word_it_revokes_or_a_person_reads_it(
    before: str, stop: str, after: str
) -> None:
    found = match(f"{before} {stop} {after}", OWN, is_pending=True)
    assert found.meaning == Meaning.OPT_OUT or found.needs_review


@many
@given(courtesies, stops, courtesies, pending)
def test_a_courtesy_does_not_weaken_an_opt_out(before: str, stop: str, after: str, is_pending: bool) -> None:
    found = match(f"{before} {stop} {after}", Words(), is_pending=is_pending)
    assert found.meaning == Meaning.OPT_OUT


@given(st.sampled_from(sorted(TYPOS)), courtesies)
def test_a_slip_of_stop_revokes(typo: str, polite: str) -> None:
    assert match(typo, Words(), is_pending=True).rule == "stop-typo"
    assume(typo not in COURTESIES)
    assert match(f"{typo} {polite}", Words(), is_pending=True).meaning == Meaning.OPT_OUT


@given(st.lists(st.integers(1, 5), min_size=4, max_size=4))
def test_held_keys_revoke(counts: list[int]) -> None:
    word = "".join(letter * count for letter, count in zip("stop", counts, strict=True))
    assert match(word, Words(), is_pending=True).meaning == Meaning.OPT_OUT


@given(st.sampled_from(sorted(ORDINARY)), courtesies)
def test_an_ordinary_word_never_revokes(word: str, polite: str) -> None:
    for text in (word, f"{polite} {word}", f"{word} {polite}"):
        assert match(text, Words(), is_pending=True).meaning == Meaning.UNKNOWN


LONG = {
    "letters": "a" * 10**6,
    "blanks": " " * 10**6 + "stop",
    "stops": "stop " * 200_000,
    "courtesies": "i want to " * 100_000,
    "sentences": "stop by. " * 110_000,
    "quotes": '"“' * 500_000,
    "marks": "\u0301\u0316" * 500_000,
    "characters that unfold into eighteen": "ﷺ" * 10**6,
    "half characters": "\ud800" * 10**6,
}


@pytest.mark.parametrize("body", LONG.values(), ids=LONG.keys())
def test_a_megabyte_takes_no_longer_than_the_longest_text(body: str) -> None:
    """By ratio and in this thread's own time, because machines are busy: on a quiet one it is under 15 ms."""

    def seconds(body: str) -> float:
        start = time.thread_time()
        match(body, OWN, is_pending=True)
        return time.thread_time() - start

    longest = "stop by. " * 178
    both = [(seconds(body), seconds(longest)) for _ in range(5)]  # in turns: a slow moment is a slow moment of both
    assert min(it for it, _ in both) < 30 * min(it for _, it in both)
