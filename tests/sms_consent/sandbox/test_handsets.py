"""Double opt-in and the default keywords, as a handset sees them."""

import pytest

ANNA, BEN = "+12025550101", "+12025550102"


@pytest.fixture
def anna(braze, world):
    braze.track({"external_id": "a1", "phone": ANNA})
    return world.profile("a1")


def ask(braze, sms):
    entry = {
        "subscription_group_id": sms,
        "subscription_state": "subscribed",
        "use_double_opt_in_logic": True,
    }
    return braze.track({"external_id": "a1", "phone": ANNA, "subscription_groups": [entry]})


@pytest.mark.parametrize("answer", ["Y", "yes", " y "])
def test_the_answer_to_a_prompt_subscribes(braze, world, sms, answer):
    ask(braze, sms)
    assert len(world.texts(ANNA)) == 1
    assert world.state(sms, ANNA) is None
    world.send_text(ANNA, answer)
    assert world.state(sms, ANNA) == "Subscribed"
    assert len(world.texts(ANNA)) == 3


def test_prompts_once_in_24_hours(braze, world, sms):
    ask(braze, sms)
    braze.set_sms(phone=ANNA, use_double_opt_in_logic=True)
    assert len(world.texts(ANNA)) == 1
    world.pulse.advance(24 * 3600)
    braze.set_sms(phone=ANNA, use_double_opt_in_logic=True)
    assert len(world.texts(ANNA)) == 2


def test_a_late_answer_is_none(braze, world, sms):
    ask(braze, sms)
    world.pulse.advance(30 * 86_400 + 1)
    world.send_text(ANNA, "Y")
    assert world.state(sms, ANNA) is None


def test_stop_voids_the_prompt(braze, world, sms):
    ask(braze, sms)
    world.send_text(ANNA, "STOP")
    world.send_text(ANNA, "Y")
    assert world.state(sms, ANNA) == "Unsubscribed"


def test_with_nobody_on_the_number_the_flag_does_nothing(braze, world):
    assert braze.set_sms(phone=ANNA, use_double_opt_in_logic=True).status_code == 201
    assert world.texts(ANNA) == []
    assert world.states.parked == {}


def test_whoever_is_subscribed_is_not_asked(braze, world, anna, sms):
    braze.set_sms(phone=ANNA)
    braze.set_sms(phone=ANNA, use_double_opt_in_logic=True)
    assert world.texts(ANNA) == []
    assert anna.states == {sms: "Subscribed"}


def test_without_the_flag_the_number_is_subscribed_at_once(braze, world, anna, sms):
    braze.set_sms(phone=ANNA)
    assert anna.states == {sms: "Subscribed"}


def test_where_the_group_has_it_off_the_flag_does_nothing_special(braze, world, anna, sms):
    world.set_group(sms, channel="sms", double_opt_in=False)
    braze.set_sms(phone=ANNA, use_double_opt_in_logic=True)
    assert anna.states == {sms: "Subscribed"}


def test_the_flag_never_delays_an_opt_out(braze, world, anna, sms):
    braze.set_sms("unsubscribed", phone=ANNA, use_double_opt_in_logic=True)
    assert anna.states == {sms: "Unsubscribed"}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("UNSTOP", "Subscribed"),
        ("Yes", "Subscribed"),
        ("stop", "Unsubscribed"),
        ("QUIT", "Unsubscribed"),
        ("STOPALL", "Unsubscribed"),
    ],
)
def test_a_keyword_from_an_unknown_number_makes_an_anonymous_profile(world, sms, word, state):
    world.send_text(BEN, word)
    assert [(one.external_id, one.states) for one in world.profiles] == [(None, {sms: state})]
    assert len(world.texts(BEN)) == 2


def test_start_prompts_where_double_opt_in_is_on(world, sms):
    world.send_text(BEN, "START")
    assert world.state(sms, BEN) is None
    world.send_text(BEN, "Y")
    assert world.state(sms, BEN) == "Subscribed"


def test_start_subscribes_where_double_opt_in_is_off(world, sms):
    world.set_group(sms, channel="sms", double_opt_in=False)
    world.send_text(BEN, "START")
    assert world.state(sms, BEN) == "Subscribed"


@pytest.mark.parametrize("body", ["STOP PLEASE", "hello", "Y"])
def test_other_texts_are_ignored(world, body):
    world.send_text(BEN, body)
    assert world.profiles == []
    assert len(world.texts(BEN)) == 1


def test_help_is_answered_and_changes_nothing(world):
    world.send_text(BEN, "help")
    assert world.profiles == []
    assert [text.inbound for text in world.texts(BEN)] == [True, False]
