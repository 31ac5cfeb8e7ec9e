"""Keeping to Braze's limits: nothing is refused for coming too fast, and opt-outs always have room."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from sms_consent.delivery.worker import Lane, deliver_due, deliver_opt_outs_due, new_courier
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import Visit
from tests.sms_consent.delivery.helpers import SET, SIX_MINUTES, TRACK, bodies, crowd, later, phone, stop

pytestmark = pytest.mark.django_db(transaction=True)
AN_HOUR = 3600


@pytest.fixture(autouse=True)
def _lasting(sandbox: Sandbox, monkeypatch: Any) -> None:
    """Have windows last, so that no test comes upon the end of one."""
    from sms_consent.braze.limits import Limit
    from sms_consent.delivery import worker

    monkeypatch.setattr(worker, "LIMITS", {SET: Limit(5000, 10**9), TRACK: Limit(3000, 10**9)})
    sandbox.limits.is_on = True


def answers(sandbox: Sandbox, path: str) -> list[int | None]:
    return [call.status for call in sandbox.world.calls_to(path)]


def drain() -> None:
    with closing(new_courier(Lane.REST)) as courier:
        while deliver_due(courier):
            pass


@pytest.mark.parametrize(("workers", "calls"), [(1, 2), (2, 1)])
def test_workers_share_what_braze_allows(
    workers: int, calls: int, visit: Visit, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAZE_WORKERS = workers
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1  # the first answer tells how little it is
    sandbox.limits.set("track", requests=3, seconds=AN_HOUR)
    crowd(range(151), "sms")
    drain()
    assert answers(sandbox, TRACK) == [201] * calls
    waiting = BrazeProfile.objects.filter(due_at__isnull=False)
    assert waiting.count() == 151 - 50 * calls
    assert not waiting.exclude(lease=None, attempts=0, is_unknown=False).exists()


def test_opt_outs_have_what_the_rest_leaves_free(visit: Visit, sandbox: Sandbox, settings: Any) -> None:
    settings.BRAZE_REQUESTS_IN_FLIGHT = 1
    crowd([1], "sms")
    drain()
    later(SIX_MINUTES)
    sandbox.limits.set("status/set", requests=3, seconds=AN_HOUR)
    crowd(range(2, 153), "sms")
    drain()
    assert answers(sandbox, SET) == [201] * 3  # one of them before
    stop(phone(1))
    with closing(new_courier(Lane.OPT_OUTS)) as urgent:
        assert deliver_opt_outs_due(urgent) == 1
    assert bodies(sandbox, SET)[-1]["subscription_state"] == "unsubscribed"
    assert answers(sandbox, SET) == [201] * 4
    assert not Subscription.objects.filter(attempts__gt=0).exists()
