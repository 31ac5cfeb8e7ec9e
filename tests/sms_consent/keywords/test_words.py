"""The tables themselves, and which words a marketer may add to them."""

from __future__ import annotations

import itertools

import pytest

from sms_consent.keywords import Meaning, Words, problems
from sms_consent.keywords.words import (
    ABOUT,
    CONFIRM,
    COURTESIES,
    DOUBTS,
    HELP,
    OPT_IN,
    ORDINARY,
    STOP,
    STOP_ALONE,
    TYPOS,
)

TABLES = {
    "STOP": STOP,
    "STOP_ALONE": STOP_ALONE,
    "DOUBTS": DOUBTS,
    "HELP": HELP,
    "CONFIRM": CONFIRM,
    "OPT_IN": OPT_IN,
    "ABOUT": ABOUT,
    "COURTESIES": COURTESIES,
    "ORDINARY": ORDINARY,
}


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(TABLES, 2)])
def test_no_entry_stands_in_two_tables(one: str, other: str) -> None:
    assert TABLES[one] & TABLES[other] == set()


@pytest.mark.parametrize("table", TABLES)
def test_every_entry_has_a_word_in_it(table: str) -> None:
    assert "" not in TABLES[table]


def test_no_keyword_is_a_slip_of_another() -> None:
    keywords = STOP | STOP_ALONE | DOUBTS | HELP | CONFIRM | OPT_IN | ABOUT | ORDINARY
    assert keywords & TYPOS.keys() == set()
    assert COURTESIES & TYPOS.keys() == {"stp"}  # French for “please”, beside another word; alone a slip of STOP


# --- Choosing a keyword (KW-2, KW-12) -----------------------------------------------------------------------

FREE = ["START", "Unstop", "YES", "SALE", "Été", "SAVE-10", "10OFF", "DEALS", "👍SALE", "a" * 34]
TAKEN = [
    ("STOP", "an opt-out"),
    (" Stop", "an opt-out"),
    ("ＱＵＩＴ", "an opt-out"),
    ("OPT-OUT", "an opt-out"),
    ("arrêt", "an opt-out"),
    ("stoop", "an opt-out"),
    ("sop", "an opt-out"),
    ("Stop!", "an opt-out"),
    ("para", "an opt-out"),
    ("Adios", "an opt-out"),
    ("Help", "a request for help"),
    ("info.", "a request for help"),
    ("Y", "a confirmation"),
    ("sí", "a confirmation"),
]


@pytest.mark.parametrize("word", FREE)
def test_an_opt_in_word_that_is_free(word: str) -> None:
    assert problems(word, Meaning.OPT_IN, Words()) == []


@pytest.mark.parametrize(("word", "read_as"), TAKEN)
def test_an_opt_in_word_that_means_something_else(word: str, read_as: str) -> None:
    assert f"“{word}” is read as {read_as} already (KW-12)." in problems(word, Meaning.OPT_IN, Words(opt_out=["ADIÓS"]))


@pytest.mark.parametrize("meaning", [Meaning.OPT_OUT, Meaning.HELP, Meaning.CONFIRM, Meaning.OPT_IN])
@pytest.mark.parametrize("word", ["stop", "HELP"])
def test_stop_and_help_are_nobodys_own(word: str, meaning: Meaning) -> None:
    assert [problem[-8:] for problem in problems(word, meaning, Words())] == ["(KW-12)."]


@pytest.mark.parametrize("meaning", [Meaning.OPT_OUT, Meaning.HELP, Meaning.CONFIRM])
def test_a_word_has_one_meaning_on_a_number(meaning: Meaning) -> None:
    beside = Words(opt_in=["Rebajas"])
    assert problems("REBAJAS", meaning, beside) == ["“REBAJAS” is read as an opt-in already (KW-12)."]
    assert problems("REBAJAS", Meaning.OPT_IN, beside) == []


def test_yes_may_confirm_and_opt_in() -> None:
    assert problems("Yes", Meaning.OPT_IN, Words()) == []
    assert problems("Yes", Meaning.CONFIRM, Words(opt_in=["YES"])) == []
    assert problems("Yes", Meaning.HELP, Words()) != []


@pytest.mark.parametrize("word", ["", "🍕", "!!!", "\u200b"])
def test_a_keyword_can_be_texted(word: str) -> None:
    assert "A keyword needs a letter or a digit (KW-2)." in problems(word, Meaning.OPT_IN, Words())
