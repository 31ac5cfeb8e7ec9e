"""KW-5, KW-6, rule 4: a stop sign beside START or Y is no opt-in."""

from __future__ import annotations

import pytest

from tests.requirements.phones import stands, texts, where


@pytest.mark.parametrize("body", ["🛑 START", "START 🚫", "⛔ Start ⛔"])
def test_start_beside_a_stop_sign_lifts_no_stop(body: str) -> None:
    stands("stopped")
    texts(f"pizza? > {body}")
    assert where() != "subscribed"


@pytest.mark.parametrize("body", ["🛑 Y", "Yes 🚫"])
def test_yes_beside_a_stop_sign_confirms_nothing(body: str) -> None:
    stands("asked")
    texts(f"pizza? > {body}")
    assert where() != "subscribed"
