"""A phone, as a table's row begins and ends with it: where it stands, and what it texts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import Client

from sms_consent.models import InboundMessage
from sms_consent.sandbox import Sandbox
from sms_consent.webhooks import twilio
from tests.conftest import SMS
from tests.people import ALICES_PHONE, send_phone_form, standing
from tests.sms_consent.delivery.helpers import seen
from tests.sms_consent.webhooks.events import TWILIO, now, send, text

OUR_TOKEN = "twilio-token"
HOUR = 3600


def stands(who: str) -> None:
    """Bring the phone there an hour ago; "asked": the phone form has just asked it, and waits for its Y."""
    if who == "asked":
        assert send_phone_form(Client(), ALICES_PHONE).status_code == 302
    if who in ("subscribed", "stopped"):
        send([text("START", at=now(-2 * HOUR))])
    if who == "stopped":
        send([text("STOP", at=now(-HOUR))])
    assert where() == {"nobody": "none", "asked": "pending", "stopped": "unsubscribed"}.get(who, who)


def texts(words: str) -> None:
    """Have the phone send these texts, one after the other, "⏎" being a new line; Braze reports them."""
    for number, body in enumerate(words.split(" > "), start=1):
        send([text(body.replace("⏎", "\n"), at=now(number))])


def answer(body: str, **fields: str) -> str:
    """Have the phone text the brand's own number; return what the site answers through Twilio, "" where nothing."""
    form = {"From": ALICES_PHONE, "To": settings.SMS_NUMBER, "Body": body, "MessageSid": now_id()} | fields
    signed = twilio.signature(OUR_TOKEN, f"http://testserver{TWILIO}", {name: [value] for name, value in form.items()})
    page: Any = Client().post(TWILIO, form, headers={"X-Twilio-Signature": signed})
    assert page.status_code == 200
    return str(page.content.decode().partition("<Message>")[2].partition("</Message>")[0])


def now_id() -> str:
    return f"SM{InboundMessage.objects.count()}"


def where() -> str:
    """Return where the phone stands on the brand's texts, as the ledger has it."""
    return standing(ALICES_PHONE, "sms")


def at_braze(sandbox: Sandbox) -> str:
    """Return the same as Braze has it, "none" where it has nothing."""
    return (seen(sandbox, SMS, ALICES_PHONE) or "none").lower()


def is_to_be_read() -> bool:
    """Whether the newest text waits in the admin's list for a person to read it."""
    newest = InboundMessage.objects.latest("pk")
    return newest.outcome == InboundMessage.Outcome.UNKNOWN and newest.needs_review
