"""What came to be known late turns a consent into a request: Braze hears what it had in the right order (§4.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sms_consent import selectors
from sms_consent.models import Keyword, Program
from sms_consent.sandbox import Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import all_told, prompts, seen
from tests.sms_consent.imports.files import T1, email, load
from tests.sms_consent.webhooks.events import now, send, text

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs", "open_hooks"),
]


def test_an_imported_opt_out_from_before(visit: Visit, deliver: Deliver, sandbox: Sandbox, tmp_path: Path) -> None:
    Program.objects.filter(slug="email").update(confirm_sign_ups=False)
    selectors.forget_offers()
    visit().sign_up(ALICE, "", "email")
    all_told(deliver)
    assert seen(sandbox, EMAIL, ALICE) == "Subscribed"
    load(tmp_path, email("withdrawn", occurred_at=T1))
    all_told(deliver)
    (profile,) = [it for it in sandbox.world.profiles if it.email == ALICE]
    assert standing(ALICE, "email") == "pending"
    assert (seen(sandbox, EMAIL, ALICE), profile.email_subscribe) == ("Unsubscribed", "unsubscribed")


def test_a_word_that_asks_for_a_yes_first(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    Keyword.objects.filter(word="start").update(asks_confirmation=True)
    texted_at = now(-120)
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    all_told(deliver)
    assert seen(sandbox, SMS, ALICES_PHONE) == "Subscribed"
    send([text("START", at=texted_at)])
    all_told(deliver)
    assert standing(ALICES_PHONE, "sms") == "pending"
    assert seen(sandbox, SMS, ALICES_PHONE) == "Unsubscribed"
    assert prompts(sandbox, ALICES_PHONE) == 1
