"""Addresses that were somebody's once, and what comes in late: after an erasure no table names them (EU-7)."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from post_office.models import Email

from accounts.models import Confirmation, User
from sms_consent.models import InboundMessage
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.accounts.erasing import evidence_of, finish, left
from tests.commands import run
from tests.conftest import EMAIL
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Deliver, Visit, Visitor, send_sign_up, standing
from tests.sms_consent.delivery.helpers import seen
from tests.sms_consent.webhooks.events import changed, email_changed, now, send, text

NEW = "alice@new.example.com"


pytestmark = pytest.mark.usefixtures("open_hooks")


def change_email(visitor: Visitor, email: str = NEW) -> None:
    """Change the address on the preference page, by the code from the new mailbox."""
    visitor.sign_in(ALICE)
    visitor.client.post("/preferences/email/", {"email": email})
    visitor.client.post("/preferences/email/", {"code": visitor.code(email)})
    assert User.objects.filter(email=email).exists()


def test_an_address_from_before_a_change_goes_with_the_new_one(
    joined: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    change_email(joined)
    assert deliver() == 0
    send([email_changed("unsubscribed", "REST API")])
    assert {"InboundMessage.address", "GlobalEmail.address", "Evidence.payload"} <= set(left(ALICE))
    run("erase_person", NEW)
    finish(deliver)
    assert left(ALICE, NEW, ALICES_PHONE) == []
    assert (standing(ALICE, "email"), seen(sandbox, EMAIL, ALICE)) == ("unsubscribed", UNSUBSCRIBED)


def test_an_address_that_no_link_names_is_found_by_what_they_did_with_it(joined: Visitor, deliver: Deliver) -> None:
    change_email(joined)
    deliver()
    Confirmation.objects.all().delete()  # as of somebody who was imported
    run("erase_person", NEW)
    finish(deliver)
    assert left(ALICE, NEW) == []


def test_an_address_that_somebody_else_has_now_is_left_to_them(joined: Visitor, visit: Visit, deliver: Deliver) -> None:
    change_email(joined)
    visit().sign_up(ALICE, "", "email")
    deliver()
    run("erase_person", NEW)
    finish(deliver)
    assert (left(NEW), User.objects.get().email, standing(ALICE, "email")) == ([], ALICE, "pending")
    assert evidence_of(ALICE)[-1] is True


def test_who_takes_it_while_the_erasure_is_under_way_keeps_what_they_did_and_their_mail(
    joined: Visitor, visit: Visit, deliver: Deliver
) -> None:
    change_email(joined)
    run("erase_person", NEW)
    newcomer = visit()
    send_sign_up(newcomer.client, ALICE, "", "email")
    finish(deliver)
    assert (left(NEW), evidence_of(ALICE)[-1]) == ([], True)
    assert Email.objects.filter(to=ALICE).count() == 1
    call_command("send_mail", "--once")
    newcomer.press(newcomer.links(ALICE)[-1])
    assert standing(ALICE, "email") == "subscribed"


def test_what_braze_reports_late_does_not_bring_the_address_back(joined: Visitor, deliver: Deliver) -> None:
    run("erase_person", ALICE)
    finish(deliver)
    late = [changed("unsubscribed", "REST API", at=now(-600)), email_changed("unsubscribed", "REST API", at=now(-600))]
    assert send(late).status_code == 200
    assert (left(ALICE, ALICES_PHONE), InboundMessage.objects.filter(outcome="echo").count()) == ([], 2)
    send([text("STOP")])
    assert left(ALICES_PHONE) != []  # that is news: a new act, with evidence of its own


def test_a_number_erased_by_itself_is_gone_from_the_people_whose_it_once_was(visit: Visit, deliver: Deliver) -> None:
    bob = visit()
    bob.sign_up(BOB, BOBS_PHONE, "sms")
    bob.press(bob.links(BOB)[0])
    bob.sign_in(BOB)
    bob.preferences(ALICES_PHONE)
    deliver()
    assert User.objects.get().former_phones == [BOBS_PHONE]
    run("erase_person", BOBS_PHONE)
    finish(deliver)
    assert (left(BOBS_PHONE), User.objects.get().phone_number) == ([], ALICES_PHONE)
