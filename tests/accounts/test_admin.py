"""Staff look people up and help them; they cannot change an address, nor prove one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse
from post_office.models import STATUS, Email

from accounts.models import User
from sms_consent.models import BrazeProfile, Program
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE, BOB, Visitor
from tests.sms_consent.admin.conftest import alice, boss, staff

__all__ = ["alice", "boss"]


def url_of(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def mail_to(address: str, status: int, **fields: str) -> Email:
    return Email.objects.create(to=address, from_email=BOB, subject="Hi", status=status, number_of_retries=9, **fields)


def fields_of(person: User, **changes: Any) -> dict[str, Any]:
    return {"language": person.language, "time_zone": person.time_zone, "is_active": "on"} | changes


def test_addresses_are_read_only(boss: Client, alice: User) -> None:
    data = fields_of(
        alice, email="other@example.com", phone="+12025550199", external_id="x", phone_proven_at="2026-01-01"
    )
    boss.post(url_of(alice), data | {"mailbox_proven": "on"})
    after = User.objects.get(pk=alice.pk)
    assert (after.email, after.phone_number, after.external_id) == (ALICE, ALICES_PHONE, alice.external_id)
    assert after.phone_proven_at is None
    assert not EmailAddress.objects.filter(email=ALICE, verified=True).exists()


def test_a_language_may_be_mended_and_reaches_the_outbox(boss: Client, alice: User) -> None:
    BrazeProfile.objects.update(due_at=None)
    answer = boss.post(url_of(alice), fields_of(alice, time_zone="Europe/Paris"))
    assert answer.status_code == 302
    assert User.objects.get(pk=alice.pk).time_zone == "Europe/Paris"
    assert BrazeProfile.objects.get(person=alice).due_at is not None


def test_nobody_adds_or_deletes_people(boss: Client, alice: User) -> None:
    assert boss.post(reverse("admin:accounts_user_add"), {"email": "x@example.com"}).status_code == 403
    delete = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert boss.post(delete, {"post": "yes"}).status_code == 403
    boss.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_person_leads_to_their_records_and_to_braze(boss: Client, alice: User) -> None:
    page = boss.get(url_of(alice)).content.decode()
    profile = BrazeProfile.objects.get(person=alice)
    for address in (ALICE, ALICES_PHONE):
        assert f"{reverse('admin:sms_consent_consentrecord_changelist')}?q={subject(address)}" in page
        assert f"{reverse('admin:sms_consent_subscription_changelist')}?q={subject(address)}" in page
    assert reverse("admin:sms_consent_brazeprofile_change", args=[profile.pk]) in page


def test_the_list_says_what_is_proven(boss: Client, alice: User) -> None:
    people = reverse("admin:accounts_user_changelist")
    row = next(row for row in boss.get(people).context["cl"].result_list if row.pk == alice.pk)
    assert row.has_proven_mailbox is False
    EmailAddress.objects.create(user=alice, email=ALICE, verified=True, primary=True)
    row = next(row for row in boss.get(people).context["cl"].result_list if row.pk == alice.pk)
    assert row.has_proven_mailbox is True


def test_a_role_without_the_box_that_lets_one_in_is_warned_about(boss: Client, alice: User) -> None:
    role = Group.objects.get(name="Auditor")
    warning = "Without “Staff” nobody can open this admin"
    for changes, is_warned in (
        ({}, False),
        ({"groups": role.pk}, True),
        ({"groups": role.pk, "is_staff": "on"}, False),
        ({"user_permissions": Permission.objects.first().pk}, True),
    ):
        page = boss.post(url_of(alice), fields_of(alice, **changes), follow=True).content.decode()
        assert (warning in page) is is_warned, changes


def test_staff_do_not_make_themselves_superusers(alice: User) -> None:
    client = staff("view_user", "change_user")
    client.post(url_of(alice), fields_of(alice, is_superuser="on", is_staff="on", language="en", time_zone="UTC"))
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.is_staff, alice.time_zone) == (False, False, "UTC")


def test_nobody_declares_a_mailbox_proven() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:account_emailaddress_changelist")


def test_mails_show_no_codes_and_no_links(boss: Client, visit: Any, programs: dict[str, Program]) -> None:
    visitor: Visitor = visit()
    visitor.sign_up(ALICE, "", "email")
    link = visitor.links(ALICE)[0]
    visitor.press(link)
    visitor.client.post(reverse("account_login"), {"email": ALICE})
    code_mail = Email.objects.get(subject="Your sign-in code")
    link_mail = mail_to(ALICE, STATUS.queued, message=f"Press {link}", html_message=f'<a href="{link}">x</a>')
    for mail in (code_mail, link_mail):
        base = reverse("admin:post_office_email_change", args=[mail.pk])
        page = boss.get(base).content.decode()
        assert ALICE in page
        code = re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.message, re.MULTILINE)
        for secret in (link, code[1] if code else link):
            shown = [boss.get(base.replace("change", name), follow=True) for name in ("resend", "preview")]
            assert secret not in page + "".join(answer.content.decode() for answer in shown)
    page = boss.get(reverse("admin:post_office_email_changelist")).content.decode()
    assert ALICE not in page
    assert "Your sign-in code" in page


def test_a_failed_mail_is_queued_again_and_a_sent_one_is_not(boss: Client, db: None) -> None:
    made = [mail_to(ALICE, status) for status in (STATUS.failed, STATUS.sent)]
    data = {"action": "queue_again", "_selected_action": [mail.pk for mail in made]}
    boss.post(reverse("admin:post_office_email_changelist"), data)
    assert [Email.objects.get(pk=mail.pk).status for mail in made] == [STATUS.requeued, STATUS.sent]


def test_a_mail_is_found_by_its_recipient(boss: Client, db: None) -> None:
    mail = mail_to(ALICE, STATUS.sent)
    mail_to(BOB, STATUS.sent)
    url = reverse("admin:post_office_email_changelist")
    found = boss.post(url, {"look_up": "Alice@EXAMPLE.com"}, follow=True)
    assert [row.pk for row in found.context["cl"].result_list] == [mail.pk]
