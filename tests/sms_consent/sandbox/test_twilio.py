"""A brand's own number at Twilio: the site gets the text, Braze does not, and the answer is texted back."""

import re

import pytest

from tests.sms_consent.sandbox.receiver import TWILIO, twilio_signature

ANNA = "+12025550101"
XML = "text/xml; charset=utf-8"


@pytest.fixture
def twilio(sandbox, receiver):
    sandbox.hooks.configure(twilio=True, twilio_token="twilio-secret")

    def forms():
        assert sandbox.hooks.flush() == []
        return receiver.bodies(TWILIO)

    return forms


def test_posts_the_text_as_a_form(world, twilio):
    world.send_text(ANNA, "Ünsubscribe me & stop+now")
    (form,) = twilio()
    assert re.fullmatch(r"SM[0-9a-f]{32}", form.pop("MessageSid"))
    assert re.fullmatch(r"AC[0-9a-f]{32}", form.pop("AccountSid"))
    assert form == {"From": ANNA, "To": "+12025550100", "Body": "Ünsubscribe me & stop+now", "NumMedia": "0"}


def test_is_signed(world, twilio, receiver):
    world.send_text(ANNA, "Ü & +")
    twilio()
    _, headers, form = receiver.arrived[0]
    assert headers["X-Twilio-Signature"] == twilio_signature(receiver.url + TWILIO, form, "twilio-secret")


def test_braze_hears_nothing_of_it(world, twilio):
    world.send_text(ANNA, "STOP")
    twilio()
    assert (world.profiles, world.events) == ([], [])
    assert [(text.inbound, text.body) for text in world.texts(ANNA)] == [(True, "STOP")]


def test_what_the_site_answers_is_texted(world, twilio, receiver):
    twiml = (
        "<?xml version='1.0'?><Response><Message>One &amp; all</Message><Message><Body>Two</Body></Message></Response>"
    )
    receiver.answers = [(200, XML, twiml)]
    world.send_text(ANNA, "START")
    twilio()
    assert [text.body for text in world.texts(ANNA)] == ["START", "One & all", "Two"]


@pytest.mark.parametrize(
    "answer",
    [200, (200, XML, ""), (200, XML, "<Response/>"), (200, XML, "<oops"), (200, "text/html", "<Message>x</Message>")],
)
def test_anything_else_is_no_answer(world, twilio, receiver, answer):
    receiver.answers = [answer]
    world.send_text(ANNA, "START")
    twilio()
    assert len(world.texts(ANNA)) == 1


def test_a_failure_is_not_tried_again(world, twilio, receiver):
    receiver.answers = [500]
    world.send_text(ANNA, "START")
    assert len(twilio()) == 1


def test_silence_is_tried_once_more_with_the_same_id(sandbox, world, twilio):
    sandbox.hooks.configure(url="http://127.0.0.1:9")
    world.send_text(ANNA, "START")
    assert sandbox.hooks.flush() == []
    first, second = sandbox.hooks.sent
    assert first.body["MessageSid"] == second.body["MessageSid"]
    assert second.outcome == "given up"


def test_the_same_text_may_come_twice(sandbox, world, twilio):
    sandbox.hooks.configure(copies=2)
    world.send_text(ANNA, "STOP")
    first, second = twilio()
    assert first == second


@pytest.mark.parametrize(("body", "kind"), [("stop", "STOP"), ("UNSTOP", "START"), ("Info", "HELP"), ("stop it", None)])
def test_advanced_opt_out_names_the_kind_and_answers_by_itself(sandbox, world, twilio, body, kind):
    sandbox.hooks.configure(advanced_opt_out=True)
    world.send_text(ANNA, body)
    (form,) = twilio()
    assert form.get("OptOutType") == kind
    assert len(world.texts(ANNA)) == (2 if kind else 1)
