"""What a review broke, kept broken no more: one test a finding."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from optin_site.logs import Scrubbed
from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program, Subscription
from tests.people import ALICE, Visitor, standing


def test_a_slow_clock_does_not_reverse_an_opt_out(visit: Callable[[], Visitor], programs: dict[str, Program]) -> None:
    visit().sign_up(ALICE, "", "email")
    ahead = timezone.now() + timedelta(seconds=3)
    Subscription.objects.update(folded_to=ahead)
    records = services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(note="wrote"))
    assert records[0].occurred_at >= ahead
    assert standing(ALICE, "email") == "unsubscribed"


@pytest.mark.parametrize("name", ['"x,victim@example.com,y"', '"a b"', '"\x1c"', '"a;b"'])
def test_a_quoted_name_mails_nobody_else(name: str, visit: Callable[[], Visitor]) -> None:
    assert visit().sign_up(f"{name}@example.com", "", "email").status_code == 200
    assert User.objects.count() == 0


def test_no_token_of_a_link_reaches_the_log() -> None:
    record = logging.makeLogRecord({"msg": "Forbidden (CSRF cookie not set.): /confirm/6Ax-RTsecret/"})
    assert "6Ax-RTsecret" not in Scrubbed("%(message)s").format(record)
