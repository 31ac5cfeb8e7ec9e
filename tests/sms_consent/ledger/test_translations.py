"""Words in other languages: drafted by the command, unseen until a marketer publishes them, checked as English is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures, selectors
from sms_consent.choices import Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure, Program
from tests import catalogs
from tests.commands import run

pytestmark = pytest.mark.usefixtures("programs")
DOORS = [("email", Door.FORM), ("sms", Door.FORM), ("sms", Door.KEYWORD), ("sms", Door.PHONE_FORM)]


@pytest.fixture
def drafts(programs: dict[str, Program]) -> list[Disclosure]:
    assert "Drafted words in ar, de, es, fr" in run("create_default_programs").out
    return list(Disclosure.objects.filter(published_at=None).select_related("program"))


def test_every_door_has_a_draft_in_every_language(drafts: list[Disclosure]) -> None:
    found = sorted((words.language, words.program.slug, words.door) for words in drafts)
    assert found == sorted((language, *door) for language in catalogs.TRANSLATED for door in DOORS)
    assert len({words.draft for words in drafts} | {words.label for words in drafts}) > len(drafts)


def test_drafts_are_made_once(drafts: list[Disclosure]) -> None:
    assert "Drafted" not in run("create_default_programs").out
    assert Disclosure.objects.filter(published_at=None).count() == len(drafts)


def test_visitors_see_no_draft(drafts: list[Disclosure], client: Client) -> None:
    selectors.forget_offers()
    page = client.get("/?lang=de").content.decode()
    assert '<p class="words" id="id_program_sms_words" lang="en" dir="ltr">By ticking this box' in page
    assert "Mit dem Ankreuzen" not in page


def test_every_draft_can_be_published_and_has_its_blanks_filled_in(drafts: list[Disclosure]) -> None:
    for words in drafts:
        published = disclosures.publish(words)
        assert "Example Brand" in published.words
        assert not {"{", "}"} & set(published.words)
        assert "offers and news" not in published.words
        assert "requency" not in published.words


def test_once_published_they_are_shown_in_their_language(drafts: list[Disclosure], client: Client) -> None:
    for words in drafts:
        disclosures.publish(words)
    selectors.forget_offers()
    page = client.get("/?lang=ar").content.decode()
    assert 'id="id_program_sms_words" lang="ar" dir="rtl">بتحديد هذه الخانة' in page
    assert "By ticking" not in page
    assert 'lang="de" dir="ltr"' in client.get("/phone/?lang=de").content.decode()


LACKING = [
    ("es", "sms", "CTA-8", "mensajes de texto (SMS)", "mensajes"),
    ("es", "sms", "CTA-10", "recurrentes", "varios"),
    ("es", "sms", "CTA-12", "tarifas por mensajes y datos", "cargos"),
    ("fr", "sms", "CTA-13", "n’est pas une condition d’achat", "compte"),
    ("fr", "email", "EM-12", "me désinscrire", "partir"),
    ("de", "sms", "CTA-10", "automatisierte", "nette"),
    ("de", "sms", "CTA-11", "Die Häufigkeit der Nachrichten variiert", "Bis bald"),
    ("de", "email", "CTA-9", "Werbe-E-Mails mit Angeboten und Neuigkeiten", "E-Mails"),
    ("ar", "sms", "CTA-10", "وآلية", ""),
    ("ar", "sms", "CTA-14", "STOP", "قف"),
    ("ar", "email", "EM-12", "إلغاء الاشتراك", "الذهاب"),
    ("ar", "email", "CTA-15", "[سياسة الخصوصية]({privacy})", "سياسة الخصوصية"),
]


@pytest.mark.parametrize(("language", "slug", "number", "words", "instead"), LACKING)
def test_words_in_other_languages_are_checked_too(
    drafts: list[Disclosure], language: str, slug: str, number: str, words: str, instead: str
) -> None:
    (draft,) = [it for it in drafts if (it.language, it.program.slug, it.door) == (language, slug, Door.FORM)]
    assert words in draft.draft
    draft.draft = draft.draft.replace(words, instead)
    with pytest.raises(DisclosureError, match=number):
        disclosures.publish(draft)


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_where_there_is_no_box_the_words_speak_of_none(drafts: list[Disclosure], language: str) -> None:
    (box,) = [it for it in drafts if (it.language, it.program.slug, it.door) == (language, "sms", Door.FORM)]
    box.door = Door.PHONE_FORM
    with pytest.raises(DisclosureError, match="box"):
        disclosures.publish(box)


def test_what_a_marketer_wrote_is_not_translated_by_a_catalog(programs: dict[str, Program]) -> None:
    theirs = disclosures.draft(
        programs["email"], language="en", text=disclosures.EMAIL_DRAFT + " Hello.", label="x", button="x"
    )
    Disclosure.objects.filter(published_at=None).exclude(pk=theirs.pk).delete()
    assert disclosures.draft_translations(theirs) == []


def test_a_program_of_a_marketers_own_keeps_its_name(programs: dict[str, Program], client: Client) -> None:
    Program.objects.filter(slug="sms").update(name="VIP alerts", purpose="VIP alerts")
    page = client.get("/terms/?lang=fr").content.decode()
    assert "VIP alerts" in page
    assert "offres et actualités" in page


def test_a_marketer_reads_a_draft_in_its_direction(
    drafts: list[Disclosure], admin_client: Client, settings: Any
) -> None:
    (arabic,) = [it for it in drafts if (it.language, it.program.slug) == ("ar", "email")]
    page = admin_client.get(reverse("admin:sms_consent_disclosure_publish", args=[arabic.pk])).content.decode()
    assert '<p lang="ar" dir="rtl">بتحديد' in page
