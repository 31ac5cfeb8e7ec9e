"""What Braze is told of an import, through the worker, and that no request of anybody sets it off."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, Deliver, acts
from tests.sms_consent.delivery.helpers import disagreements, seen
from tests.sms_consent.imports.files import T2, email, load, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]


def test_braze_is_told_who_is_subscribed_and_who_has_left(tmp_path: Path, sandbox: Sandbox, deliver: Deliver) -> None:
    rows = [
        email(external_id="crm-1"),
        text(external_id="crm-1"),
        email("withdrawn", BOB),
        text("withdrawn", BOBS_PHONE),
    ]
    load(tmp_path, *rows)
    assert deliver() == 0
    (profile,) = [it for it in sandbox.world.profiles if it.external_id == "crm-1"]
    assert (profile.email, profile.phone, profile.email_subscribe) == (ALICE, ALICES_PHONE, "opted_in")
    assert [seen(sandbox, EMAIL, ALICE), seen(sandbox, SMS, ALICES_PHONE)] == [SUBSCRIBED, SUBSCRIBED]
    assert [seen(sandbox, EMAIL, BOB), seen(sandbox, SMS, BOBS_PHONE)] == [UNSUBSCRIBED, UNSUBSCRIBED]
    assert disagreements(sandbox) == []


def test_an_opt_out_is_told_at_once_where_braze_knew_a_consent(
    tmp_path: Path, sandbox: Sandbox, deliver: Deliver
) -> None:
    load(tmp_path, email(), text())
    deliver()
    load(tmp_path, email("withdrawn", occurred_at=T2), text("withdrawn", occurred_at=T2))
    deliver()
    assert [seen(sandbox, EMAIL, ALICE), seen(sandbox, SMS, ALICES_PHONE)] == [UNSUBSCRIBED, UNSUBSCRIBED]
    (profile,) = [it for it in sandbox.world.profiles if it.email == ALICE]
    assert profile.email_subscribe == "unsubscribed"


def test_a_stop_at_braze_from_before_outweighs_an_imported_consent(
    tmp_path: Path, sandbox: Sandbox, deliver: Deliver
) -> None:
    load(tmp_path, text(external_id="crm-1"))
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    deliver()
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


def test_no_worker_is_woken_and_a_chunk_takes_few_statements(tmp_path: Path) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        load(tmp_path, email(), text("withdrawn"))
    with CaptureQueriesContext(connection) as many:
        rows = [email(address=f"a{number}@example.com", external_id=f"crm-{number}") for number in range(10)]
        load(tmp_path, *rows, *(text("withdrawn", address=f"+1202555{number:04}") for number in range(100, 110)))
    assert not [query for query in (*few, *many) if "pg_notify" in query["sql"]]
    assert len(many) <= len(few) + 3
