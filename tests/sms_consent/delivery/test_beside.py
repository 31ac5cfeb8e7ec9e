"""While many are waiting, people are told beside the next numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from sms_consent.delivery.jobs import CLAIM
from sms_consent.delivery.pipeline import Courier
from sms_consent.delivery.worker import Lane, deliver_due, new_courier
from sms_consent.sandbox import Sandbox
from tests.people import Deliver
from tests.sms_consent.delivery.helpers import SET, TRACK, crowd, disagreements, phone
from tests.sms_consent.delivery.test_races import PATIENCE, in_the_middle
from tests.sms_consent.imports.files import load, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]


@pytest.fixture
def courier(sandbox: Sandbox, tmp_path: Path) -> Iterator[Courier]:
    """Somebody who has just delivered as many as are claimed at a time, so that there may be more."""
    load(tmp_path, *(text(address=phone(number)) for number in range(CLAIM)))
    made = new_courier(Lane.REST)
    assert deliver_due(made) >= CLAIM
    yield made
    made.close()


def test_people_do_not_wait_for_the_numbers_after_them(
    courier: Courier, deliver: Deliver, sandbox: Sandbox, settings: Any
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    crowd([CLAIM], "sms")
    before = len(sandbox.world.calls_to(TRACK))
    with in_the_middle(sandbox, SET, lambda: deliver_due(courier), kind="latency"):
        assert sandbox.world.wait_until(lambda: len(sandbox.world.calls_to(TRACK)) > before, PATIENCE)
    number, person = sandbox.world.calls_to(SET)[-1], sandbox.world.calls_to(TRACK)[before]
    assert person.at - number.at < settings.BRAZE_TIMEOUT, "the number's call was given up before"
    assert courier.in_flight == new_courier(Lane.REST).in_flight
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_they_do_where_the_database_has_no_connection_left(
    courier: Courier, deliver: Deliver, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd([CLAIM], "sms")

    def refuse(*args: object) -> None:
        raise OperationalError("too many clients already")

    with monkeypatch.context() as patched:
        patched.setattr(type(connections["default"]), "get_new_connection", refuse)
        while deliver_due(courier):
            pass
    assert [call.status for call in sandbox.world.calls_to(TRACK)][-1] == 201
    assert deliver() == 0
    assert disagreements(sandbox) == []
