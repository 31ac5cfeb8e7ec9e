"""Staff write down an opt-out for somebody who phoned or wrote, and can never write down a consent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sms_consent.admin.evidence import proof_of
from sms_consent.models import ConsentRecord, InboundMessage, Program
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, CAROL, CAROLS_PHONE, Visitor, acts, second_email_program, standing
from tests.sms_consent.admin.conftest import staff
from tests.sms_consent.webhooks.events import send, text

URL = "admin:sms_consent_record_opt_out"
NOTE = "Phoned on 3 May: no more texts."


def record(client: Client, address: str, *programs: Program, note: str = NOTE) -> Any:
    data = {"address": address, "programs": [program.pk for program in programs], "note": note}
    return client.post(reverse(URL), data)


def test_an_opt_out_reaches_braze(boss: Client, alice: User, sandbox: Sandbox, deliver: Callable[[], int]) -> None:
    deliver()
    assert sandbox.world.state(SMS, ALICES_PHONE) == SUBSCRIBED
    answer = record(boss, "(202) 555-0101")
    assert answer.status_code == 302
    assert "0101" not in answer.url
    assert deliver() == 0
    assert sandbox.world.state(SMS, ALICES_PHONE) == UNSUBSCRIBED
    written = ConsentRecord.objects.get(act="withdrawn")
    payload = proof_of(written).payload
    assert (written.source, written.stops, written.proven) == ("admin", False, False)
    assert (payload["note"], payload["agent"], payload["ip"]) == (NOTE, "boss@example.com", "127.0.0.1")
    page = boss.get(answer.url).content.decode()
    assert "Opted +1…01 out of Text messages" in page
    assert "Opted out" in page
    assert '<td class="field-acted">Staff</td>' in page


@pytest.mark.parametrize("spelling", ["alice@bücher.example", "ALICE@BÜCHER.EXAMPLE", "alice@xn--bcher-kva.example"])
def test_an_address_is_found_however_its_domain_is_spelled(
    spelling: str, boss: Client, visit: Callable[[], Visitor]
) -> None:
    visitor, kept = visit(), "alice@xn--bcher-kva.example"
    visitor.sign_up("alice@bücher.example", "", "email")
    visitor.press(visitor.links(kept)[0])
    record(boss, spelling)
    assert standing(kept, "email") == "unsubscribed"


def test_somebody_nobody_knows_can_opt_out(boss: Client, programs: dict[str, Program]) -> None:
    record(boss, CAROLS_PHONE)
    record(boss, CAROL.upper())
    assert standing(CAROLS_PHONE, "sms") == standing(CAROL, "email") == "unsubscribed"


def test_an_address_that_nobody_here_has_is_recorded_and_said_in_full(boss: Client, alice: User) -> None:
    for _ in range(2):  # that staff wrote it down before makes it no better known
        page = boss.get(record(boss, "Alice@Exmaple.com").url).content.decode()
        assert "Nobody here is known by alice@exmaple.com" in page
    assert standing("alice@exmaple.com", "email") == "unsubscribed"
    assert "Nobody here is known by" not in boss.get(record(boss, ALICE).url).content.decode()


def test_no_box_means_every_program_of_the_channel(boss: Client, alice: User, sandbox: Sandbox) -> None:
    second_email_program(sandbox)
    record(boss, ALICE)
    assert acts(ALICE, "email") == ["requested", "withdrawn"]
    assert acts(ALICE, "tips") == ["withdrawn"]
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_one_program_may_be_chosen(boss: Client, alice: User, sandbox: Sandbox) -> None:
    tips = second_email_program(sandbox)
    record(boss, ALICE, tips)
    assert acts(ALICE, "email") == ["requested"]
    assert acts(ALICE, "tips") == ["withdrawn"]


@pytest.mark.parametrize(
    ("address", "note", "message"),
    [
        ("", NOTE, "This field is required"),
        ("bob", NOTE, "Enter a phone number"),
        (ALICES_PHONE, "", "This field is required"),
        (ALICES_PHONE, "   ", "This field is required"),
        (ALICES_PHONE, "x" * 1001, "at most 1000"),
        (f"{ALICE}\x00", NOTE, "Null characters"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(
    boss: Client, alice: User, address: str, note: str, message: str
) -> None:
    before = ConsentRecord.objects.count()
    page = record(boss, address, note=note)
    assert page.status_code == 200
    assert message in page.content.decode()
    assert ConsentRecord.objects.count() == before


def test_programs_of_the_other_channel_are_refused(boss: Client, programs: dict[str, Program]) -> None:
    page = record(boss, ALICES_PHONE, programs["email"])
    assert "not for a phone number" in page.content.decode()
    assert not ConsentRecord.objects.exists()


def test_saying_it_again_is_written_down_again(boss: Client, programs: dict[str, Program]) -> None:
    for _ in range(2):
        record(boss, ALICES_PHONE)
    assert acts(ALICES_PHONE, "sms") == ["withdrawn", "withdrawn"]


def test_it_is_said_when_there_is_nothing_to_leave(boss: Client, db: None) -> None:
    page = boss.get(record(boss, ALICES_PHONE).url)
    assert "Nothing was written down" in page.content.decode()


def test_looking_at_the_page_changes_nothing(boss: Client, programs: dict[str, Program]) -> None:
    assert boss.get(reverse(URL), {"address": ALICES_PHONE, "note": "x"}).status_code == 200
    assert not ConsentRecord.objects.exists()


def test_staff_without_permission_are_refused(alice: User) -> None:
    client = staff("view_subscription", "view_consentrecord")
    assert client.get(reverse(URL)).status_code == 403
    assert record(client, ALICES_PHONE).status_code == 403
    assert acts(ALICES_PHONE, "sms") == ["granted"]
    assert reverse(URL) not in client.get(reverse("admin:index")).content.decode()
    assert reverse(URL) not in client.get(reverse("admin:sms_consent_consentrecord_changelist")).content.decode()


def test_an_agent_needs_no_more_than_the_permission(programs: dict[str, Program]) -> None:
    client = staff("change_subscription")
    answer = record(client, ALICES_PHONE)
    assert answer.url == reverse(URL)
    assert client.get(answer.url).status_code == 200
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_visitors_are_sent_to_sign_in(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert record(client, ALICES_PHONE).status_code == 302
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_texts_that_were_read_already_are_counted_apart(boss: Client, programs: dict[str, Program]) -> None:
    send([text("no more of this nonsense"), text("STOP", CAROLS_PHONE)], token=settings.BRAZE_WEBHOOK_TOKEN)
    rows = list(InboundMessage.objects.values_list("pk", flat=True))
    url = reverse("admin:sms_consent_inboundmessage_changelist")
    page = boss.post(url, {"action": "is_an_opt_out", "_selected_action": rows}, follow=True).content.decode()
    assert "Recorded as opt-outs: 1. Decided already: 1." in page
    assert acts(ALICES_PHONE, "sms") == ["withdrawn"]
