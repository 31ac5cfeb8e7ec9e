"""START and UNSTOP come with the default programs, once, and YES does not."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command

from sms_consent.models import Disclosure, Keyword, Program

pytestmark = pytest.mark.usefixtures("programs")


def create() -> str:
    said = io.StringIO()
    call_command("create_default_programs", stdout=said)
    return said.getvalue()


def words() -> list[str]:
    return list(Keyword.objects.values_list("word", flat=True))


def start_over(settings: Any, number: str) -> None:
    """As on a site whose programs are older than keywords."""
    Keyword.objects.all().delete()
    settings.SMS_NUMBER = number


def test_they_opt_in_to_the_text_program_under_words_of_their_own() -> None:
    for keyword in Keyword.objects.select_related("program", "disclosure"):
        assert keyword.program
        assert keyword.disclosure
        assert (keyword.program.slug, keyword.meaning, keyword.number) == ("sms", "opt_in", "+12025550100")
        assert "ticking" not in keyword.disclosure.words
        keyword.full_clean()
    assert words() == ["start", "unstop"]


def test_running_it_again_adds_nothing_and_changes_nothing() -> None:
    Keyword.objects.filter(word="unstop").update(is_active=False, place="nowhere any more")
    create()  # the drafts for other languages, which tests begin without
    before = list(Keyword.objects.values()), Disclosure.objects.count()
    create()
    assert (list(Keyword.objects.values()), Disclosure.objects.count()) == before


def test_a_site_whose_programs_are_older_gets_them_too(settings: Any) -> None:
    start_over(settings, "+1 (202) 555-0100")
    create()
    assert words() == ["start", "unstop"]
    assert Program.objects.count() == 2
    assert (
        Disclosure.objects.filter(door="keyword", language="en").count() == 1
    )  # those that are published already serve


def test_a_new_number_in_the_settings_leaves_them_to_the_admin(settings: Any) -> None:
    settings.SMS_NUMBER = "+12025550111"
    create()
    assert set(Keyword.objects.values_list("number", flat=True)) == {"+12025550100"}


@pytest.mark.parametrize(("number", "why"), [("", "is not set"), ("BRAND", "is no number that can be texted")])
def test_without_a_number_none_are_made_and_it_says_so(settings: Any, number: str, why: str) -> None:
    start_over(settings, number)
    assert f"SMS_NUMBER {why}: no keywords created." in create()
    assert words() == []
