"""Every message of pages, mails and forms has a translation in every language, and the compiled catalogs have it."""

from __future__ import annotations

import re
from collections import Counter

import polib
import pytest

from tests import catalogs

HOW = "run `python -m tests.catalogs`, translate what it adds, and run it again"
BLANKS = re.compile(r"%\(\w+\)s|\{\w+\}|</?[a-z][^>]*>|\b(?:STOP|START|HELP)\b")


@pytest.fixture(params=catalogs.TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def texts(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Return each form of a message with what it translates."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [(entry.msgid_plural, text) for text in entry.msgstr_plural.values()]


def test_every_message_of_today_is_in_the_catalog_and_no_other(language: str) -> None:
    kept = {(entry.msgid, entry.msgid_plural) for entry in catalogs.read(language)}
    assert kept == set(catalogs.messages()), HOW


def test_every_message_is_translated(language: str) -> None:
    catalog = catalogs.read(language)
    assert [entry.msgid for entry in catalog.untranslated_entries() + catalog.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalog for _, text in texts(entry) if not text.strip()] == []


def test_every_plural_has_all_forms_of_its_language(language: str) -> None:
    catalog = catalogs.read(language)
    (forms,) = re.findall(r"nplurals=(\d)", catalog.metadata["Plural-Forms"])
    plurals = [entry for entry in catalog if entry.msgid_plural]
    assert plurals
    assert {len(entry.msgstr_plural) for entry in plurals} == {int(forms)}


def test_translations_keep_blanks_links_and_words_to_text(language: str) -> None:
    """A form for one or two may leave the number out."""
    for entry in catalogs.read(language):
        for said, text in texts(entry):
            wanted, found = Counter(BLANKS.findall(said)), Counter(BLANKS.findall(text))
            assert wanted - found <= Counter({"%(years)s": 1} if entry.msgid_plural else {}), text
            assert not found - wanted, text


def test_the_compiled_catalog_is_up_to_date(language: str) -> None:
    compiled = catalogs.path_of(language).with_suffix(".mo").read_bytes()
    is_up_to_date = compiled == catalogs.read(language).to_binary()  # not in the assert: it would print both
    assert is_up_to_date, HOW
