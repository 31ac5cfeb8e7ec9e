"""The table of states, as it is written in the design, and what holds whatever arrives in whatever order."""

from __future__ import annotations

import itertools
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sms_consent import ledger, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances, Entry
from sms_consent.models import ConsentRecord, Program, Subscription
from sms_consent.people import subject
from sms_consent.states import MAX_RENEWALS, Standing, fold, fold_all
from tests.people import ALICES_PHONE, standing
from tests.sms_consent.ledger.acts import ARRIVING, KINDS, NOON, happening, name_of

BEFORE = {
    "none": [],
    "pending": ["request"],
    "subscribed": ["request", "answer"],
    "left": ["request", "answer", "leave"],
    "stopped": ["request", "answer", "STOP"],
    "i-on": ["i-yes"],
    "i-left": ["i-yes", "i-leave"],
    "i-stopped": ["i-yes", "i-STOP"],
}
# tick: of a program that takes unconfirmed sign-ups. START?: a keyword that asks for confirmation. i-: imported.
TABLE = """
            none        pending     subscribed  left        stopped     i-on        i-left      i-stopped
tick        subscribed  pending     subscribed  pending     stopped     subscribed  pending     stopped
request     pending     pending     subscribed  pending     stopped     subscribed  pending     stopped
answer      none        subscribed  subscribed  left        stopped     subscribed  left        stopped
owner       subscribed  subscribed  subscribed  subscribed  stopped     subscribed  subscribed  stopped
START       subscribed  subscribed  subscribed  subscribed  subscribed  subscribed  subscribed  subscribed
START?      pending     pending     subscribed  pending     pending     subscribed  pending     pending
leave       left        left        left        left        stopped     left        left        stopped
STOP        stopped     stopped     stopped     stopped     stopped     stopped     stopped     stopped
lapse       none        none        subscribed  left        stopped     subscribed  left        stopped
not_me      none        none        left        left        stopped     left        left        stopped
i-request   none        pending     subscribed  left        stopped     subscribed  left        stopped
i-yes       subscribed  subscribed  subscribed  left        stopped     subscribed  subscribed  stopped
i-answer    subscribed  subscribed  subscribed  left        stopped     subscribed  subscribed  stopped
i-START     subscribed  subscribed  subscribed  left        stopped     subscribed  subscribed  subscribed
i-leave     left        left        left        left        stopped     left        left        stopped
i-STOP      stopped     stopped     stopped     stopped     stopped     stopped     stopped     stopped
i-lapse     none        pending     subscribed  left        stopped     subscribed  left        stopped
i-not_me    left        left        left        left        stopped     left        left        stopped
"""


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    return [(row[0].replace("_", " "), *cell) for row in rows for cell in zip(head, row[1:], strict=True)]


@pytest.mark.parametrize(("kind", "before", "after"), cells(), ids="-".join)
def test_the_table_of_states(kind: str, before: str, after: str) -> None:
    past = [happening(it, number, request=1) for number, it in enumerate(BEFORE[before], start=1)]
    now = fold(fold_all(past), happening(kind, 9, request=1 if past else None))
    assert name_of(now) == after


def test_an_opt_out_voids_the_requests_before_it() -> None:
    asked_twice = [happening("request", 1), happening("leave", 2), happening("request", 3)]
    late_answer = happening("answer", 4, request=1)
    assert name_of(fold_all([*asked_twice, late_answer])) == "pending"
    assert name_of(fold_all([*asked_twice, happening("answer", 4, request=3)])) == "subscribed"


def test_not_me_voids_the_requests_before_it_and_no_later_ones() -> None:
    past = [happening("request", 1), happening("not me", 2, request=1), happening("request", 3)]
    assert name_of(fold_all([*past, happening("answer", 4, request=1)])) == "pending"
    assert name_of(fold_all([*past, happening("answer", 4, request=3)])) == "subscribed"


def test_a_lapse_of_another_request_changes_nothing() -> None:
    past = [happening("request", 1), happening("lapse", 2, request=1), happening("request", 3)]
    assert name_of(fold_all([*past, happening("lapse", 4, request=1)])) == "pending"


DAY = 24 * 60  # minutes


@pytest.mark.parametrize(("after", "rests_on"), [(DAY - 1, 1), (DAY, 2), (29 * DAY, 2)])
@pytest.mark.parametrize("kind", ["request", "tick", "START?"])
def test_a_request_that_waits_is_renewed_after_a_day(kind: str, after: int, rests_on: int) -> None:
    found = fold_all([happening("request", 1, at=0), happening(kind, 2, at=after)])
    assert (found.state, found.request) == ("pending", rests_on)
    assert found.requested_at == NOON + timedelta(minutes=after if rests_on == 2 else 0)


def test_a_request_is_renewed_twice_at_most() -> None:
    found = fold_all([happening("request", number, at=number * 2 * DAY) for number in range(1, 7)])
    assert (found.request, found.renewals) == (3, MAX_RENEWALS)


@pytest.mark.parametrize("kind", ["answer", "owner", "START", "leave", "STOP", "lapse", "not me"])
def test_what_does_not_wait_rests_on_no_time(kind: str) -> None:
    renewed = [happening("request", 1, at=0), happening("request", 2, at=DAY)]
    found = fold_all([*renewed, happening(kind, 3, at=DAY + 1, request=2)])
    assert (found.requested_at, found.renewals) == (None, 0)
    assert found.state != "pending"


@pytest.mark.parametrize("kind", ["tick", "request", "answer", "owner", "START", "START?"])
def test_in_a_tie_the_opt_out_wins(kind: str) -> None:
    asked, opt_in, stop = happening("request", 1), happening(kind, 2, at=5, request=1), happening("STOP", 3, at=5)
    for order in itertools.permutations([asked, opt_in, stop]):
        assert name_of(fold_all(order)) == "stopped"


# --- The same through the ledger, in the order in which things arrive ------------------------------------

EITHER = (*ARRIVING, "i-yes", "i-START", "i-leave", "i-STOP")
happenings = st.lists(st.tuples(st.sampled_from(EITHER), st.integers(0, 4)), min_size=1, max_size=5)
numbers = (f"+1202555{number:04}" for number in itertools.count())
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def arrive(program: Program, address: str, kind: str, minute: int) -> None:
    at = NOON + timedelta(minutes=minute)
    entry = Entry(program, address, occurred_at=at, **KINDS[kind])  # type: ignore[arg-type]
    ledger.append([entry], ledger.standings([entry.key]))


def after(program: Program, arrivals: list[tuple[str, int]]) -> Standing:
    address = next(numbers)
    for kind, minute in arrivals:
        arrive(program, address, kind, minute)
    return Subscription.objects.get(program=program, subject=subject(address)).standing


@few
@given(arrivals=happenings, random=st.randoms(use_true_random=False))
@example(arrivals=[("leave", 0), ("START", 1), ("leave", 2)], random=Random(1))
@example(arrivals=[("START", 0), ("STOP", 1), ("START", 2)], random=Random(2))
@example(arrivals=[("tick", 0), ("START", 1), ("START?", 1), ("request", 0)], random=Random(86))
@example(arrivals=[("i-leave", 0), ("i-STOP", 0)], random=Random(0))
@example(arrivals=[("leave", 0), ("i-STOP", 0)], random=Random(0))
@example(arrivals=[("i-STOP", 0), ("i-yes", 1), ("i-START", 1)], random=Random(2))
def test_the_order_of_arrival_does_not_matter(
    programs: dict[str, Program], arrivals: list[tuple[str, int]], random: Random
) -> None:
    shuffled = random.sample(arrivals, len(arrivals))
    one, other = after(programs["sms"], arrivals), after(programs["sms"], shuffled)
    assert (one.state, one.left_at, one.stopped_at) == (other.state, other.left_at, other.stopped_at)


@few
@given(
    arrivals=st.lists(
        st.tuples(st.sampled_from(ARRIVING), st.sampled_from([0, 1, DAY - 1, DAY, DAY + 1, 2 * DAY, 3 * DAY])),
        min_size=1,
        max_size=6,
    ),
    random=st.randoms(use_true_random=False),
)
@example(arrivals=[("request", 0), ("request", DAY), ("request", 2 * DAY), ("request", 3 * DAY)], random=Random(3))
@example(arrivals=[("request", 0), ("leave", 1), ("request", DAY), ("request", 2 * DAY)], random=Random(4))
def test_nor_does_it_where_days_pass(
    programs: dict[str, Program], arrivals: list[tuple[str, int]], random: Random
) -> None:
    one, other = after(programs["sms"], arrivals), after(programs["sms"], random.sample(arrivals, len(arrivals)))
    for name in ("state", "requested_at", "renewals", "left_at", "stopped_at"):
        assert getattr(one, name) == getattr(other, name)


@few
@given(arrivals=happenings, opt_out=st.sampled_from(["leave", "STOP"]), random=st.randoms(use_true_random=False))
def test_an_opt_out_newer_than_every_opt_in_ends_unsubscribed(
    programs: dict[str, Program], arrivals: list[tuple[str, int]], opt_out: str, random: Random
) -> None:
    every = [*arrivals, (opt_out, 5)]
    assert after(programs["sms"], random.sample(every, len(every))).state == "unsubscribed"


@few
@given(
    arrivals=st.lists(st.tuples(st.sampled_from(["tick", "request", "owner"]), st.integers(6, 9)), max_size=4),
    random=st.randoms(use_true_random=False),
)
def test_only_a_word_from_the_handset_lifts_a_stop(
    programs: dict[str, Program], arrivals: list[tuple[str, int]], random: Random
) -> None:
    every = [*arrivals, ("STOP", 5)]
    shuffled = random.sample(every, len(every))
    assert after(programs["sms"], shuffled).is_stopped
    assert after(programs["sms"], [*shuffled, ("START", 10)]).state == "subscribed"


def test_story_26_a_start_from_before_the_stop_arrives_after_it(programs: dict[str, Program]) -> None:
    arrive(programs["sms"], ALICES_PHONE, "STOP", 5)
    arrive(programs["sms"], ALICES_PHONE, "START", 0)
    found = Subscription.objects.get(program=programs["sms"], subject=subject(ALICES_PHONE))
    assert found.state == "unsubscribed"
    assert found.stopped_at == NOON + timedelta(minutes=5)


# --- Repeats ---------------------------------------------------------------------------------------------


def leave(address: str, **how: object) -> list[ConsentRecord]:
    return services.withdraw(address, source=Source.ADMIN, circumstances=Circumstances(), **how)  # type: ignore[arg-type]


def test_the_same_event_again_leaves_no_second_record(programs: dict[str, Program]) -> None:
    assert len(leave(ALICES_PHONE, stops=True, occurred_at=NOON)) == 1
    assert leave(ALICES_PHONE, stops=True, occurred_at=NOON) == []


def test_a_newer_opt_out_is_never_taken_for_a_repeat(programs: dict[str, Program]) -> None:
    leave(ALICES_PHONE)
    leave(ALICES_PHONE)
    found = Subscription.objects.get(program=programs["sms"], subject=subject(ALICES_PHONE))
    assert ConsentRecord.objects.count() == 2
    assert found.left_at == ConsentRecord.objects.latest("occurred_at").occurred_at


def test_a_stop_reaches_every_sms_program_and_no_email(programs: dict[str, Program]) -> None:
    other = Program.objects.get(slug="sms")
    other.pk, other.slug, other.subscription_group_id = None, "alerts", "5a4d0000-0000-4000-8000-00000000000a"
    other.save()
    leave(ALICES_PHONE, stops=True)
    assert [standing(ALICES_PHONE, slug) for slug in ("sms", "alerts", "email")] == [
        "unsubscribed",
        "unsubscribed",
        "none",
    ]
