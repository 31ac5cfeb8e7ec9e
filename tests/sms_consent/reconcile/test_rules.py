"""What reconcile_braze makes of what it finds: surprises only take consent away (rule 12)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sms_consent import outbox, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, Visitor, acts, second_email_program, standing
from tests.sms_consent.delivery.helpers import SET, TRACK, asks_first, bodies, later, leave, seen, stop
from tests.sms_consent.reconcile.helpers import HOUR, at_braze, reconcile

GLOBAL = "/email/status"


@pytest.fixture
def asked(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice, whose number was asked for a Y an hour ago."""
    asks_first()
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms")
    for _ in range(3):
        deliver()
        later(HOUR)
    return visitor


@pytest.fixture
def lapsed(asked: Visitor, programs: dict[str, Program], deliver: Deliver) -> str:
    """Alice's number, whose request nobody has answered for too long."""
    row = Subscription.objects.get()
    services.invalidate([row.request_id], address=ALICES_PHONE, source=Source.SIGN_UP, circumstances=Circumstances())
    later(HOUR)
    return ALICES_PHONE


def test_where_both_agree_nothing_happens(alice: Visitor, sandbox: Sandbox) -> None:
    records = ConsentRecord.objects.count()
    run = reconcile("--enforce")
    assert "2 asked about, 0 left out" in run.out
    assert (run.code, ConsentRecord.objects.count(), outbox.unsent()) == (0, records, 0)


def test_who_left_at_braze_by_number_has_stopped(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    told = len(bodies(sandbox, SET))
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    assert "1 opted out at Braze." in reconcile().out
    row = Subscription.objects.get(address=ALICES_PHONE)
    assert (row.state, row.told, row.stopped_at is not None) == ("unsubscribed", "unsubscribed", True)
    assert (deliver(), len(bodies(sandbox, SET))) == (0, told)
    assert ConsentRecord.objects.order_by("pk").last().source == "braze"  # type: ignore[union-attr]


def test_who_left_an_email_group_at_braze_has_left_all_emails(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    at_braze(sandbox, EMAIL, ALICE, UNSUBSCRIBED)
    reconcile()
    assert acts(ALICE, "email")[-1] == "withdrawn"
    assert Subscription.objects.get(address=ALICE).stopped_at is None
    assert deliver() == 0
    assert sandbox.world.profiles[0].email_subscribe == "unsubscribed"


def test_only_the_program_that_was_left(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    tips = second_email_program(sandbox)
    alice.sign_in(ALICE)
    alice.preferences(ALICES_PHONE, "sms", "email", "tips")
    deliver()
    later(HOUR)
    at_braze(sandbox, tips.subscription_group_id, ALICE, UNSUBSCRIBED)
    reconcile()
    assert (standing(ALICE, "tips"), standing(ALICE, "email")) == ("unsubscribed", "subscribed")
    assert deliver() == 0
    assert bodies(sandbox, GLOBAL) == []


def test_who_is_not_at_braze_has_not_left(alice: Visitor, sandbox: Sandbox) -> None:
    sandbox.world.people.delete(sandbox.world.profiles[0])
    assert "2 subscribed here and unknown at Braze" in reconcile("--enforce").out
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("subscribed", "subscribed")


@pytest.mark.parametrize("told", ["", "unknown"])
def test_what_braze_was_never_told_is_not_taken_back_by_it(told: str, alice: Visitor, sandbox: Sandbox) -> None:
    Subscription.objects.update(told=told)
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    reconcile()
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_unsubscribed_at_braze_while_waiting_is_no_news(asked: Visitor, sandbox: Sandbox) -> None:
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    reconcile()
    assert acts(ALICES_PHONE, "sms") == ["requested"]


def test_brazes_word_confirms_nothing_by_default(asked: Visitor, sandbox: Sandbox) -> None:
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    run = reconcile("--enforce")
    assert standing(ALICES_PHONE, "sms") == "pending"
    assert "1 subscribed at Braze without proof here:" in run.out
    assert outbox.unsent() == 0


def test_brazes_word_confirms_where_the_program_takes_it(asked: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    Program.objects.update(takes_brazes_word=True)
    sandbox.world.send_text(ALICES_PHONE, "Y", SMS)
    assert "1 confirmed by Braze's word." in reconcile().out
    assert acts(ALICES_PHONE, "sms") == ["requested", "confirmed"]
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, SUBSCRIBED)


def test_subscribed_without_consent_is_listed_and_left_alone(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    leave(ALICES_PHONE)
    deliver()
    later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, SUBSCRIBED)
    run = reconcile()
    assert "  +1…01  Text messages: unsubscribed here" in run.out
    assert ALICES_PHONE not in run.out
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, SUBSCRIBED)


@pytest.mark.parametrize("state", ["unsubscribed", "none"])
def test_enforced_it_is_unsubscribed_without_a_record(
    state: str, request: pytest.FixtureRequest, deliver: Deliver, sandbox: Sandbox
) -> None:
    if state == "none":
        request.getfixturevalue("lapsed")
    else:
        request.getfixturevalue("visit")
        stop(ALICES_PHONE)
        deliver()
        later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, SUBSCRIBED)
    before = acts(ALICES_PHONE, "sms")
    assert "1 to be unsubscribed at Braze." in reconcile("--enforce").out
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, UNSUBSCRIBED)
    assert (standing(ALICES_PHONE, "sms"), acts(ALICES_PHONE, "sms")) == (state, before)
    assert "0 subscribed at Braze without proof here" in reconcile("--enforce").out


def test_an_address_that_was_never_here_keeps_its_other_emails(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    bob = visit()
    bob.sign_up(BOB, "", "email")
    bob.press(bob.links(BOB)[0], "not_me")
    deliver()
    later(HOUR)
    at_braze(sandbox, EMAIL, BOB, SUBSCRIBED)
    reconcile("--enforce")
    assert deliver() == 0
    assert (standing(BOB, "email"), seen(sandbox, EMAIL, BOB)) == ("none", UNSUBSCRIBED)
    assert bodies(sandbox, GLOBAL) == []


def test_what_was_enforced_is_no_stop_of_theirs(
    lapsed: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    outbox.forget_group(programs["sms"].pk)  # as if the number had never been looked at
    Subscription.objects.update(looked_at=None, due_at=None)
    at_braze(sandbox, SMS, lapsed, SUBSCRIBED)
    reconcile("--enforce")
    deliver()
    later(HOUR)
    visit().sign_up(BOB, lapsed, "sms")
    deliver()
    assert acts(lapsed, "sms")[-1] == "requested"


def test_an_enforced_opt_out_that_braze_refuses_can_be_sent_again(
    lapsed: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    at_braze(sandbox, SMS, lapsed, SUBSCRIBED)
    reconcile("--enforce")
    sandbox.faults.add("status", endpoint=SET, status=400)
    assert deliver() == 1
    assert outbox.send_again(Subscription.objects.all()) == 1
    assert (deliver(), seen(sandbox, SMS, lapsed)) == (0, UNSUBSCRIBED)


def test_who_agrees_again_is_on_the_list_no_more(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    leave(ALICE)
    deliver()
    later(HOUR)
    at_braze(sandbox, EMAIL, ALICE, SUBSCRIBED)
    reconcile()
    alice.sign_in(ALICE)
    alice.preferences(ALICES_PHONE, "sms", "email")
    assert Subscription.objects.filter(seen_at__isnull=False).count() == 0


def test_what_braze_says_no_more_is_on_the_list_no_more(alice: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    leave(ALICES_PHONE)
    deliver()
    later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, SUBSCRIBED)
    reconcile()
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    assert "0 subscribed at Braze without proof here." in reconcile().out


def test_an_old_event_says_nothing_of_what_was_told_since(alice: Visitor, deliver: Deliver) -> None:
    row = Subscription.objects.get(address=ALICES_PHONE)
    leave(ALICES_PHONE)
    before = timezone.now()
    deliver()
    outbox.note_seen([row.pk], "subscribed", before)
    assert not Subscription.objects.filter(seen_at__isnull=False).exists()
    outbox.note_seen([row.pk], "subscribed", timezone.now())
    assert Subscription.objects.get(seen="subscribed") == row


def test_a_number_that_two_people_hold_has_left_for_both(
    alice: Visitor, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(BOB, ALICES_PHONE)
    deliver()
    later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    tracked = len(bodies(sandbox, TRACK))
    assert "1 opted out at Braze." in reconcile().out
    assert (deliver(), len(bodies(sandbox, TRACK))) == (0, tracked)
