"""The script that checks receipts comes to the states that the site comes to, whatever was done in whatever order."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from sms_consent import statements
from sms_consent.choices import Act, Source
from sms_consent.receipts import acts
from sms_consent.states import Happening, fold_all
from tests.sms_consent.seals.conftest import SCRIPT

_spec = importlib.util.spec_from_file_location("verify_receipt", SCRIPT)
assert _spec
assert _spec.loader
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = (Source.SIGN_UP, Source.KEYWORD, Source.IMPORT)


@some.composite
def histories(draw: Any) -> list[Happening]:
    """Up to eight acts hours or weeks apart, some of them about one before."""
    done: list[Happening] = []
    for pk in range(1, draw(some.integers(2, 9))):
        act, source = draw(some.sampled_from(list(Act))), draw(some.sampled_from(SOURCES))
        at = (done[-1].occurred_at if done else START) + timedelta(hours=draw(some.sampled_from((0, 1, 30, 500))))
        answers = act in (Act.CONFIRMED, Act.EXPIRED, Act.INVALIDATED)
        about = draw(some.sampled_from([it for it in done if it.act in (Act.REQUESTED, Act.GRANTED)] or [None]))
        done.append(
            Happening(
                pk, act, source, at,
                stops=act == Act.WITHDRAWN and draw(some.booleans()),
                proven=source == Source.KEYWORD or draw(some.booleans()),
                request=about.id if about and answers else None,
                requested_at=about.occurred_at if about and answers else None,
            )
        )  # fmt: skip
    return done


def told(done: list[Happening]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Return states (oldest first), records and whether the consent is given, as the receipt has them."""
    standing, made = acts._fold(done)
    by_id = {it.id: it for it in done}
    records = [record(by_id[pk]) for pk in made]
    states = [state(by_id[pk], *made[pk]) for pk in made if made[pk][0]]
    return states, records, standing.state == "subscribed"


def record(it: Happening) -> dict[str, Any]:
    same = {name: getattr(it, name) for name in ("id", "act", "source", "stops", "proven", "request")}
    return same | {"occurred_at": statements.moment(it.occurred_at)}


def state(it: Happening, kind: str, until: datetime | None) -> dict[str, Any]:
    over = {"@type": "dpv:UntilTimeDuration", "dct:date": statements.moment(until)} if until else script.NOW
    at = {"@value": statements.moment(it.occurred_at)}
    return {"@type": kind, "dct:identifier": it.id, "dpv:isIndicatedAtTime": at, "dpv:hasDuration": over}


@settings(max_examples=200, deadline=None)
@given(histories())
def test_every_honest_receipt_holds(done: list[Happening]) -> None:
    states, records, is_given = told(done)
    assert script.check_states(list(states), records) is is_given


@settings(max_examples=200, deadline=None)
@given(histories())
def test_no_receipt_is_live_without_its_end(done: list[Happening]) -> None:
    states, records, is_given = told(done)
    if not states or is_given or states[-1]["@type"] == acts.REQUESTED:
        return
    before = [*states[:-2], *({**it, "dpv:hasDuration": script.NOW} for it in states[-2:-1])]
    try:
        assert script.check_states(before, records) is False
    except ValueError:
        return


@settings(max_examples=500, deadline=None)
@given(histories())
def test_a_receipt_tells_what_the_subscription_says(done: list[Happening]) -> None:
    assert acts._fold(done)[0] == replace(fold_all(done), folded_to=acts._fold(done)[0].folded_to)
