"""Every look at an address in full is written down, and there is no way to look without (SEC-11)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.models import User
from sms_consent import outbox, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import (
    AccessRecord,
    BrazeProfile,
    ConsentRecord,
    Erasure,
    GlobalEmail,
    InboundMessage,
    Program,
    Subscription,
)
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import member, staff

FORMER = "+12025550188"
LIST = "admin:sms_consent_accessrecord_changelist"


def rows(alice: User) -> dict[str, tuple[Any, set[str]]]:
    """Return a row of each kind whose page shows addresses, with those addresses."""
    outbox.mark_left(ALICE)
    User.objects.filter(pk=alice.pk).update(former_phones=[FORMER])
    BrazeProfile.objects.update(accepted={"email": ALICE, "phone": ALICES_PHONE})
    mail = Email.objects.create(to=ALICE, from_email="site@example.com", subject="Hi")
    text = InboundMessage.objects.create(
        kind="text", outcome="unknown", occurred_at=timezone.now(), address=ALICES_PHONE, body="hm"
    )
    return {
        "consentrecord": (ConsentRecord.objects.get(program__slug="sms"), {ALICES_PHONE}),
        "subscription": (Subscription.objects.get(program__slug="email"), {ALICE}),
        "user": (alice, {ALICE, ALICES_PHONE, FORMER}),
        "brazeprofile": (BrazeProfile.objects.get(person=alice), {ALICE, ALICES_PHONE}),
        "globalemail": (GlobalEmail.objects.get(), {ALICE}),
        "email": (mail, {ALICE}),
        "inboundmessage": (text, {ALICES_PHONE}),
    }


def url_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_each_page_that_shows_an_address_is_written_down_with_who_looked(alice: User, boss: Client) -> None:
    looker = User.objects.get(email="boss@example.com")
    for row, addresses in rows(alice).values():
        before = set(AccessRecord.objects.values_list("pk", flat=True))
        page = boss.get(url_of(row), REMOTE_ADDR="192.0.2.50")
        assert page.status_code == 200
        noted = AccessRecord.objects.exclude(pk__in=before)
        assert sorted(it.subject for it in noted) == sorted(map(subject, addresses)), row
        for note in noted:
            assert (note.staff, note.action, note.ip) == (looker.external_id, "viewed", "192.0.2.50")
            assert (note.what, note.object_id) == (row._meta.label_lower, str(row.pk))


def test_an_address_that_braze_has_still_is_written_down_too(alice: User, boss: Client) -> None:
    old = "alice-before@example.com"
    BrazeProfile.objects.update(accepted={"email": old})
    assert old in boss.get(url_of(alice)).content.decode()
    assert {row.subject for row in AccessRecord.objects.all()} == {subject(it) for it in (ALICE, ALICES_PHONE, old)}


def test_who_was_shown_nothing_is_not_written_down(alice: User, boss: Client) -> None:
    client = staff("view_program")
    for row, _ in rows(alice).values():
        assert client.get(url_of(row)).status_code == 403
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        assert boss.get(reverse(f"{name}_changelist")).status_code == 200
        assert boss.get(reverse(f"{name}_change", args=[987654321])).status_code == 302
    Subscription.objects.update(address="")
    boss.get(url_of(Subscription.objects.all()[0]))
    assert not AccessRecord.objects.exists()


def test_a_form_that_comes_back_with_an_error_is_a_look(alice: User, boss: Client) -> None:
    assert boss.post(url_of(alice), {"language": ""}).status_code == 200
    assert AccessRecord.objects.filter(subject=subject(ALICE)).count() == 1


def test_an_auditor_finds_who_looked_at_an_address(alice: User) -> None:
    operator = member("operator")
    operator.get(url_of(alice))
    auditor = member("auditor")
    page = auditor.post(reverse(LIST), {"look_up": ALICES_PHONE}, follow=True)
    [found] = page.context["cl"].result_list
    shown = page.content.decode()
    assert "operator@example.com" in shown  # masked, two colleagues would be one
    assert "Person" in shown
    assert ALICES_PHONE not in shown
    detail = auditor.get(url_of(found)).content.decode()
    assert url_of(alice) in detail
    assert AccessRecord.objects.count() == 2  # the operator's look at two addresses, and nobody's at the list


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("accounts_user", "email__startswith=alice"),
        ("accounts_user", "phone__contains=0101"),
        ("sms_consent_subscription", "address__startswith=%2B1202"),
        ("sms_consent_inboundmessage", "body__contains=hm"),
        ("sms_consent_inboundmessage", "address=%2B12025550101"),
        ("sms_consent_globalemail", "address__gte=alice"),
        ("sms_consent_brazeprofile", "accepted__email=alice%40example.com"),
        ("post_office_email", "to__contains=alice"),
        ("sms_consent_consentrecord", "program__subscriptions__address__startswith=alice"),
        ("sms_consent_subscription", "program__records__evidence__payload__contains=alice"),
        ("sms_consent_disclosure", "program__subscriptions__address__startswith=alice"),
        ("sms_consent_keyword", "program__records__evidence__payload__contains=192.0.2"),
    ],
)
def test_nobody_leafs_through_addresses_by_the_url_of_a_list(boss: Client, alice: User, name: str, query: str) -> None:
    assert boss.get(f"{reverse(f'admin:{name}_changelist')}?{query}").status_code == 400


def test_a_marketer_guesses_no_address_through_what_a_program_points_to(alice: User) -> None:
    url = reverse("admin:sms_consent_disclosure_changelist")
    marketer = member("marketer")
    assert marketer.get(f"{url}?program__subscriptions__address__startswith=alice").status_code == 400
    assert marketer.get(f"{url}?program__id__exact={Program.objects.get(slug='sms').pk}").status_code == 200


def test_what_machines_wrote_has_no_history_page_that_would_name_its_address(boss: Client, db: None) -> None:
    mail = Email.objects.create(to=ALICE, from_email="site@example.com", subject="Hi")
    answer = boss.get(reverse("admin:post_office_email_history", args=[mail.pk]))
    assert answer.status_code == 404
    assert ALICE not in answer.content.decode()


def test_addresses_that_people_write_into_a_text_are_masked_in_the_list(boss: Client, db: None) -> None:
    said = "I am bob@example.com or (202) 555-0177, order 1234"
    InboundMessage.objects.create(kind="text", outcome="unknown", occurred_at=timezone.now(), body=said)
    page = boss.get(reverse("admin:sms_consent_inboundmessage_changelist")).content.decode()
    assert "I am … or …, order 1234" in page


def test_an_address_in_the_words_of_a_text_is_written_down_by_its_page(boss: Client, db: None) -> None:
    said = "I am Bob@example.com or (202) 555-0177, order 12"
    text = InboundMessage.objects.create(
        kind="text", outcome="unknown", occurred_at=timezone.now(), address=ALICES_PHONE, body=said
    )
    assert said in boss.get(url_of(text)).content.decode()
    seen = {subject(it) for it in (ALICES_PHONE, "bob@example.com", "+12025550177")}
    assert {row.subject for row in AccessRecord.objects.all()} == seen


def test_so_it_is_by_the_page_of_the_record_that_a_text_made(boss: Client, alice: User) -> None:
    how = Circumstances(body="STOP, not (202) 555-0177 either")
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, circumstances=how)
    boss.get(url_of(ConsentRecord.objects.get(act="withdrawn")))
    assert {row.subject for row in AccessRecord.objects.all()} == {subject(ALICES_PHONE), subject("+12025550177")}


NAMED_BY_EMAIL = "alice.known.as@example.com"


@pytest.fixture
def named_by_email(alice: User) -> User:
    """Alice at a brand that calls people by their email addresses in Braze."""
    User.objects.filter(pk=alice.pk).update(external_id=NAMED_BY_EMAIL)
    BrazeProfile.objects.filter(person=alice).update(external_id=NAMED_BY_EMAIL)
    return User.objects.get(pk=alice.pk)


def test_lists_mask_an_address_that_is_somebodys_id_in_braze(boss: Client, named_by_email: User) -> None:
    for name in ("accounts_user", "sms_consent_brazeprofile"):
        page = boss.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert ("a…@example.com" in page, NAMED_BY_EMAIL in page) == (True, False), name


def test_a_page_that_names_somebody_by_an_address_is_a_look_at_it(boss: Client, named_by_email: User) -> None:
    for row in (named_by_email, BrazeProfile.objects.get(person=named_by_email)):
        assert NAMED_BY_EMAIL in boss.get(url_of(row)).content.decode()
        assert AccessRecord.objects.filter(subject=subject(NAMED_BY_EMAIL), what=row._meta.label_lower).count() == 1


def test_pages_about_others_mask_it(boss: Client, named_by_email: User) -> None:
    boss.post(reverse("admin:accounts_user_erase", args=[named_by_email.pk]))
    rows = [ConsentRecord.objects.all()[0], Subscription.objects.all()[0], Erasure.objects.get()]
    for row in rows:
        page = boss.get(url_of(row)).content.decode()
        assert ("a…@example.com" in page, NAMED_BY_EMAIL in page) == (True, False), row


def test_no_list_for_a_drop_down_names_whom_a_mail_goes_to(boss: Client, db: None) -> None:
    """Django answers with what rows call themselves, of any model with a search box, unasked for or not."""
    Email.objects.create(to=ALICE, from_email="site@example.com", subject="Hi")
    query = {"app_label": "post_office", "model_name": "log", "field_name": "email", "term": ""}
    answer = boss.get("/admin/autocomplete/", query)
    assert ALICE not in answer.content.decode()
    assert answer.status_code == 404
