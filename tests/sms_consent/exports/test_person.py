"""Everything about a person on one page: who may print it, what of it is written down, and whatever they are."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import erasure
from accounts.models import User
from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import AccessRecord, Evidence, InboundMessage, Program, Subscription
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE, BOB
from tests.sms_consent.admin.conftest import agree, member, staff
from tests.sms_consent.webhooks.events import send, text

FORMER = "+12025550188"


def url_of(person: User) -> str:
    return reverse("admin:accounts_user_print", args=[person.pk])


def page_of(client: Client, person: User) -> str:
    answer = client.get(url_of(person))
    assert answer.status_code == 200
    return str(answer.content.decode())


def printed() -> list[tuple[str, str, str]]:
    rows = AccessRecord.objects.filter(action="printed").order_by("pk")
    return list(rows.values_list("what", "object_id", "subject"))


def test_each_address_is_a_sheet_and_is_written_down_once(boss: Client, alice: User) -> None:
    agree("sms", FORMER)
    User.objects.filter(pk=alice.pk).update(former_phones=[FORMER, ALICES_PHONE])  # who came back to an old number
    page = page_of(boss, alice)
    assert page.count('<div class="sheet">') == 3
    what = ("Everything about a person", str(alice.pk))
    assert printed() == [(*what, subject(it)) for it in (ALICE, ALICES_PHONE, FORMER)]


RIGHTS = {"view_user", "view_consentrecord", "export_consentrecord"}


@pytest.mark.parametrize("lacks", sorted(RIGHTS))
def test_each_of_three_rights_is_needed(alice: User, lacks: str) -> None:
    assert staff(*RIGHTS - {lacks}).get(url_of(alice)).status_code == 403
    assert printed() == []


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("operator", 403), ("marketer", 403)])
def test_auditors_print(role: str, status: int, alice: User) -> None:
    assert member(role).get(url_of(alice)).status_code == status


def test_visitors_are_asked_to_sign_in(alice: User) -> None:
    assert Client().get(url_of(alice)).status_code == 302
    assert printed() == []


def test_it_is_only_read_and_only_of_somebody(boss: Client, alice: User) -> None:
    assert boss.post(url_of(alice)).status_code == 405
    for pk in (0, 10**30):
        assert boss.get(reverse("admin:accounts_user_print", args=[pk])).status_code == 404
    assert printed() == []


def test_what_cannot_be_written_down_is_not_shown_and_not_half_written(
    boss: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    works_once = iter([AccessRecord.objects.bulk_create])
    monkeypatch.setattr(AccessRecord.objects, "bulk_create", lambda rows: next(works_once)(rows))
    boss.raise_request_exception = False
    assert boss.get(url_of(alice)).status_code == 500
    assert printed() == []


def test_somebody_who_never_agreed_to_anything(boss: Client, programs: dict[str, Program]) -> None:
    page = page_of(boss, User.objects.create_user(BOB))
    assert f"The ledger holds no act of <strong>{BOB}</strong>" in page
    assert "erased" not in page


def test_somebody_known_by_a_number_only(boss: Client, programs: dict[str, Program]) -> None:
    agree("sms", ALICES_PHONE)
    person = User.objects.create(phone=ALICES_PHONE)
    assert page_of(boss, person).count('<div class="sheet">') == 1


def test_evidence_that_was_erased_leaves_the_acts_of_who_is_still_known(boss: Client, alice: User) -> None:
    Evidence.objects.filter(record__subject=subject(ALICE)).update(salt="", payload="")
    Subscription.objects.filter(address=ALICE).update(address="")
    page = page_of(boss, alice)
    assert f"Every act that the ledger holds of <strong>{ALICE}</strong>" in page
    assert "The evidence was erased" in page


def test_who_is_being_erased_can_be_printed_until_it_is_done(boss: Client, alice: User) -> None:
    erasure.ask(alice, circumstances=Circumstances(agent="pat"))
    assert "opted out of “Emails”" in page_of(boss, alice)
    url = url_of(alice)
    alice.delete()
    assert boss.get(url).status_code == 404


def test_it_costs_the_same_however_much_each_address_did(boss: Client, alice: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(boss, alice)
        return len(queries)

    cost()
    before = cost()
    for _ in range(3):
        for slug, address in (("sms", ALICES_PHONE), ("email", ALICE)):
            agree(slug, address)
            services.withdraw(address, source=Source.ADMIN, circumstances=Circumstances(note="phoned"))
            send([text("Hello?", address)], token=settings.BRAZE_WEBHOOK_TOKEN)
    assert cost() == before


def test_texts_that_were_no_act_are_printed_and_linked_to(boss: Client, alice: User) -> None:
    send([text(f"What time do you open? Ask {BOB}.")], token=settings.BRAZE_WEBHOOK_TOKEN)
    came = InboundMessage.objects.get()
    page = page_of(boss, alice)
    assert f"What time do you open? Ask {BOB}." in page
    assert reverse("admin:sms_consent_inboundmessage_change", args=[came.pk]) in page
    assert printed()[-1][2] == subject(BOB)  # who is named in it was shown too
    link = f"{reverse('admin:sms_consent_inboundmessage_changelist')}?q={subject(ALICES_PHONE)}"
    row = Subscription.objects.get(subject=subject(ALICES_PHONE))
    for url in (
        reverse("admin:accounts_user_change", args=[alice.pk]),
        reverse("admin:sms_consent_subscription_change", args=[row.pk]),
        reverse("admin:sms_consent_consentrecord_change", args=[row.request_id]),
    ):
        assert link in boss.get(url).content.decode(), url


def test_texts_that_were_erased_are_printed_as_such(boss: Client, alice: User) -> None:
    send([text("What time do you open?")], token=settings.BRAZE_WEBHOOK_TOKEN)
    InboundMessage.objects.update(address="", body="", normalised="", word="")
    assert "<td>erased</td>" in page_of(boss, alice)


def test_the_page_is_not_called_by_an_address(boss: Client, alice: User) -> None:
    head = page_of(boss, alice).split("</head>")[0]
    assert (ALICE in head, ALICES_PHONE in head) == (False, False)
