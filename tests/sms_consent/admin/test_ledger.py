"""A record says in plain words what was agreed to, and whether it can be proven."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent import services
from sms_consent.admin.base import CappedPaginator
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Evidence, InboundMessage, Program
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.delivery.helpers import asks_first
from tests.sms_consent.webhooks.events import changed, now, send, text

LIST = "admin:sms_consent_consentrecord_changelist"


def page_of(client: Client, record: ConsentRecord) -> str:
    answer = client.get(reverse("admin:sms_consent_consentrecord_change", args=[record.pk]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.fixture
def record(alice: User) -> ConsentRecord:
    return ConsentRecord.objects.get(program__slug="sms")


def test_a_record_shows_what_was_agreed_to(boss: Client, record: ConsentRecord) -> None:
    page = page_of(boss, record)
    assert record.disclosure is not None
    assert f"{ALICES_PHONE} agreed to “Text messages” on" in page
    for part in (
        "By ticking this box I agree to receive recurring automated promotional text messages",
        '/terms/">Terms</a>',
        record.disclosure.label,
        record.disclosure.button_label,
        "version 1, language “en”",
        f"{record.words_sha256} (these very words)",
        "192.0.2.7",
        "Tester/1.0",
        "https://example.com/",
        "<code>sms</code> ticked",
        record.commitment,
        "Yes: the evidence is, byte for byte",
        reverse("admin:accounts_user_changelist").replace("changelist", ""),
    ):
        assert part in page, part


def test_a_confirmation_links_to_its_request(boss: Client, alice: User) -> None:
    request = ConsentRecord.objects.get(program__slug="email")
    services.confirm([request.pk], address=ALICE, source=Source.SIGN_UP, circumstances=Circumstances())
    confirmation = ConsentRecord.objects.get(act="confirmed")
    assert f"#{request.pk} Asked to join" in page_of(boss, confirmation)
    assert f"#{confirmation.pk} Confirmed" in page_of(boss, request)


def test_erased_evidence_leaves_a_record_that_can_be_read(boss: Client, record: ConsentRecord) -> None:
    Evidence.objects.filter(record=record).update(salt="", payload="")
    page = page_of(boss, record)
    assert "Somebody whose address was erased agreed to" in page
    assert "The evidence was erased" in page
    assert "erased" in boss.get(reverse(LIST)).content.decode()


def test_evidence_that_does_not_match_is_called_out(boss: Client, record: ConsentRecord) -> None:
    other = ConsentRecord.objects.get(program__slug="email")
    record_like = ConsentRecord(**{f.attname: getattr(record, f.attname) for f in ConsentRecord._meta.fields})
    record_like.pk, record_like.commitment = None, other.commitment
    [forged] = ConsentRecord.objects.bulk_create([record_like])
    Evidence.objects.bulk_create([Evidence(record=forged, salt="a", payload='{"address":"+12025550101"}')])
    assert "NO: the evidence differs" in page_of(boss, forged)


@pytest.mark.parametrize(
    "query",
    [
        "act__exact=granted",
        "source__exact=sign_up",
        "program__id__exact={program}",
        "occurred_at__gte={then}",
    ],
)
def test_the_ledger_is_filtered(boss: Client, record: ConsentRecord, query: str) -> None:
    then = quote("2020-01-01 00:00:00+00:00")
    page = boss.get(f"{reverse(LIST)}?{query.format(program=record.program_id, then=then)}")
    assert record.pk in [row.pk for row in page.context["cl"].result_list]
    nothing = boss.get(f"{reverse(LIST)}?act__exact=expired")
    assert "Nothing matches." in nothing.content.decode()


def test_a_ledger_of_millions_is_not_counted(
    boss: Client, record: ConsentRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_consent.admin.base.COUNTED_AT_MOST", 1)
    assert ConsentRecord.objects.count() == 2
    page = boss.get(reverse(LIST))
    assert isinstance(page.context["cl"].paginator, CappedPaginator)
    assert "1 or more consent records" in page.content.decode()


def came_from(client: Client, record: ConsentRecord) -> str:
    """Return what its page shows as the texts that it came from."""
    return page_of(client, record).split("field-came_from")[1].split("field-")[0]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("words", "status", "act"), [("STOP", "Unsubscribed", "withdrawn"), ("Y", "Subscribed", "confirmed")]
)
def test_the_text_that_it_came_from_is_shown_whichever_report_came_first(
    words: str, status: str, act: str, order: tuple[int, int], boss: Client, visit: Any, deliver: Any
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    said = text(words, at=now(2))
    reports = [said, changed(status, "Inbound Message", at=now(1))]
    send([reports[number] for number in order], token=settings.BRAZE_WEBHOOK_TOKEN)
    send([text("What time do you open?", at=now(2))], token=settings.BRAZE_WEBHOOK_TOKEN)
    record, came = ConsentRecord.objects.get(act=act), InboundMessage.objects.get(provider_id=said["id"])
    shown = came_from(boss, record)
    assert f'{reverse("admin:sms_consent_inboundmessage_change", args=[came.pk])}">“{words}”' in shown
    assert "open" not in shown
    paper = boss.get(reverse("admin:sms_consent_consentrecord_print", args=[record.subject])).content.decode()
    assert f"<dt>The text that it came from</dt><dd>“{words}”" in paper


def test_a_text_of_another_time_is_not_what_it_came_from(boss: Client, programs: dict[str, Program]) -> None:
    for report in (changed("Unsubscribed", "Inbound Message", at=now(-100)), text("STOP", at=now(-80))):
        send([report], token=settings.BRAZE_WEBHOOK_TOKEN)
    assert "STOP" not in came_from(boss, ConsentRecord.objects.filter(act="withdrawn").earliest("pk"))


def test_the_text_that_it_came_from_may_be_erased(boss: Client, programs: dict[str, Program]) -> None:
    send([text("STOP")], token=settings.BRAZE_WEBHOOK_TOKEN)
    InboundMessage.objects.update(address="", body="", normalised="", word="")
    assert "erased" in came_from(boss, ConsentRecord.objects.get())
