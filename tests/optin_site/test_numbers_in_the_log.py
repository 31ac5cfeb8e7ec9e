"""Rule 15, SEC-11: numbers as this site itself spells them, and names before an apostrophe, stay in log lines."""

from __future__ import annotations

import logging

import pytest

from accounts.models import User
from optin_site.logs import Scrubbed


def line(message: str) -> str:
    return Scrubbed("%(message)s").format(logging.makeLogRecord({"msg": message}))


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["+12025550101", "+4917112345678", "+447911123456", "+33612345678", "+34612345678"])
def test_a_number_as_the_site_itself_spells_it_is_left_out(number: str) -> None:
    User.objects.create(phone=number)
    phone = User.objects.get().phone
    assert str(phone) not in line(f"Nothing can be sent to {phone}")
    assert number[-5:] not in line(f"Nothing can be sent to {phone!r}")


def test_nor_is_a_name_with_an_apostrophe() -> None:
    assert "mary" not in line("550 5.1.1 <mary.o'connor@example.com>: unknown user")
