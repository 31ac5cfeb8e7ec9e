"""Whether evidence has the IP address of visitors is a setting, and the privacy page says which (REC-7)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from sms_consent.models import Evidence
from tests.people import ALICE, send_phone_form, send_sign_up

pytestmark = pytest.mark.usefixtures("programs")
WHOLE, CUT = "your IP address;", "your IP address without its last part;"
ADDRESSES = ("203.0.113.77", "2001:db8:1:2::3")


@pytest.mark.parametrize(
    ("kept", "found", "said"),
    [
        ("store", ("203.0.113.77", "2001:db8:1:2::3"), [WHOLE]),
        ("truncate", ("203.0.113.0", "2001:db8:1::"), [CUT]),
        ("off", ("", ""), []),
    ],
)
def test_what_is_kept_is_what_the_setting_says(
    kept: str, found: tuple[str, str], said: list[str], settings: Any, client: Client
) -> None:
    settings.IP_ADDRESSES = kept
    send_sign_up(Client(REMOTE_ADDR=ADDRESSES[0]), ALICE, "", "email")
    send_phone_form(Client(REMOTE_ADDR=ADDRESSES[1]), "+12025550101")
    told = [
        json.loads(payload).get("ip", "")
        for payload in Evidence.objects.order_by("pk").values_list("payload", flat=True)
    ]
    assert tuple(told) == found
    page = client.get("/privacy/").content.decode()
    assert [words for words in (WHOLE, CUT) if words in page] == said


def test_limits_hold_all_the_same(settings: Any) -> None:
    settings.IP_ADDRESSES, settings.ACCOUNT_RATE_LIMITS = "off", settings.LIMITS
    answers = [send_sign_up(Client(REMOTE_ADDR=ADDRESSES[0]), f"v{n}@example.com").status_code for n in range(25)]
    assert 429 in answers
