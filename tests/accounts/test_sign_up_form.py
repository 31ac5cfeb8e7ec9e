"""The sign-up's form: what it takes, what it says when it does not, and that nothing is stored then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.signals import post_save, pre_save
from django.dispatch import Signal
from django.test import Client

from accounts.models import Confirmation, User
from optin_site import reading
from sms_consent import outbox
from sms_consent.models import BrazeProfile, ConsentRecord, Program
from tests.people import ALICE, ALICES_PHONE, BOB, acts, send_sign_up, standing

pytestmark = pytest.mark.usefixtures("programs")


def checked(answer: Any) -> list[str]:
    boxes = re.findall(r'<input[^>]*type="checkbox"[^>]*>', answer.content.decode())
    return [re.findall(r'name="([^"]+)"', box)[0] for box in boxes if " checked" in box]


def stored() -> int:
    return User.objects.count() + ConsentRecord.objects.count() + Confirmation.objects.count()


def test_both_boxes_are_shown_and_neither_is_ticked_or_required(client: Client) -> None:
    page = client.get("/?program_sms=on&program_email=on")
    assert checked(page) == []
    assert all(f'name="program_{slug}"' in page.content.decode() for slug in ("sms", "email"))
    assert not re.search(r'<input[^>]*type="checkbox"[^>]*required', page.content.decode())


def test_after_an_error_only_what_the_person_ticked_is_ticked(client: Client) -> None:
    assert checked(send_sign_up(client, "not an address", "", "email")) == ["program_email"]
    assert checked(client.get("/")) == []


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], ("none", "none")),
        (["sms"], ("subscribed", "none")),
        (["email"], ("none", "pending")),
        (["sms", "email"], ("subscribed", "pending")),
    ],
    ids="-".join,
)
def test_any_combination_of_boxes_is_stored_as_such(
    client: Client, boxes: list[str], expected: tuple[str, str]
) -> None:
    assert send_sign_up(client, ALICE, ALICES_PHONE, *boxes).status_code == 302
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == expected


def test_an_email_alone_is_enough(client: Client) -> None:
    assert send_sign_up(client, ALICE).status_code == 302
    assert User.objects.get().phone is None


def test_a_ticked_text_box_needs_a_number(client: Client) -> None:
    answer = send_sign_up(client, ALICE, "", "sms")
    assert "Enter the mobile number" in answer.content.decode()
    assert stored() == 0


@pytest.mark.parametrize("phone", ["+1 (202) 555-0101", "2025550101", "202.555.0101", "tel:+1-202-555-0101"])
def test_spellings_of_one_number_are_one_number(client: Client, phone: str) -> None:
    send_sign_up(client, ALICE, phone, "sms")
    assert User.objects.get().phone_number == ALICES_PHONE
    assert acts(ALICES_PHONE, "sms") == ["granted"]


@pytest.mark.parametrize("phone", ["+61 491 570 006", "+44 7400 123456"])
def test_numbers_of_other_countries_that_are_served(client: Client, phone: str) -> None:
    send_sign_up(client, ALICE, phone, "sms")
    assert standing(phone.replace(" ", ""), "sms") == "subscribed"


def test_a_country_that_is_not_served_is_refused_with_an_example(client: Client) -> None:
    answer = send_sign_up(client, ALICE, "+49 1512 3456789", "sms")
    assert "cannot text numbers of that country. Enter one like +1 " in answer.content.decode()
    assert stored() == 0


@pytest.mark.parametrize("phone", ["12", "phone", "+1 202 555 01", "+", "1" * 41, "٠٠٠", "\x00", "+1202555010\ud800"])
def test_what_is_no_number_is_refused_with_an_example(client: Client, phone: str) -> None:
    answer = send_sign_up(client, ALICE, phone.encode(errors="replace").decode())
    assert answer.status_code == 200
    assert 'id="id_phone_error"' in answer.content.decode()
    assert stored() == 0


def test_the_error_of_a_wrong_number_names_an_example(client: Client) -> None:
    assert "+1 201-555-0123" in send_sign_up(client, ALICE, "12").content.decode()


@pytest.mark.parametrize(
    "email", ["", "alice", "alice@", "@example.com", "a b@example.com", "a@b@example.com", "alice@example..com"]
)
def test_what_is_no_address_is_refused(client: Client, email: str) -> None:
    answer = send_sign_up(client, email, ALICES_PHONE, "sms")
    assert 'id="id_email_error"' in answer.content.decode()
    assert stored() == 0


@pytest.mark.parametrize(
    "email",
    [
        f"{'a' * 250}@example.com",
        f"alice@{'ä' * 60}.example",  # 63 letters or fewer as it is typed, more as mail servers spell it
        "alice@" + ".".join(["日本語かな漢字配列" * 2] * 8) + ".example",
        "alice\x00@example.com",
        "alicſ@example.com",
    ],
)
def test_an_address_that_no_column_or_mail_server_takes_is_refused(client: Client, email: str) -> None:
    assert 'id="id_email_error"' in send_sign_up(client, email).content.decode()
    assert stored() == 0


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        ("Alice@Example.COM", "alice@example.com", "alice@example.com"),
        ("alice@exämple.com", "ALICE@EXÄMPLE.com", "alice@xn--exmple-cua.com"),
        ("alice@exämple.com", "alice@exa\u0308mple.com", "alice@xn--exmple-cua.com"),
        ("alice@exämple.com", "alice@xn--exmple-cua.com", "alice@xn--exmple-cua.com"),
        ("alice@straße.example", "alice@STRAßE.example", "alice@xn--strae-oqa.example"),
    ],
)
def test_spellings_of_one_address_are_one_person(client: Client, one: str, other: str, kept: str) -> None:
    for email in (one, other):
        assert send_sign_up(client, email, "", "email").status_code == 302
    assert [person.email for person in User.objects.all()] == [kept]
    assert acts(kept, "email") == ["requested"]


@pytest.mark.parametrize("zone", ["Nowhere/Land", "x" * 5000, "\x00"])
def test_nonsense_in_a_hidden_field_is_no_error(client: Client, zone: str) -> None:
    assert send_sign_up(client, ALICE, "", time_zone=zone).status_code == 302
    assert User.objects.get().time_zone == ""


def test_the_browsers_time_zone_is_kept(client: Client) -> None:
    send_sign_up(client, ALICE, "", time_zone="Europe/Berlin")
    assert User.objects.get().time_zone == "Europe/Berlin"


@pytest.mark.parametrize("value", ["", "off", "false", "0", "no"])
def test_a_box_sent_with_a_no_is_not_ticked(client: Client, value: str) -> None:
    send_sign_up(client, ALICE, "", program_email=value)
    assert ConsentRecord.objects.count() == 0


def test_a_program_that_is_switched_off_is_not_offered(client: Client) -> None:
    Program.objects.filter(slug="sms").update(is_active=False)
    assert 'name="program_sms"' not in client.get("/").content.decode()
    send_sign_up(client, ALICE, ALICES_PHONE, program_sms="on")
    assert standing(ALICES_PHONE, "sms") == "none"


def test_the_form_is_guarded_against_other_sites_and_caches() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/", {"email": ALICE}).status_code == 403
    assert "no-store" in client.get("/")["Cache-Control"]
    assert stored() == 0


# --- Code of somebody else's that is told of a new person -------------------------------------------------


@pytest.fixture
def told() -> Iterator[Callable[[Signal, Callable[[User], None]], None]]:
    """Have a receiver called with each new person until the test is over."""
    receivers: list[tuple[Signal, Any]] = []

    def connect(signal: Signal, act: Callable[[User], None]) -> None:
        def receive(instance: User, **kwargs: Any) -> None:
            if kwargs.get("created", True):
                act(instance)

        receivers.append((signal, receive))
        signal.connect(receive, sender=User)

    yield connect
    for signal, receive in receivers:
        signal.disconnect(receive, sender=User)


def test_who_is_told_of_a_new_person_may_change_and_save_them(client: Client, told: Any) -> None:
    def change(person: User) -> None:
        person.full_clean(exclude=["password"])
        person.time_zone = "Europe/Berlin"
        person.save()

    told(post_save, change)
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert (User.objects.get().time_zone, BrazeProfile.objects.count()) == ("Europe/Berlin", 1)


def test_who_is_told_of_a_new_person_before_they_are_saved_may_change_them(client: Client, told: Any) -> None:
    told(pre_save, lambda person: setattr(person, "time_zone", "Europe/Berlin"))
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert User.objects.get().time_zone == "Europe/Berlin"


def test_who_is_told_of_a_new_person_finds_them_in_the_database_however_they_ask(client: Client, told: Any) -> None:
    found: list[Any] = []
    told(post_save, lambda person: found.append(reading.rows(User, "WHERE id = %s", [person.pk])))
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert found == [[User.objects.get()]]


def test_who_is_told_of_a_new_person_may_mark_them_too(client: Client, told: Any) -> None:
    other = User.objects.create_user(BOB)
    told(post_save, lambda person: outbox.mark(person, other))
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert {profile.person for profile in BrazeProfile.objects.all()} == {User.objects.get(email=ALICE), other}


def test_who_is_told_of_a_new_person_finds_that_they_are_marked(client: Client, told: Any) -> None:
    found: list[Any] = []
    told(post_save, lambda person: found.append(reading.rows(BrazeProfile, "WHERE person_id = %s", [person.pk])))
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert found == [[BrazeProfile.objects.get()]]
