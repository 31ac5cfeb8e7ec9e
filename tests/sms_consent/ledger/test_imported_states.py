"""What imports may do to where an address stands, and what they never may (DAT-2). The cells are in test_states.py."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sms_consent.states import Standing, fold_all
from tests.sms_consent.ledger.acts import ARRIVING, KINDS, happening, name_of

IMPORTED = tuple(kind for kind in KINDS if kind.startswith("i-"))


def many(kinds: tuple[str, ...], **sizes: int) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(kinds), st.integers(1, 6)), **sizes)


def folded(acts: list[tuple[str, int]]) -> Standing:
    return fold_all(happening(kind, number, at=at) for number, (kind, at) in enumerate(acts, start=1))


def opted_out(standing: Standing) -> bool:
    return standing.state != "subscribed" and standing.left_at is not None


@settings(max_examples=300, deadline=None)
@given(here=many(ARRIVING, min_size=1, max_size=5), imported=many(IMPORTED, min_size=1, max_size=5))
@example(here=[("leave", 1)], imported=[("i-leave", 2), ("i-START", 3)])
@example(here=[("leave", 1), ("request", 2)], imported=[("i-yes", 3)])
def test_nothing_imported_undoes_an_opt_out_made_here(
    here: list[tuple[str, int]], imported: list[tuple[str, int]]
) -> None:
    if opted_out(folded(here)):
        assert folded([*here, *imported]).state != "subscribed"


@settings(max_examples=300, deadline=None)
@given(
    here=many((*ARRIVING, "answer", "lapse", "not me"), max_size=5),
    imported=many(IMPORTED, min_size=1, max_size=5),
    opt_out=st.sampled_from(["leave", "STOP"]),
)
def test_the_last_thing_done_here_was_to_leave(
    here: list[tuple[str, int]], imported: list[tuple[str, int]], opt_out: str
) -> None:
    assert folded([*here, (opt_out, 6), *imported]).state == "unsubscribed"


@pytest.mark.parametrize("imported", ["i-yes", "i-leave"])
def test_not_me_ends_what_an_import_brings_later(imported: str) -> None:
    here = [happening("request", 2), happening("not me", 3, request=2)]
    assert opted_out(fold_all([*here, happening(imported, 1), happening("i-yes", 4)]))


def test_an_opt_in_made_here_lifts_what_was_made_here() -> None:
    assert name_of(folded([("leave", 1), ("owner", 2), ("i-leave", 3), ("i-yes", 4)])) == "subscribed"


def test_an_imported_opt_in_rests_on_its_own_record() -> None:
    found = fold_all([happening("request", 1), happening("i-yes", 2)])
    assert (found.state, found.request, found.requested_at) == ("subscribed", 2, None)
