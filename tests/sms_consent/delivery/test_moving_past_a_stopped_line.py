"""Rules 2 and 11: a new number comes into what the old one had joined, where a line was stopped meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from sms_consent.models import Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests.people import ALICES_PHONE, BOBS_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import SIX_MINUTES, alice_by_email, later, parked
from tests.sms_consent.delivery.test_kept_states import second_program
from tests.sms_consent.delivery.test_lines import _retype

pytestmark = pytest.mark.django_db


def minutes_later() -> None:
    """As `later`, but that opt-outs get older, too."""
    later(SIX_MINUTES)
    Subscription.objects.update(left_at=F("left_at") - timedelta(seconds=SIX_MINUTES))


@pytest.mark.parametrize("trouble", ["none", "unknown at Braze", "mistyped here"])
def test_a_new_number_gets_nothing_that_the_old_one_had_joined(
    trouble: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    tips = second_program(sandbox)
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms", "tips")
    group = sandbox.world.groups[tips]
    program = Program.objects.get(slug="tips")
    if trouble == "unknown at Braze":
        sandbox.world.groups.pop(tips)
    elif trouble == "mistyped here":
        _retype(program, "5a4d0000-mistyped")
    alice.preferences(BOBS_PHONE, "sms")  # not the tips
    for _ in range(4):
        deliver()
        minutes_later()
    sandbox.world.groups[tips] = group
    if trouble == "mistyped here":
        _retype(program, tips)
    for _ in range(6):
        deliver()
        minutes_later()
    assert (parked(), deliver()) == ([], 0)
    (profile,) = (one for one in sandbox.world.profiles if one.external_id)
    assert (standing(ALICES_PHONE, "tips"), standing(BOBS_PHONE, "tips")) == ("unsubscribed", "none")
    assert profile.phone == BOBS_PHONE
    assert profile.states.get(tips) != SUBSCRIBED


def test_nobody_waits_for_a_program_that_is_offered_no_more(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Its group was archived at Braze, and never comes back."""
    tips = second_program(sandbox)
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms", "tips")
    sandbox.world.groups.pop(tips)
    Program.objects.filter(slug="tips").update(is_active=False)
    alice.preferences(BOBS_PHONE, "sms")
    for _ in range(4):
        deliver()
        minutes_later()
    (profile,) = (one for one in sandbox.world.profiles if one.external_id)
    assert profile.phone == BOBS_PHONE
