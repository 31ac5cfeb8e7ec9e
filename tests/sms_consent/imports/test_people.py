"""Who holds imported addresses: found, completed or made (design.md §4.3), and no mail to anybody (DAT-3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from post_office.models import Email

from accounts.models import User
from sms_consent.imports import running
from sms_consent.models import BrazeProfile, ConsentRecord
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Visit, standing
from tests.sms_consent.imports.files import T2, email, evidence, load, record, refused, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]


def person(address: str) -> User:
    return User.objects.get(**{"email" if "@" in address else "phone": address})


def addresses(one: User) -> tuple[str | None, str]:
    return one.email, one.phone_number


def test_a_new_address_gets_somebody_whom_braze_is_to_be_told_of(tmp_path: Path) -> None:
    load(tmp_path, email(external_id="crm-1", language="de"), text(address=BOBS_PHONE))
    alice, bob = person(ALICE), person(BOBS_PHONE)
    assert (alice.external_id, alice.language, alice.has_usable_password()) == ("crm-1", "de", False)
    assert (len(bob.external_id), bob.email, bob.language) == (36, None, "en")
    mailbox = EmailAddress.objects.get()
    assert (mailbox.user, mailbox.email, mailbox.primary, mailbox.verified) == (alice, ALICE, True, False)
    assert BrazeProfile.objects.filter(due_at__isnull=False).count() == 2


def test_nobody_is_written_to(tmp_path: Path) -> None:
    load(tmp_path, email(), email("requested", address=BOB), text())
    assert Email.objects.count() == 0


def test_nobody_is_made_who_is_not_subscribed(tmp_path: Path) -> None:
    rows = [email("withdrawn"), text("withdrawn"), email("requested", address=BOB), text("expired", address=BOBS_PHONE)]
    load(tmp_path, *rows, email(address="carol@example.com"), email("withdrawn", "carol@example.com", occurred_at=T2))
    assert (User.objects.count(), ConsentRecord.objects.count()) == (0, 6)


def test_two_rows_of_one_external_id_are_one_person(tmp_path: Path) -> None:
    load(tmp_path, email(external_id="crm-1"), text(external_id="crm-1"))
    assert addresses(User.objects.get(external_id="crm-1")) == (ALICE, ALICES_PHONE)
    assert User.objects.count() == EmailAddress.objects.count() == 1


@pytest.mark.parametrize("first", [email, text])
def test_a_later_file_fills_in_the_address_that_is_lacking(tmp_path: Path, first: object) -> None:
    for row in (first, text if first is email else email):
        assert load(tmp_path, row(external_id="crm-1")).code == 0  # type: ignore[operator]
    assert addresses(User.objects.get()) == (ALICE, ALICES_PHONE)
    assert EmailAddress.objects.count() == 1


def test_a_row_may_carry_both_addresses(tmp_path: Path) -> None:
    load(tmp_path, email(phone=ALICES_PHONE), text(email=ALICE), text(email=BOB, address=BOBS_PHONE))
    assert [addresses(person(it)) for it in (ALICE, BOB)] == [(ALICE, ALICES_PHONE), (BOB, BOBS_PHONE)]
    assert User.objects.count() == 2


@pytest.mark.parametrize("external_id", ["", "crm-1"])
@pytest.mark.parametrize("is_known", [False, True])
def test_they_can_leave_the_texts_without_the_handset(
    tmp_path: Path, visit: Visit, external_id: str, is_known: bool
) -> None:
    alice = visit()
    if is_known:
        alice.sign_up(ALICE)
    load(tmp_path, text(email=ALICE, external_id=external_id), email(phone=ALICES_PHONE, external_id=external_id))
    assert evidence(ALICES_PHONE)["person"] == person(ALICE).external_id
    assert User.objects.count() == 1
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "texts"})
    assert [standing(ALICES_PHONE, "sms"), standing(ALICE, "email")] == ["unsubscribed", "subscribed"]


def test_whoever_holds_an_address_keeps_it_and_their_id(tmp_path: Path, visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE)
    before = person(ALICE)
    load(tmp_path, email(external_id="crm-1"), text(external_id="crm-2", email=BOB))
    after = User.objects.get()
    assert (after, after.external_id, addresses(after)) == (before, before.external_id, (ALICE, ALICES_PHONE))
    assert standing(ALICE, "email") == standing(ALICES_PHONE, "sms") == "subscribed"


def test_who_has_only_the_number_is_not_given_a_mailbox_that_no_row_names_as_theirs(tmp_path: Path) -> None:
    load(tmp_path, text())
    load(tmp_path, email(phone=ALICES_PHONE), text(email=BOB, occurred_at=T2))
    assert not User.objects.filter(email=BOB).exists()
    assert addresses(person(ALICE)) == (ALICE, "")
    assert addresses(person(ALICES_PHONE)) == (None, ALICES_PHONE)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (email(address=BOB, external_id="crm-1"), "another email address"),
        (text(address=BOBS_PHONE, external_id="crm-1"), "another phone number"),
        (email(address="taken@example.com", external_id="crm-2"), "another external_id"),
    ],
)
def test_an_opt_in_that_contradicts_is_refused_and_an_opt_out_never(
    tmp_path: Path, row: dict[str, str], reason: str
) -> None:
    load(tmp_path, email(external_id="crm-1"), text(external_id="crm-1"), email(address="taken@example.com"))
    load(tmp_path, text(address="+12025550109", external_id="crm-2"))
    address = row["email"] or row["phone"]
    held = row["email"] == "taken@example.com"
    ran = load(tmp_path, row | {"occurred_at": T2}, email(address="dora@example.com"))
    assert (reason in refused(tmp_path)[2], ran.code) == (True, 1)
    assert standing("dora@example.com", "email") == "subscribed"
    assert standing(address, row["program"]) == ("subscribed" if held else "none")
    assert load(tmp_path, row | {"act": "withdrawn", "occurred_at": T2}).code == 0
    assert standing(address, row["program"]) == "unsubscribed"


def test_of_two_rows_that_contradict_each_other_the_first_goes_in(tmp_path: Path) -> None:
    rows = [email(external_id="crm-1"), email(address=BOB, external_id="crm-1"), email("withdrawn", "c@example.com")]
    dry = load(tmp_path, *rows, options=["--dry-run"])
    assert "2 would be added" in dry.out
    assert list(refused(tmp_path)) == [3]
    load(tmp_path, *rows)
    assert list(refused(tmp_path)) == [3]
    assert [standing(it, "email") for it in (ALICE, BOB, "c@example.com")] == ["subscribed", "none", "unsubscribed"]


def test_in_our_own_export_an_external_id_is_whoever_acted(tmp_path: Path) -> None:
    exported = {"external_id": "crm-1", "commitment": "0" * 64}
    ran = load(tmp_path, text(**exported), text(address=BOBS_PHONE, **exported))
    assert (ran.code, User.objects.count()) == (0, 2)
    assert record(BOBS_PHONE).act == "granted"


def test_a_person_may_hold_a_number_that_another_holds(tmp_path: Path) -> None:
    load(tmp_path, text(), email(address=BOB, external_id="crm-1"))
    ran = load(tmp_path, text(external_id="crm-1", occurred_at=T2))
    assert (ran.code, addresses(person(BOB))) == (0, (BOB, ALICES_PHONE))


def merged_away(visit: Visit) -> None:
    """Known as crm-1 by the number only; then Alice shows that the number is hers. Braze has yet to merge the two."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE)
    alice.press(alice.links(ALICE)[0])
    assert BrazeProfile.objects.get(person=None).external_id == "crm-1"


def test_an_external_id_that_waits_for_a_merge_is_refused_and_the_others_go_in(tmp_path: Path, visit: Visit) -> None:
    load(tmp_path, text(external_id="crm-1"))
    merged_away(visit)
    ran = load(tmp_path, email(address=BOB, external_id="crm-1"), email(address="c@example.com"))
    assert (ran.code, "about to be merged" in refused(tmp_path)[2]) == (1, True)
    assert [standing(it, "email") for it in (BOB, "c@example.com")] == ["none", "subscribed"]


def test_whoever_holds_the_address_keeps_it_when_the_row_names_one_that_waits_for_a_merge(
    tmp_path: Path, visit: Visit
) -> None:
    load(tmp_path, text(external_id="crm-1"))
    merged_away(visit)
    exported = email(address=BOB, external_id="crm-1", commitment="0" * 64)
    ran = load(tmp_path, email(external_id="crm-1"), email("withdrawn", address="c@example.com"), exported)
    assert (ran.code, standing(ALICE, "email"), standing(BOB, "email")) == (0, "subscribed", "subscribed")
    assert not User.objects.filter(external_id="crm-1").exists()


@pytest.mark.parametrize("key", ["one key", "another key", "a third key"])
@pytest.mark.parametrize("chunk", [1, 200])
def test_the_external_id_that_a_file_tells_is_kept_wherever_it_stands(
    tmp_path: Path, key: str, chunk: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order in which keyed hashes sort, and wherever a chunk ends."""
    settings.LEDGER_KEY = key
    monkeypatch.setattr(running, "CHUNK", chunk)
    load(tmp_path, email(), text(email=ALICE, external_id="crm-1"))
    assert (User.objects.get().external_id, addresses(User.objects.get())) == ("crm-1", (ALICE, ALICES_PHONE))


def test_a_second_number_with_somebodys_email_address_gets_somebody_of_its_own(tmp_path: Path) -> None:
    load(tmp_path, email(phone=ALICES_PHONE), text())
    assert load(tmp_path, text(email=ALICE, address=BOBS_PHONE)).code == 0
    assert (addresses(person(ALICE)), addresses(person(BOBS_PHONE))) == ((ALICE, ALICES_PHONE), (None, BOBS_PHONE))


@pytest.mark.parametrize(("said", "language"), [("pt_BR", "pt-BR"), ("de", "de"), ("English", "en"), ("x", "en")])
def test_only_a_code_is_somebodys_language(tmp_path: Path, said: str, language: str) -> None:
    load(tmp_path, email(language=said))
    assert (person(ALICE).language, evidence(ALICE)["language"]) == (language, said)
