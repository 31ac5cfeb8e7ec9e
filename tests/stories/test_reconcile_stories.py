"""Stories 24 and 25 without any hook: what happened at Braze is found by reconcile_braze."""

from __future__ import annotations

from sms_consent.models import ConsentRecord
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import later, leave, seen
from tests.sms_consent.reconcile.helpers import HOUR, at_braze, reconcile


def test_story_24_the_help_desk_unsubscribes_somebody_at_braze(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    at_braze(sandbox, SMS, ALICES_PHONE, UNSUBSCRIBED)
    reconcile()
    assert standing(ALICES_PHONE, "sms") == "subscribed"  # too soon: our own call may not have landed
    later(HOUR)
    reconcile()
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
    assert ConsentRecord.objects.latest("pk").source == "braze"
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, UNSUBSCRIBED)


def test_story_25_somebody_is_subscribed_at_braze_by_csv(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    later(HOUR)
    deliver()
    later(HOUR)
    at_braze(sandbox, SMS, ALICES_PHONE, SUBSCRIBED)
    assert "1 subscribed at Braze without proof here:" in reconcile().out
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, SUBSCRIBED)
    reconcile("--enforce")
    assert (deliver(), seen(sandbox, SMS, ALICES_PHONE)) == (0, UNSUBSCRIBED)
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]
