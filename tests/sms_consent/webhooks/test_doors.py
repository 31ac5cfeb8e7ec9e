"""Forged, replayed, nonsensical and oversized hooks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from sms_consent.models import ConsentRecord, InboundMessage
from sms_consent.webhooks import twilio
from tests.people import ALICES_PHONE, standing
from tests.sms_consent.webhooks.events import CURRENTS, EVENTS, TOKEN, TWILIO, changed, email_changed, send, text


@pytest.mark.parametrize("path", [CURRENTS, EVENTS])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_without_the_token_nothing_comes_in(path: str, header: str) -> None:
    body = json.dumps({"events": [text("STOP")]})
    headers = {"Authorization": header} if header else {}
    answer = Client().post(path, body, content_type="application/json", headers=headers)
    assert (answer.status_code, InboundMessage.objects.count()) == (401, 0)


def test_while_no_token_is_set_nobody_comes_in(settings: Any) -> None:
    settings.BRAZE_WEBHOOK_TOKEN = ""
    assert send([text("STOP")], token="").status_code == 401


@pytest.mark.parametrize("path", [CURRENTS, EVENTS, TWILIO])
def test_a_get_is_refused(path: str) -> None:
    assert Client().get(path).status_code == 405


def raw(body: bytes, path: str = CURRENTS) -> int:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return int(Client().post(path, body, content_type="application/json", headers=headers).status_code)


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"events":[]}', b"[]", b"null", b"3", b'{"events":{}}'])
def test_an_empty_batch_is_a_check_of_the_credentials(body: bytes) -> None:
    assert raw(body) == 200


@pytest.mark.parametrize("body", [b"nonsense", b"\xff\xfe", b"{", b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert raw(body) == 400


ODD: list[Any] = [
    None,
    3,
    "text",
    [],
    {},
    {"event_type": "users.behaviors.Unheard"},
    {"event_type": 7},
    {"event_type": "users.messages.sms.InboundReceive"},
    {"event_type": "users.messages.sms.InboundReceive", "properties": []},
    {"event_type": "users.messages.sms.InboundReceive", "properties": {"user_phone_number": ["+1"]}},
    {"event_type": "users.behaviors.subscriptiongroup.StateChange", "properties": {"phone_number": "nobody"}},
    {"event_type": "users.behaviors.subscriptiongroup.StateChange", "time": "soon", "id": {"a": 1}},
    text("STOP", phone="\x00"),
    text("\x00\ud800 hello"),
    text("x" * 200_000, time_zone=None),
    changed("Sideways", "Dashboard"),
    text("hello") | {"time": 10**30},
    text("hello") | {"time": -5},
    text("hello") | {"time": True},
    text("START", phone="12345"),
    text("STOP", phone="+1" * 40),
    text("hello") | {"id": "x" * 5_000},
    text("hello") | {"id": "a\x00b"},
    text("Y") | {"time": -62135596800},
    changed("Unsubscribed" * 9, "Dashboard"),
    changed("Unsubscribed", "Dash\x00board" * 40),
    email_changed("Unsubscribed", "Dashboard", email="al\udcffice@example.com"),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_an_event_that_is_not_understood_is_passed_over_with_its_neighbours_taken(number: int) -> None:
    """Braze drops for ever what is answered with 400 twice, so nothing that is merely odd is."""
    answer = send([ODD[number], text("STOP", phone="+12025550109")])
    assert answer.status_code == 200
    assert standing("+12025550109", "sms") == "unsubscribed"


def test_fields_are_found_wherever_braze_keeps_them() -> None:
    event = text("STOP")
    flat = {key: value for key, value in event.items() if key != "properties"} | event["properties"]
    send([flat])
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


def test_more_than_the_site_reads_at_once_is_too_much(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    assert send([text("x" * 2_000)]).status_code == 413


# --- Twilio ------------------------------------------------------------------------------------------------


OURS = "twilio-token"


def twilio_text(body: str, *, token: str = OURS, number: str = "+12025550100", **more: str) -> Any:
    fields = {"From": ALICES_PHONE, "To": number, "Body": body, "MessageSid": "SM1", "AccountSid": "AC1"} | more
    signed = twilio.signature(token, f"http://testserver{TWILIO}", {name: [value] for name, value in fields.items()})
    return Client().post(TWILIO, fields, headers={"X-Twilio-Signature": signed})


@pytest.fixture
def our_number(settings: Any) -> None:
    """The brand owns its number, and we answer."""
    settings.TWILIO_AUTH_TOKEN, settings.TEXT_REPLIES = OURS, True


# The example of Twilio's page on validating requests.
def test_the_signature_is_twilios() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    fields = {"Digits": "1234", "To": "+18005551212", "From": "+14158675310", "Caller": "+14158675310"}
    fields["CallSid"] = "CA1234567890ABCDE"
    given = {name: [value] for name, value in fields.items()}
    assert twilio.signature("12345", url, given) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.usefixtures("our_number")
def test_a_text_with_a_good_signature_is_taken() -> None:
    assert twilio_text("STOP").status_code == 200
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"


@pytest.mark.usefixtures("our_number")
def test_a_forged_text_is_refused() -> None:
    assert twilio_text("STOP", token="guessed").status_code == 403
    assert ConsentRecord.objects.count() == 0


def test_without_a_token_no_text_is_taken() -> None:
    assert twilio_text("STOP", token="").status_code == 403


@pytest.mark.usefixtures("our_number")
def test_a_replayed_text_changes_nothing_and_the_second_stop_is_answered_once_more_at_most() -> None:
    answers = [twilio_text("STOP", MessageSid=sid).content.decode() for sid in ("SM1", "SM1", "SM2", "SM3", "SM4")]
    assert InboundMessage.objects.count() == 4
    assert ["unsubscribed" in answer for answer in answers] == [True, True, True, False, False]


@pytest.mark.usefixtures("our_number")
def test_where_twilio_has_answered_we_do_not() -> None:
    """REV-13."""
    assert "<Message>" not in twilio_text("STOP", OptOutType="STOP").content.decode()


def test_where_somebody_else_answers_we_do_not(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = OURS
    assert "<Message>" not in twilio_text("STOP").content.decode()


@pytest.mark.usefixtures("our_number")
@pytest.mark.parametrize(
    ("body", "says"), [("HELP", "for help write to"), ("START", "you will get texts"), ("what?", "do not understand")]
)
def test_we_answer(body: str, says: str) -> None:
    assert says in twilio_text(body).content.decode()


@pytest.mark.usefixtures("our_number")
def test_what_is_not_understood_is_answered_once_a_day() -> None:
    answers = [twilio_text("what?", MessageSid=sid).content.decode() for sid in ("SM1", "SM2")]
    assert ["<Message>" in answer for answer in answers] == [True, False]
