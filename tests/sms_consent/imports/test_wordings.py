"""The words of another system: kept, frozen, and offered nowhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from sms_consent import selectors
from sms_consent.models import Disclosure, Program
from tests.people import ALICE, ALICES_PHONE, BOB
from tests.sms_consent.imports.files import email, load, record, text

pytestmark = pytest.mark.django_db
WORDS = "I agree to [offers](https://example.com/terms)."


def imported() -> list[Disclosure]:
    return list(Disclosure.objects.filter(door="import").order_by("program__slug", "language", "version"))


@pytest.mark.usefixtures("programs")
def test_words_are_kept_once_and_the_record_carries_their_hash(tmp_path: Path) -> None:
    load(tmp_path, email(wording=WORDS, language="de"), email(address=BOB, wording=WORDS, label="Yes"))
    load(tmp_path, email("confirmed", wording=WORDS, language="fr"), text(wording=WORDS, language="x" * 13))
    found = imported()
    assert [(it.program.slug, it.language, it.label) for it in found] == [
        ("email", "de", ""),
        ("email", "und", "Yes"),
        ("sms", "und", ""),
    ]
    assert {it.words for it in found} == {WORDS}
    assert record(ALICES_PHONE).words_sha256 == found[2].sha256 == hashlib.sha256(WORDS.encode()).hexdigest()
    assert record(BOB).disclosure == found[1]


def test_words_that_were_published_here_are_pointed_to(tmp_path: Path, programs: dict[str, Program]) -> None:
    here = Disclosure.objects.get(program=programs["email"])
    same = {"wording": here.words, "label": here.label, "button": here.button_label}
    load(tmp_path, email(**same), email(address=BOB, wording=here.words))
    assert record(ALICE).disclosure == here
    assert len(imported()) == 1


def test_they_are_frozen(tmp_path: Path, programs: dict[str, Program]) -> None:
    load(tmp_path, email(wording=WORDS))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Disclosure.objects.filter(door="import").update(words="I agree to everything.")


def test_they_are_numbered_after_the_others(tmp_path: Path, programs: dict[str, Program]) -> None:
    load(tmp_path, *(email(address=f"a{n}@example.com", wording=f"Words {n}", language="en") for n in range(3)))
    assert [it.version for it in imported()] == [2, 3, 4]


def test_no_page_offers_them(tmp_path: Path, programs: dict[str, Program], client: Client) -> None:
    load(tmp_path, email(wording=WORDS, language="en"), text(wording=WORDS, language="en"))
    selectors.forget_offers()
    offered = [offer for door in ("form", "phone_form", "keyword") for offer in selectors.offers("en", door)]
    assert WORDS not in {offer.disclosure.words for offer in offered}
    for page in ("/", "/phone/", "/text/"):
        assert "https://example.com/terms" not in client.get(page).content.decode()


def test_the_admin_shows_them_as_imported_and_lets_nobody_write_such(
    tmp_path: Path, programs: dict[str, Program], boss: Client
) -> None:
    load(tmp_path, email(wording=WORDS))
    listed = boss.get(reverse("admin:sms_consent_disclosure_changelist")).content.decode()
    assert "Imported, offered nowhere" in listed
    (words,) = imported()
    shown = boss.get(reverse("admin:sms_consent_disclosure_change", args=[words.pk])).content.decode()
    assert ("I agree to" in shown, "imported 20" in shown, 'class="pressed"' in shown) == (True, True, False)
    form = boss.get(reverse("admin:sms_consent_disclosure_add")).content.decode()
    assert ('value="phone_form"' in form, 'value="import"' in form) == (True, False)
    program = boss.get(reverse("admin:sms_consent_program_change", args=[words.program_id])).content.decode()
    assert "Another system" not in program
