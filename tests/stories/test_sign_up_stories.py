"""The stories of a sign-up, each through the front door and to its end at Braze (stories 1-9, 16-18)."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Evidence, Program
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOB,
    BOBS_PHONE,
    CAROL,
    CAROLS_PHONE,
    Deliver,
    Visit,
    acts,
    standing,
)
from tests.sms_consent.delivery.helpers import all_told, stop


def external_id(email: str) -> str:
    return User.objects.get(email=email).external_id


def test_story_1_both_boxes(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    assert deliver() == 0
    profile = sandbox.world.profile(external_id(ALICE))
    assert profile.states == {SMS: SUBSCRIBED}
    assert (profile.phone, profile.email) == (ALICES_PHONE, None)

    alice.press(alice.links(ALICE)[0])
    assert deliver() == 0
    assert (profile.email, profile.email_subscribe, profile.states[EMAIL]) == (ALICE, "opted_in", SUBSCRIBED)
    assert acts(ALICE, "email") == ["requested", "confirmed"]
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_story_2_no_box(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE)
    deliver()
    profile = sandbox.world.profile(external_id(ALICE))
    assert (profile.phone, profile.email, profile.attributes["language"]) == (None, None, "en")
    assert ConsentRecord.objects.count() == 0


def test_story_3_the_same_form_twice(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    for _ in range(2):
        assert alice.sign_up(ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    deliver()
    assert User.objects.count() == 1
    assert ConsentRecord.objects.count() == 2
    assert len(sandbox.world.profiles) == 1
    first, second = alice.links(ALICE)
    alice.press(second)
    assert standing(ALICE, "email") == "subscribed"


def test_story_4_an_address_that_was_proven_long_ago(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice, stranger = visit(), visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    before = User.objects.filter(email=ALICE).values().get()
    seen = stranger.sign_up(ALICE, BOBS_PHONE, "sms", "email")
    deliver()
    assert User.objects.filter(email=ALICE).values().get() == before
    assert len(alice.links(ALICE)) == 2
    assert sandbox.world.state(SMS, BOBS_PHONE) == SUBSCRIBED
    assert seen.url == reverse("welcome")


def test_story_5_the_attackers_number_does_not_stick(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    attacker, victim = visit(), visit()
    attacker.sign_up(ALICE, BOBS_PHONE, "sms", "email")
    deliver()
    victim.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    victim.press(victim.links(ALICE)[-1])
    deliver()
    assert sandbox.world.state(SMS, ALICES_PHONE) == SUBSCRIBED
    all_told(deliver)  # her profile has the number when it has been without the stranger's, and its states, for a while
    assert User.objects.get(email=ALICE).phone_number == ALICES_PHONE
    stranger = User.objects.get(email=None)
    assert stranger.phone_number == BOBS_PHONE
    assert sandbox.world.profile(external_id(ALICE)).phone == ALICES_PHONE
    assert sandbox.world.profile(stranger.external_id).phone == BOBS_PHONE
    assert len(sandbox.world.profiles) == 2


def test_story_6_a_shared_number_stops_for_both(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    deliver()
    stop(ALICES_PHONE)
    assert deliver() == 0
    for email in (ALICE, BOB):
        assert sandbox.world.profile(external_id(email)).states[SMS] == UNSUBSCRIBED
    visit().sign_up(CAROL, ALICES_PHONE, "sms")
    deliver()
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert sandbox.world.state(SMS, ALICES_PHONE) == UNSUBSCRIBED


def test_story_9_a_stranger_submits_what_is_subscribed(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    told = len(sandbox.world.calls)
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    assert standing(ALICE, "email") == standing(ALICES_PHONE, "sms") == "subscribed"
    assert len(sandbox.world.calls) == told


def test_story_16_a_changed_number_starts_anew(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    alice.sign_in(ALICE)
    alice.preferences(CAROLS_PHONE, "sms")
    assert deliver() == 0
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert sandbox.world.state(SMS, ALICES_PHONE) in (UNSUBSCRIBED, None)
    assert standing(CAROLS_PHONE, "sms") == "subscribed"
    assert sandbox.world.profile(external_id(ALICE)).phone == CAROLS_PHONE


def test_story_16_somebody_else_holds_the_old_number(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    visit().sign_up(BOB, ALICES_PHONE, "sms")
    alice.press(alice.links(ALICE)[0])
    alice.sign_in(ALICE)
    alice.preferences(CAROLS_PHONE, "sms")
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def test_story_17_the_button_after_an_unsubscribe(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(note="phoned"))
    page = alice.press(alice.links(ALICE)[0])
    deliver()
    assert standing(ALICE, "email") == "unsubscribed"
    assert acts(ALICE, "email") == ["requested", "withdrawn"]
    assert "no longer valid" in page.content.decode()
    assert sandbox.world.profile(external_id(ALICE)).email is None


def test_story_18_a_mail_scanner_changes_nothing(visit: Visit, deliver: Deliver) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    link = alice.links(ALICE)[0]
    for _ in range(3):
        assert alice.client.get(link).status_code == 200
        assert alice.client.head(link).status_code == 200
    assert acts(ALICE, "email") == ["requested"]


@pytest.mark.usefixtures("programs")
def test_this_was_not_me(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    link = alice.links(ALICE)[0]
    alice.press(link, "not_me")
    alice.press(link)
    deliver()
    assert acts(ALICE, "email") == ["requested", "invalidated"]
    assert standing(ALICE, "email") == "none"


def test_not_me_after_the_button_takes_the_consent_back(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    link = alice.links(ALICE)[0]
    alice.press(link)
    deliver()
    alice.press(link, "not_me")
    assert deliver() == 0
    assert acts(ALICE, "email") == ["requested", "confirmed", "invalidated"]
    profile = sandbox.world.profile(external_id(ALICE))
    assert (profile.states[EMAIL], profile.email_subscribe) == (UNSUBSCRIBED, "unsubscribed")


def test_story_27_leaves_one_of_two_email_programs(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, programs: dict[str, Program]
) -> None:
    from tests.people import second_email_program

    tips = second_email_program(sandbox)
    alice = visit()
    alice.sign_up(ALICE, "", "email", "tips")
    alice.press(alice.links(ALICE)[0])
    deliver()
    services.withdraw(ALICE, programs=[tips], source=Source.ADMIN, circumstances=Circumstances(note="wrote"))
    assert deliver() == 0
    profile = sandbox.world.profile(external_id(ALICE))
    assert profile.states == {EMAIL: SUBSCRIBED, tips.subscription_group_id: UNSUBSCRIBED}
    assert profile.email_subscribe == "opted_in"
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(note="wrote"))
    assert deliver() == 0
    assert profile.email_subscribe == "unsubscribed"


def test_the_seeds_two_calls(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    call_command("sync_braze", "--once")
    look, first, second = sandbox.world.calls
    name = external_id(ALICE)
    assert look.path == "/subscription/user/status"
    assert (first.path, first.body) == (
        "/subscription/status/set",
        {
            "subscription_group_id": SMS,
            "subscription_state": "subscribed",
            "external_id": name,
            "phone": ALICES_PHONE,
        },
    )
    assert second.path == "/users/track"
    (person,) = second.body["attributes"]
    assert person["external_id"] == name
    assert person["phone"] == ALICES_PHONE
    assert person["subscription_groups"] == [{"subscription_group_id": SMS, "subscription_state": "subscribed"}]


def test_a_stranger_who_types_a_number_cannot_silence_it(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    mallory = visit()
    mallory.sign_up(BOB, ALICES_PHONE, "sms", "email")
    mallory.press(mallory.links(BOB)[0])
    mallory.sign_in(BOB)
    mallory.client.post(reverse("preferences"), {"leave": "all"})
    mallory.preferences(BOBS_PHONE)
    deliver()
    assert standing(ALICES_PHONE, "sms") == "subscribed"
    assert standing(BOB, "email") == "unsubscribed"


def test_not_me_gives_the_number_back_too(visit: Visit) -> None:
    attacker, victim = visit(), visit()
    attacker.sign_up(ALICE, BOBS_PHONE, "sms", "email")
    link = victim.links(ALICE)[0]
    victim.press(link)
    victim.press(link, "not_me")
    assert User.objects.get(email=ALICE).phone_number == ""
    assert standing(BOBS_PHONE, "sms") == "subscribed"


def test_evidence_never_holds_the_token_of_a_link(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    link = alice.links(ALICE)[0]
    alice.client.post(link, {"answer": "confirm"}, headers={"referer": f"http://testserver{link}"})
    token = link.split("/")[2]
    assert acts(ALICE, "email") == ["requested", "confirmed"]
    assert not Evidence.objects.filter(payload__contains=token).exists()
