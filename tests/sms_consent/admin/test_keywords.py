"""Marketers add keywords; what must not be advertised is refused beside the field."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures
from sms_consent.choices import Door
from sms_consent.models import Disclosure, Keyword, Program

ADD = "admin:sms_consent_keyword_add"


def words_for(program: Program, door: Door = Door.KEYWORD, language: str = "en") -> Disclosure:
    text = disclosures.KEYWORD_DRAFT if door == Door.KEYWORD else disclosures.SMS_DRAFT
    return disclosures.draft(program, door=door, language=language, text=text, label="Texts", button="Open")


def another_program(slug: str = "vip") -> Program:
    return Program.objects.create(
        slug=slug,
        name="VIP",
        channel="sms",
        brand="Example Brand",
        purpose="offers and news",
        frequency="Message frequency varies",
        subscription_group_id="5a4d0000-0000-4000-8000-00000000000e",
        confirm_sign_ups=False,
    )


@pytest.fixture
def filled_in(programs: dict[str, Program]) -> dict[str, Any]:
    """A form that is all right."""
    return {
        "word": "Spring24",
        "number": "(202) 555-0100",
        "meaning": "opt_in",
        "is_active": "on",
        "position": 3,
        "program": programs["sms"].pk,
        "language": "en",
        "disclosure": Disclosure.objects.get(door="keyword").pk,
        "place": "poster",
        "incentive": "",
        "campaign": "",
    }


def errors(client: Client, data: dict[str, Any]) -> dict[str, list[str]]:
    page = client.post(reverse(ADD), data)
    assert page.status_code == 200, "it was saved"
    assert not Keyword.objects.filter(place=data["place"] or "?").exists()
    return dict(page.context["adminform"].form.errors)


def test_a_keyword_is_kept_as_texts_are_compared(boss: Client, filled_in: dict[str, Any]) -> None:
    assert boss.post(reverse(ADD), filled_in).status_code == 302
    keyword = Keyword.objects.get(place="poster")
    assert (keyword.word, keyword.number) == ("spring24", "+12025550100")
    assert 'href="sms:+12025550100?&amp;body=SPRING24"' in Client().get("/text/").content.decode()


@pytest.mark.parametrize(
    ("word", "kept"), [(" SPRING ", "spring"), ("Café", "cafe"), ("ＶＩＰ", "vip"), ("Стартуй", "стартуй")]
)
def test_spellings_of_one_word(boss: Client, filled_in: dict[str, Any], word: str, kept: str) -> None:
    boss.post(reverse(ADD), filled_in | {"word": word})
    assert Keyword.objects.get(place="poster").word == kept


@pytest.mark.parametrize(
    ("number", "kept"), [("55512", "55512"), ("555-123", "555123"), ("+61 491 570 006", "+61491570006")]
)
def test_spellings_of_a_number(boss: Client, filled_in: dict[str, Any], number: str, kept: str) -> None:
    boss.post(reverse(ADD), filled_in | {"number": number})
    assert Keyword.objects.get(place="poster").number == kept


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("word", {"word": "two words"}, "without a space"),
    ("word", {"word": "two\u00a0words"}, "without a space"),
    ("word", {"word": "tab\tbed"}, "without a space"),
    ("word", {"word": "a/b"}, "letters and digits"),
    ("word", {"word": "!!!"}, "letters and digits"),
    ("word", {"word": "-spring"}, "letters and digits"),
    ("word", {"word": "spring."}, "letters and digits"),
    ("word", {"word": "ﬁ" * 20}, "1 to 34"),
    ("word", {"word": "x" * 35}, "34 characters"),
    ("word", {"word": ""}, "required"),
    ("word", {"word": "Start"}, "START to +1 202-555-0100 is there already: opts in"),
    ("word", {"word": "start", "meaning": "help"}, "is there already"),
    ("word", {"word": "y"}, "is read as a confirmation"),
    ("word", {"word": "\u02bc"}, "needs a letter or a digit"),
    ("number", {"number": "1234"}, "can be texted"),
    ("number", {"number": "BRAND"}, "can be texted"),
    ("number", {"number": "+1 202"}, "can be texted"),
    ("program", {"program": ""}, "what the word opts in to"),
    ("program", {"program": "", "is_active": ""}, "what the word opts in to"),
    ("disclosure", {"disclosure": ""}, "cannot be active (US-6)"),
    ("place", {"place": ""}, "where it is advertised"),
    ("campaign", {"campaign": "two words"}, "Use letters, digits"),
    ("campaign", {"campaign": "x" * 65}, "64 characters"),
    ("meaning", {"meaning": "maybe"}, "valid choice"),
]


@pytest.mark.parametrize(("field", "change", "says"), REFUSED, ids=[str(change) for _, change, _ in REFUSED])
def test_what_is_refused_stands_beside_its_field(
    boss: Client, filled_in: dict[str, Any], field: str, change: dict[str, Any], says: str
) -> None:
    found = errors(boss, filled_in | change)
    assert list(found) == [field]
    assert says in found[field][0]


STOPS = "stop stopall unsubscribe cancel end quit revoke optout opt-out remove arret Arrêt alto parar"
HELPS = "help info ayuda aide"


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (f"{STOPS} {HELPS} y", "opt_in"),
        (f"start unstop yes {HELPS} y", "opt_out"),
        (f"start unstop yes {STOPS} y", "help"),
    ],
)
def test_words_of_the_vendors_mean_what_they_mean(
    boss: Client, filled_in: dict[str, Any], words: str, meaning: str
) -> None:
    for word in words.split():
        found = errors(boss, filled_in | {"word": word, "meaning": meaning, "number": "55512"})
        assert "(KW-12)" in found["word"][0]


def test_words_of_another_kind_are_refused(
    boss: Client, programs: dict[str, Program], filled_in: dict[str, Any]
) -> None:
    other = disclosures.publish(words_for(another_program()))
    foreign = disclosures.publish(words_for(programs["sms"], language="pt"))
    draft = words_for(programs["sms"])
    box = Disclosure.objects.get(door="form", program=programs["sms"])
    for words, says in ((other, "another program"), (foreign, "another language"), (draft, "choice"), (box, "choice")):
        found = errors(boss, filled_in | {"disclosure": words.pk})
        assert says in found["disclosure"][0]


def test_email_programs_have_no_keywords(boss: Client, programs: dict[str, Program], filled_in: dict[str, Any]) -> None:
    assert "program" in errors(boss, filled_in | {"program": programs["email"].pk})


@pytest.mark.parametrize("meaning", ["opt_out", "help"])
def test_words_that_opt_out_or_ask_for_help_need_no_program(
    boss: Client, filled_in: dict[str, Any], meaning: str
) -> None:
    boss.post(reverse(ADD), filled_in | {"meaning": meaning, "program": "", "disclosure": "", "place": ""})
    assert Keyword.objects.get(word="spring24").meaning == meaning


def test_an_inactive_word_may_wait_for_its_words(boss: Client, filled_in: dict[str, Any]) -> None:
    boss.post(reverse(ADD), filled_in | {"is_active": "", "disclosure": "", "place": ""})
    keyword = Keyword.objects.get(word="spring24")
    change = reverse("admin:sms_consent_keyword_change", args=[keyword.pk])
    page = boss.post(change, filled_in | {"disclosure": ""})
    assert "cannot be active (US-6)" in page.content.decode()
    assert boss.post(change, filled_in).status_code == 302


def test_its_page_shows_what_to_share_and_print(boss: Client, programs: dict[str, Program]) -> None:
    start = Keyword.objects.get(word="start")
    page = boss.get(reverse("admin:sms_consent_keyword_change", args=[start.pk])).content.decode()
    assert 'href="/text/start/"' in page
    assert f'src="/text/qr/{start.pk}.svg"' in page
    assert "sms:+12025550100?&amp;body=START" in page


def test_the_list_says_which_words_have_newer_ones(boss: Client, programs: dict[str, Program]) -> None:
    url = reverse("admin:sms_consent_keyword_changelist")
    assert "is newer" not in boss.get(url).content.decode()
    disclosures.publish(words_for(programs["sms"], Door.FORM))
    assert "is newer" not in boss.get(url).content.decode()
    newer = disclosures.publish(words_for(programs["sms"]))
    assert f"Version 2, {newer.version} is newer" in boss.get(url).content.decode()


def test_words_to_choose_from_say_what_they_say(boss: Client, programs: dict[str, Program]) -> None:
    words = Disclosure.objects.get(door="keyword")
    page = boss.get(reverse(ADD)).content.decode()
    choice = page.split(f'<option value="{words.pk}">{words}')[1].split("</option>")[0]
    assert choice.startswith(f", A keyword: “{words.label} {words.words[:20]}")
    assert len(choice) < 120


def test_nobody_deletes_a_keyword(boss: Client, programs: dict[str, Program]) -> None:
    start = Keyword.objects.get(word="start")
    assert boss.post(reverse("admin:sms_consent_keyword_delete", args=[start.pk]), {"post": "yes"}).status_code == 403
    assert Keyword.objects.count() == 2


def test_a_word_of_a_program_that_is_off_is_said_not_to_be_advertised(
    boss: Client, programs: dict[str, Program], filled_in: dict[str, Any]
) -> None:
    Program.objects.filter(slug="sms").update(is_active=False)
    page = boss.post(reverse(ADD), filled_in, follow=True)
    assert "Not advertised" in page.content.decode()
    keyword = Keyword.objects.get(place="poster")
    change = boss.get(reverse("admin:sms_consent_keyword_change", args=[keyword.pk]))
    assert "To share and to print" not in change.content.decode()


def test_words_beside_a_word_that_opts_out_break_no_list(boss: Client, programs: dict[str, Program]) -> None:
    words = Disclosure.objects.get(door="keyword")
    Keyword.objects.create(word="adios", number="+12025550100", meaning="opt_out", disclosure=words)
    page = boss.get(reverse("admin:sms_consent_keyword_changelist"))
    assert (page.status_code, "ADIOS" in page.content.decode()) == (200, True)
