"""Reading what Braze answers: limits in any form, errors of any shape, words that may be kept."""

from __future__ import annotations

from typing import Any

import pytest

from sms_consent.braze import answers
from sms_consent.braze.limits import LONGEST_BACKOFF, Pace, backoff, reset_at

NOW = 1_800_000_000.0
AN_HOUR = 3600.0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": str(int(NOW) + 20)}, 20),
        ({"X-RateLimit-Reset": "20"}, 20),
        ({"X-Ratelimit-Retry-After": "20"}, 20),
        ({"Retry-After": "20", "X-RateLimit-Reset": "90"}, 20),
        ({"X-RateLimit-Reset": str(int(NOW) - 20)}, 0),
        ({"X-RateLimit-Reset": str(int(NOW) + 10**6)}, AN_HOUR),
        ({"X-RateLimit-Reset": str(int(NOW) * 1000)}, None),
        ({"X-RateLimit-Reset": ""}, None),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({"X-RateLimit-Reset": "inf"}, None),
        ({"X-RateLimit-Reset": "-5"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_when_a_limit_is_lifted(headers: dict[str, str], wait: float | None) -> None:
    found = reset_at(headers, NOW)
    assert (None if found is None else found - NOW) == wait


def test_backing_off_grows_and_ends() -> None:
    assert backoff(0) <= 1.0 < backoff(4)
    assert backoff(10_000) <= LONGEST_BACKOFF


def test_a_pace_forgets_its_failures_after_a_success() -> None:
    pace = Pace()
    pace.went_wrong("/users/track", None)
    assert not pace.is_ready("/users/track")
    pace.went_well("/users/track", None)
    assert pace.failures == {}


@pytest.mark.parametrize(
    ("errors", "found"),
    [
        ([{"type": "x", "input_array": "attributes", "index": 1}], {1: "x"}),
        ([{"type": "x", "index": "1"}], {1: "x"}),
        ([{"index": 0}], {0: "refused without a reason"}),
        ([{"type": ["x"], "index": 2}], {2: "['x']"}),
        ([{"index": None}, {"index": -1}, {"index": 1.5}, {"index": True}, {"index": "9" * 50}, {}], {}),
        (["a sentence", None, 7], {}),
        ("a sentence", {}),
        ({"index": 1}, {}),
        (None, {}),
    ],
)
def test_errors_by_index(errors: Any, found: dict[int, str]) -> None:
    assert answers.item_errors({"errors": errors}) == found


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Bad number +12025550101.", "Bad number [address]."),
        ("GET /x?phone=%2B12025550101&y", "GET /x?phone=[address]&y"),
        ("'alice@example.com' is bad", "'[address]' is bad"),
        ("group 5a4d0000-0000-4000-8000-000000000001", "group 5a4d0000-0000-4000-8000-000000000001"),
    ],
)
def test_words_hold_no_address(words: str, kept: str) -> None:
    assert answers.without_addresses(words) == kept


def test_words_are_not_endless() -> None:
    assert len(answers.without_addresses("x" * 10**6)) == answers.LONGEST


def test_an_opt_out_of_anyone_with_the_number_counts() -> None:
    states: dict[str, dict[str, str]] = {}
    for status in ("Unsubscribed", "subscribed"):
        user = {"phone": "+1", "external_id": "x", "subscription_groups": [{"id": "g", "status": status}]}
        answers.note_states(states, user)
    assert states == {"+1": {"g": "unsubscribed"}}
