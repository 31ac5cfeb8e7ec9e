"""Words that a group adds to Braze's own, and what Braze would not take."""

import pytest

ANNA = "+12025550101"


@pytest.fixture
def club(world, sms):
    return world.set_group(sms, channel="sms", opt_in_words=["JOIN"], opt_out_words=["leave"], number="+12025550188")


@pytest.mark.parametrize(("body", "state"), [("join", "Subscribed"), (" Leave ", "Unsubscribed"), ("join us", None)])
def test_a_word_of_the_group_counts(world, sms, club, body, state):
    world.send_text(ANNA, body)
    assert world.state(sms, ANNA) == state
    assert world.events[-1].properties["inbound_phone_number"] == "+12025550188"


def test_a_word_counts_for_its_own_group_only(world, sms, club):
    world.set_group("other", channel="sms")
    world.send_text(ANNA, "JOIN", "other")
    assert world.profiles == []


def test_a_word_may_ask_first_and_another_may_confirm(world, sms):
    words = {"opt_in_words": ["JOIN"], "prompt_words": ["START", "JOIN"], "confirm_words": ["OK"]}
    world.set_group(sms, channel="sms", **words)
    world.send_text(ANNA, "JOIN")
    world.send_text(ANNA, "Y")
    assert world.state(sms, ANNA) is None
    assert world.texts(ANNA)[1].body.startswith("Reply OK ")
    world.send_text(ANNA, "ok")
    assert world.state(sms, ANNA) == "Subscribed"


def test_each_group_has_a_number_of_its_own_and_keeps_it(world, sms):
    first = world.groups[sms].number
    second = world.set_group("second", channel="sms").number
    third = world.set_group("third", channel="sms").number
    assert len({first, second, third}) == 3
    assert world.set_group("second", channel="sms", name="Other").number == second


@pytest.mark.parametrize(
    "words",
    [
        {"opt_in_words": ["STOP"]},
        {"opt_in_words": ["help"]},
        {"opt_in_words": ["two words"]},
        {"opt_in_words": ["x" * 35]},
        {"opt_in_words": [""]},
        {"opt_in_words": "JOIN"},
        {"opt_in_words": [f"W{number}" for number in range(21)]},
        {"opt_in_words": ["GO"], "opt_out_words": ["go"]},
        {"prompt_words": ["UNSTOP"]},
        {"prompt_words": ["START", "JOIN"]},
        {"confirm_words": []},
        {"confirm_words": ["QUIT"]},
    ],
)
def test_braze_would_not_take_such_words(braze, world, sms, words):
    response = braze.post("/__sandbox/groups", {"id": sms, "channel": "sms", **words})
    assert response.status_code == 400
    assert world.groups[sms].opt_in_words == ()
