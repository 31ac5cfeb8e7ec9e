"""What an address did before a program was there counts on it, too (REV-8, REV-11, rules 4 and 11)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sms_consent import disclosures, selectors
from sms_consent.choices import Door
from sms_consent.models import ConsentRecord, Program
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOB,
    BOBS_PHONE,
    CAROL,
    Deliver,
    Visit,
    acts,
    second_email_program,
    send_phone_form,
    send_sign_up,
    standing,
)
from tests.sms_consent.delivery.helpers import (
    alice_by_email,
    all_told,
    asks_first,
    leave,
    prompts,
    seen,
)
from tests.sms_consent.reconcile.helpers import at_braze
from tests.sms_consent.webhooks.events import now, send, text

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs", "open_hooks"),
]
VIP, THIRD = "5a4d0000-0000-4000-8000-000000000009", "5a4d0000-0000-4000-8000-000000000010"


def open_vip(sandbox: Sandbox, **changes: Any) -> Program:
    """Offer a second program of texts, which takes sign-ups unconfirmed."""
    sandbox.world.set_group(changes.get("subscription_group_id", VIP), "sms")
    fields = {
        "slug": "vip",
        "channel": "sms",
        "brand": site.BRAND_NAME,
        "purpose": "offers",
        "frequency": "Message frequency varies",
    }
    fields |= {"sender": site.SMS_NUMBER, "subscription_group_id": VIP, "confirm_sign_ups": False, "position": 4}
    program = Program.objects.create(name="VIP", **fields | changes)
    for door, words in ((Door.FORM, disclosures.SMS_DRAFT), (Door.PHONE_FORM, disclosures.PHONE_FORM_DRAFT)):
        draft = disclosures.draft(program, language="en", text=words, label="VIP", button="Go", door=door)
        disclosures.publish(draft)
    selectors.forget_offers()
    return program


def stopped(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    send([text("STOP", at=now())])
    deliver()


def test_a_stop_holds_on_a_program_that_came_after_it(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    stopped(visit, deliver)
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    deliver()
    assert standing(ALICES_PHONE, "vip") == "unsubscribed"
    assert seen(sandbox, VIP, ALICES_PHONE) == "Unsubscribed"
    assert acts(ALICES_PHONE, "vip") == ["withdrawn", "requested"]
    stop, again = ConsentRecord.objects.filter(act="withdrawn").order_by("pk")
    assert (again.occurred_at, again.source, again.stops) == (stop.occurred_at, "keyword", True)
    assert "which reaches this program" in again.evidence.payload


def test_the_phone_form_of_a_newer_program_sends_no_text_to_a_number_that_stopped(
    deliver: Deliver, sandbox: Sandbox, client: Client
) -> None:
    send([text("STOP", at=now())])
    deliver()
    open_vip(sandbox)
    assert send_phone_form(client, ALICES_PHONE, "/phone/?program=vip").status_code == 302
    deliver()
    assert standing(ALICES_PHONE, "vip") == "unsubscribed"
    assert prompts(sandbox, ALICES_PHONE) == 0


def test_not_even_the_owner_lifts_it_without_the_handset(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    asks_first()
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    send([text("Y", at=now(1))])
    alice.sign_in(ALICE)
    send([text("STOP", at=now(2))])
    open_vip(sandbox)
    alice.preferences(ALICES_PHONE, "vip")
    assert standing(ALICES_PHONE, "vip") == "unsubscribed"


def test_a_handset_that_has_opted_in_since_is_asked_like_any_that_is_known(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    stopped(visit, deliver)
    send([text("START", at=now(1))])
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("subscribed", "pending")


def test_a_stop_to_one_number_says_nothing_of_another_where_the_setting_says_so(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.STOP_SCOPE = "number"
    stopped(visit, deliver)
    open_vip(sandbox, sender="+12025550190")
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert standing(ALICES_PHONE, "vip") == "pending"


def test_who_left_all_emails_is_not_taken_for_new(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice_by_email(visit, deliver)
    leave(ALICE)
    all_told(deliver)
    tips = second_email_program(sandbox)
    Program.objects.filter(pk=tips.pk).update(confirm_sign_ups=False)
    selectors.forget_offers()
    visit().sign_up(ALICE, "", "tips")
    all_told(deliver)
    (profile,) = [it for it in sandbox.world.profiles if it.email == ALICE]
    assert (standing(ALICE, "tips"), profile.email_subscribe) == ("pending", "unsubscribed")


def test_two_boxes_at_once_are_both_new(visit: Visit, sandbox: Sandbox) -> None:
    open_vip(sandbox)
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "vip")
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("subscribed", "subscribed")
    assert seen(sandbox, SMS, ALICES_PHONE) is None


def test_leaving_it_otherwise_first_does_not_hide_the_stop(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, client: Client
) -> None:
    stopped(visit, deliver)
    open_vip(sandbox)
    leave(ALICES_PHONE)
    send_phone_form(client, ALICES_PHONE, "/phone/?program=vip")
    deliver()
    assert (standing(ALICES_PHONE, "vip"), prompts(sandbox, ALICES_PHONE)) == ("unsubscribed", 0)


def test_a_stop_that_was_found_at_braze_is_not_said_to_have_been_texted(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    found, again = ConsentRecord.objects.filter(act="withdrawn").order_by("pk")
    assert (found.source, again.source, again.occurred_at) == ("braze", "braze", found.occurred_at)


def test_a_stop_that_the_handset_has_lifted_does_not_come_back(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Not when its owner has left again what it was lifted for: that was no STOP."""
    asks_first()
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    open_vip(sandbox)
    for number, word in enumerate(("Y", "STOP", "START"), 1):
        send([text(word, at=now(number))])
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "texts"})
    open_vip(sandbox, slug="third", subscription_group_id=THIRD)
    alice.preferences(ALICES_PHONE, "third")
    assert [standing(ALICES_PHONE, program) for program in ("sms", "vip", "third")] == [
        "unsubscribed",
        "unsubscribed",
        "subscribed",
    ]


@pytest.mark.parametrize("sender", ["+1 202 555 0100", "12025550100"])
def test_a_number_is_the_same_however_it_is_written(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, sender: str
) -> None:
    settings.STOP_SCOPE = "number"
    Program.objects.filter(slug="sms").update(sender="+12025550100")
    stopped(visit, deliver)
    open_vip(sandbox, sender=sender)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert standing(ALICES_PHONE, "vip") == "unsubscribed"


def test_with_one_stop_a_number_only_programs_of_that_number_tell_whether_it_holds(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    settings.STOP_SCOPE = "number"
    open_vip(sandbox, sender="+12025550190")
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "vip")
    deliver()
    send([text("STOP", at=now())])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("unsubscribed", "subscribed")
    open_vip(sandbox, slug="third", subscription_group_id=THIRD)
    visit().sign_up(BOB, ALICES_PHONE, "third")
    assert standing(ALICES_PHONE, "third") == "unsubscribed"


@pytest.mark.parametrize("scope", ["brand", "number"])
def test_a_number_that_stopped_takes_as_many_statements_as_one_that_did_not(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any, scope: str
) -> None:
    """Rule 10: on a program that is new to it, and once more when it is not."""
    settings.STOP_SCOPE = scope
    stopped(visit, deliver)
    open_vip(sandbox)
    signs_up = ((BOB, BOBS_PHONE), (CAROL, ALICES_PHONE), ("dave@example.com", ALICES_PHONE))
    new, known, again = (statements_of_a_sign_up(email, phone) for email, phone in signs_up)
    assert new == known == again


def statements_of_a_sign_up(email: str, phone: str) -> int:
    client = Client()
    client.get("/")
    with CaptureQueriesContext(connection) as caught:
        assert send_sign_up(client, email, phone, "vip").status_code == 302
    return len(caught)
