"""Everything about an address that never did anything, printed: what came in from it is all that there is."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.models import AccessRecord, InboundMessage, Program
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import agree
from tests.sms_consent.webhooks.events import send, text

NUMBER = subject(ALICES_PHONE)
SHEET = reverse("admin:sms_consent_consentrecord_print", args=[NUMBER])
EXPORT_THE_REST = "Only the oldest 2 records are here; export the rest."
READ_THE_REST = "Only the oldest 2 are here; the others are in the list of"


def page_of(client: Client) -> str:
    answer = client.get(SHEET)
    assert answer.status_code == 200
    return str(answer.content.decode())


def says(*words: str) -> None:
    for body in words:
        send([text(body)], token=settings.BRAZE_WEBHOOK_TOKEN)


@pytest.fixture
def holder(programs: dict[str, Program]) -> User:
    """Somebody who has a number, and has ticked nothing."""
    return User.objects.create_user(ALICE, phone=ALICES_PHONE)


def test_a_number_with_nothing_but_texts_is_named_with_who_holds_it(boss: Client, holder: User) -> None:
    says("What time do you open?")
    page = page_of(boss)
    assert f"The ledger holds no act of <strong>{ALICES_PHONE}</strong>" in page
    assert reverse("admin:accounts_user_change", args=[holder.pk]) in page
    assert "nothing was ever written down" not in page
    assert "Nowhere: it never asked to join a program, and never left one." in page
    assert AccessRecord.objects.get(action="printed").subject == NUMBER


def test_texts_that_were_erased_name_nobody(boss: Client, holder: User) -> None:
    says("What time do you open?")
    InboundMessage.objects.update(address="", body="", normalised="", word="")
    page = page_of(boss)
    assert "The ledger holds no act of this address" in page
    assert reverse("admin:accounts_user_change", args=[holder.pk]) not in page


def test_who_searches_the_ledger_for_it_is_led_to_the_print(boss: Client, holder: User) -> None:
    page = boss.get(reverse("admin:sms_consent_consentrecord_changelist"), {"q": NUMBER}).content.decode()
    assert f'href="{SHEET}"' in page


def test_only_records_are_said_to_be_exported(boss: Client, holder: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_consent.admin.printing.LONGEST", 2)
    says("Hello?", "What time do you open?")
    assert "Only the oldest" not in page_of(boss)
    says("Anybody there?")
    page = page_of(boss)
    assert (READ_THE_REST in page, EXPORT_THE_REST in page) == (True, False)
    assert f"{reverse('admin:sms_consent_inboundmessage_changelist')}?q={NUMBER}" in page
    assert "Anybody there?" not in page
    InboundMessage.objects.all().delete()
    agree("sms", ALICES_PHONE)
    says("STOP", "START", "STOP")
    InboundMessage.objects.all().delete()
    page = page_of(boss)
    assert (READ_THE_REST in page, EXPORT_THE_REST in page) == (False, True)
