"""Erasing a person in the admin: one page that says what will happen, for who may, and written down (SEC-11)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from accounts.models import User
from sms_consent.models import AccessRecord, Erasure
from sms_consent.people import subject
from tests.accounts.erasing import left
from tests.people import ALICE, ALICES_PHONE, BOB, acts
from tests.sms_consent.admin.conftest import alice, boss, join, staff

__all__ = ["alice", "boss"]

LIST = reverse_lazy("admin:sms_consent_erasure_changelist")


def page_of(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def erase_page_of(person: User) -> str:
    return reverse("admin:accounts_user_erase", args=[person.pk])


def erasures_written() -> QuerySet[AccessRecord]:
    """Return the accesses that are about erasing: opening a person's page is one of its own."""
    return AccessRecord.objects.filter(action="erased")


def test_the_page_says_what_happens_and_changes_nothing(boss: Client, alice: User) -> None:
    User.objects.create_user(BOB, phone=ALICES_PHONE)
    assert erase_page_of(alice) in boss.get(page_of(alice)).content.decode()
    page = boss.get(erase_page_of(alice)).content.decode()
    assert "a…@example.com" in page
    assert "+1…01: somebody else has it too" in page
    assert (ALICE in page, ALICES_PHONE in page) == (False, False)
    assert (Erasure.objects.exists(), erasures_written().exists()) == (False, False)


def test_the_button_opts_out_marks_and_says_what_it_waits_for(boss: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(phone_proven_at=timezone.now())
    page = boss.post(erase_page_of(alice), follow=True).content.decode()
    assert "Opted out everywhere" in page
    assert "Waits for Braze to take" in page
    assert erase_page_of(alice) not in page
    assert (acts(ALICE, "email")[-1], acts(ALICES_PHONE, "sms")[-1]) == ("withdrawn", "withdrawn")
    written = erasures_written().get()
    assert (written.action, written.object_id, written.subject) == ("erased", str(alice.pk), subject(ALICE))
    assert not any(place.startswith("AccessRecord") for place in left(ALICE, ALICES_PHONE))


def test_a_number_that_is_not_proven_goes_altogether_if_its_phone_asked_for_it(boss: Client, alice: User) -> None:
    """What it agreed to here does not say that it was her."""
    assert "The phone +1…01 itself asked for it" in boss.get(erase_page_of(alice)).content.decode()
    boss.post(erase_page_of(alice), {"from_the_number": "on"})
    assert acts(ALICES_PHONE, "sms")[-1] == "withdrawn"
    assert Erasure.objects.get().addresses == [ALICES_PHONE, ALICE]


def test_the_list_of_erasures_tells_which_are_done_and_names_nobody(boss: Client, alice: User) -> None:
    boss.post(erase_page_of(alice))
    listed = boss.get(LIST).content.decode()
    assert "Under way" in listed
    assert ("a…@example.com" in listed, ALICE in listed) == (True, False)
    assert "b…@example.com</td>" in listed  # who of the staff asked for it
    assert boss.get(f"{LIST}?state=done").status_code == 200


def test_the_page_of_an_erasure_says_what_it_waits_for(boss: Client, alice: User) -> None:
    boss.post(erase_page_of(alice))
    page = boss.get(reverse("admin:sms_consent_erasure_change", args=[Erasure.objects.get().pk])).content.decode()
    assert "Waits for Braze to take" in page
    assert alice.external_id in page


def test_the_list_of_erasures_costs_the_same_however_many_are_under_way(boss: Client, alice: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert boss.get(LIST).status_code == 200
        return len(queries)

    boss.post(erase_page_of(alice))
    cost()
    before = cost()
    for number in range(5):
        boss.post(erase_page_of(join(f"person{number}@example.com", f"+1202555{1000 + number}")))
    assert (Erasure.objects.count(), cost()) == (6, before)


@pytest.mark.parametrize("may", [(), ("view_user",), ("change_user",)])
def test_only_who_may_delete_people_may_erase_them(may: tuple[str, ...], alice: User) -> None:
    agent = staff(*may)
    assert [agent.get(erase_page_of(alice)).status_code, agent.post(erase_page_of(alice)).status_code] == [403, 403]
    assert not Erasure.objects.exists()


def test_staff_are_refused_with_the_reason(boss: Client, alice: User) -> None:
    person = User.objects.get(email="boss@example.com")
    page = boss.post(erase_page_of(person), follow=True).content.decode()
    assert "member of staff" in page
    assert (Erasure.objects.exists(), erasures_written().exists()) == (False, False)


def test_who_was_staff_is_told_by_the_admins_history(boss: Client, alice: User) -> None:
    former = join("former@example.com", "+12025550109")
    former.is_staff = former.is_superuser = True
    former.save()
    client = Client()
    client.force_login(former)
    client.post(page_of(alice), {"language": "fr", "time_zone": "", "is_active": "on"})
    User.objects.filter(pk=former.pk).update(is_staff=False, is_superuser=False)
    assert "history" in boss.post(erase_page_of(former), follow=True).content.decode()
    assert not Erasure.objects.exists()
