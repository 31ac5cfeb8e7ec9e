"""A person's new number or mailbox at Braze, which applies calls in any order: what the chaos run found."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from django.utils import timezone

from sms_consent import outbox
from sms_consent.delivery.numbers import deliver_numbers
from sms_consent.delivery.profiles import deliver_profiles
from sms_consent.delivery.worker import Lane, deliver_opt_outs_due, new_courier
from sms_consent.models import BrazeProfile
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, Deliver, Visit, Visitor, second_email_program, standing
from tests.sms_consent.delivery.helpers import SIX_MINUTES, TRACK, bodies, later, seen, stop, taken_back
from tests.sms_consent.webhooks import events

pytestmark = pytest.mark.django_db
NEW_MAILBOX = "alice.new@example.com"


def signed_in(visitor: Visitor, deliver: Deliver, *boxes: str) -> Visitor:
    visitor.sign_up(ALICE, ALICES_PHONE, *boxes)
    visitor.press(visitor.links(ALICE)[-1])
    deliver()
    visitor.sign_in(ALICE)
    return visitor


def change_mailbox(visitor: Visitor) -> None:
    visitor.client.post("/preferences/email/", {"email": NEW_MAILBOX})
    assert visitor.client.post("/preferences/email/", {"code": visitor.code(NEW_MAILBOX)}).status_code == 302


def phones(sandbox: Sandbox) -> list[str | None]:
    return [profile.phone for profile in sandbox.world.profiles if profile.external_id]


def test_a_number_that_an_older_call_brings_back_goes_again(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """The call before has not been applied yet when the number changes."""
    sandbox.faults.add("late", times=1, endpoint=TRACK)
    alice = signed_in(visit(), deliver, "sms", "email")
    assert alice.preferences(BOBS_PHONE, "sms").status_code == 302
    deliver()
    assert outbox.unsent() == 0, "it is only said again"
    sandbox.world.apply_late("arrival")
    assert phones(sandbox) == [ALICES_PHONE]
    later(SIX_MINUTES)
    assert deliver() == 0
    assert phones(sandbox) == [BOBS_PHONE]


def test_what_changes_before_that_does_not_keep_it_from_being_said_again(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    sandbox.faults.add("late", times=1, endpoint=TRACK)
    alice = signed_in(visit(), deliver, "sms", "email")
    alice.preferences(BOBS_PHONE, "sms")
    deliver()
    person = BrazeProfile.objects.get().person
    person.language = "fr"
    person.save()
    deliver()
    sandbox.world.apply_late("arrival")
    later(SIX_MINUTES)
    deliver()
    assert phones(sandbox) == [BOBS_PHONE]


def test_it_is_said_again_once(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Each attribute that is written costs money: the old number goes, the new one comes, and that is repeated."""
    alice = signed_in(visit(), deliver, "sms", "email")
    later(SIX_MINUTES)
    before = len(bodies(sandbox, TRACK))
    alice.preferences(BOBS_PHONE, "sms")
    for _ in range(4):
        deliver()
        later(SIX_MINUTES)
    said = [body["attributes"][0].get("phone", "nothing") for body in bodies(sandbox, TRACK)[before:]]
    assert said == [None, BOBS_PHONE, BOBS_PHONE]


def test_the_first_addresses_go_once(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """The number with the sign-up, the mailbox with its button: neither takes the place of another."""
    signed_in(visit(), deliver, "sms", "email")
    before = len(bodies(sandbox, TRACK))
    later(SIX_MINUTES)
    deliver()
    assert len(bodies(sandbox, TRACK)) == before


def test_a_profile_keeps_no_consent_of_an_address_that_it_has_no_longer(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """The opt-out of the old address may find it gone from the profile, which keeps its states (R-phones)."""
    alice = signed_in(visit(), deliver, "email")
    sandbox.faults.add("late", times=1, endpoint="/subscription/status/set")
    change_mailbox(alice)
    deliver()
    assert standing(ALICE, "email") == "unsubscribed"
    (profile,) = (one for one in sandbox.world.profiles if one.external_id)
    assert profile.email is None
    assert profile.states.get(EMAIL) != "Subscribed"


def test_nor_of_one_that_goes_on_without_it(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    """Its own handset opted it in, so that the consent stays when the person who had typed it gives it up."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = signed_in(visit(), deliver, "sms", "email")
    taken_back(sandbox)
    deliver()
    alice.preferences("")
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0
    (profile,) = (one for one in sandbox.world.profiles if one.email == ALICE)
    assert (profile.phone, profile.states[SMS]) == (None, UNSUBSCRIBED)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)


def test_nor_where_the_next_number_has_left_before_it_came(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    """The old one goes first, so that the new one has yet to be told of when it says STOP."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN
    alice = signed_in(visit(), deliver, "sms", "email")
    taken_back(sandbox)
    deliver()
    later(SIX_MINUTES)
    alice.preferences(BOBS_PHONE, "sms")
    with closing(new_courier(Lane.REST)) as rest:
        deliver_numbers(rest)
        assert deliver_profiles(rest)
    assert BOBS_PHONE not in phones(sandbox)
    stop(BOBS_PHONE)
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    (profile,) = (one for one in sandbox.world.profiles if one.email == ALICE)
    assert (profile.phone, profile.states[SMS]) == (None, UNSUBSCRIBED)
    assert (standing(ALICES_PHONE, "sms"), seen(sandbox, SMS, ALICES_PHONE)) == ("subscribed", SUBSCRIBED)


def test_an_opt_out_goes_before_what_takes_its_address_away(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Told the other way round, whatever address came next would come into what the old one had agreed to."""
    change_mailbox(signed_in(visit(), deliver, "email"))
    with closing(new_courier(Lane.OPT_OUTS)) as urgent, closing(new_courier(Lane.REST)) as rest:
        before = len(bodies(sandbox, TRACK))
        assert deliver_profiles(rest) == 1
        assert len(bodies(sandbox, TRACK)) == before
        assert deliver_opt_outs_due(urgent)
    later(2)
    assert deliver() == 0
    assert [profile.email for profile in sandbox.world.profiles if profile.external_id] == [None]


@pytest.mark.parametrize("trouble", ["none", "status", "drop_after", "garbage", "killed", "too late"])
def test_a_repeat_says_what_a_new_mailbox_has_not_joined_whatever_becomes_of_it_at_first(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, trouble: str
) -> None:
    """Rules 7 and 13: one that Braze did not take, or that a worker could not see through, is still to be made."""
    tips = second_email_program(sandbox)
    alice = visit()
    alice.sign_up(ALICE, "", "email", "tips")
    alice.press(alice.links(ALICE)[-1])
    deliver()
    alice.sign_in(ALICE)
    change_mailbox(alice)
    deliver()
    alice.preferences("", "email")  # not the tips
    deliver()
    later(SIX_MINUTES)
    if trouble in ("killed", "too late"):
        claims = outbox.claim_people(10)
        later(SIX_MINUTES)
        if trouble == "too late":
            fate = outbox.Outcome(retry_at=timezone.now(), is_known=False)
            outbox.settle_profiles(dict.fromkeys(claims, fate), {}, {})
    elif trouble != "none":
        how = {"status": 503} if trouble == "status" else {}
        sandbox.faults.add(trouble, times=1, endpoint=TRACK, **how)
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    (repeated,) = bodies(sandbox, TRACK)[-1]["attributes"]
    farewell = {"subscription_group_id": tips.subscription_group_id, "subscription_state": "unsubscribed"}
    assert (len(bodies(sandbox, TRACK)) > 3, repeated["email"]) == (True, NEW_MAILBOX)
    assert farewell in repeated["subscription_groups"]
    assert outbox.unsent() == 0
    assert "moved" not in BrazeProfile.objects.get().accepted
