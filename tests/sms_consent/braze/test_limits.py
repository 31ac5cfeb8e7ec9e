"""Keeping to Braze's limits before it says no: so many calls in each window on the clock, less what others get."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent.braze.limits import NO_LIMIT, Limit, Pace

SET, TRACK = "/subscription/status/set", "/users/track"
NOON = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: Any) -> list[float]:
    """The time, to be set."""
    now = [NOON]
    monkeypatch.setattr("sms_consent.braze.limits.time.time", lambda: now[0])
    return now


def test_a_window_is_used_up_and_the_next_one_is_new(clock: list[float]) -> None:
    pace = Pace({SET: Limit(3, 60)})
    clock[0] = NOON + 59
    pace.spend(SET, 3)
    assert (pace.left(SET), pace.is_ready(SET)) == (0, False)
    clock[0] = NOON + 60
    assert (pace.left(SET), pace.is_ready(SET)) == (3, True)


@pytest.mark.parametrize(("share", "left"), [(1.0, 5000), (0.95, 4750), (0.95 / 4, 1187), (0.00001, 1)])
def test_each_has_its_share(share: float, left: int, clock: list[float]) -> None:
    assert Pace({SET: Limit(5000, 60)}, share).left(SET) == left


def test_a_call_that_was_not_made_does_not_count(clock: list[float]) -> None:
    pace = Pace({SET: Limit(1, 60)})
    pace.spend(SET)
    pace.spend(SET, -1)
    assert pace.is_ready(SET)


def test_a_contract_of_its_own_is_learned_from_the_answers(clock: list[float]) -> None:
    pace = Pace({SET: Limit(5000, 60)}, 0.5)
    pace.learn(SET, 100)
    assert pace.left(SET) == 50
    pace.learn(SET, 0)
    assert pace.left(SET) == 50


def test_where_no_limit_is_known_none_is_kept(clock: list[float]) -> None:
    pace = Pace({SET: Limit(1, 60)})
    pace.spend(TRACK, 1000)
    assert pace.left(TRACK) == NO_LIMIT
