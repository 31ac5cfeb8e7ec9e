"""The site works under a role of the database that cannot change the ledger (LED-2): docs/operations/app_role.sql."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from sms_consent import sealing, services, verification
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from tests.documents import ROOT
from tests.people import ALICE, ALICES_PHONE, Visit

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]
FORBIDDEN = (
    "UPDATE sms_consent_consentrecord SET act = act",
    "DELETE FROM sms_consent_consentrecord",
    "TRUNCATE sms_consent_consentrecord CASCADE",
    "UPDATE sms_consent_seal SET root = root",
    "DELETE FROM sms_consent_sealedrecord",
    "UPDATE sms_consent_accessrecord SET action = action",
    "DELETE FROM sms_consent_evidence",
    "ALTER TABLE sms_consent_consentrecord DISABLE TRIGGER USER",
    "DROP TRIGGER sms_consent_consentrecord_no_update ON sms_consent_consentrecord",
)


@pytest.fixture
def as_app(programs: Any) -> Iterator[Callable[[str], None]]:
    """Everything until the end of the test is done by that role; yields what runs a statement."""

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    try:
        with transaction.atomic():
            run((ROOT / "docs/operations/app_role.sql").read_text())
            run("GRANT optin_app TO CURRENT_USER")
    except ProgrammingError as error:
        words = f"the database's user may not make roles: {error}"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    run("SET LOCAL ROLE optin_app")
    yield run
    run("RESET ROLE")


def test_people_come_and_go_and_are_sealed_erased_and_verified(
    as_app: Callable[[str], None], visit: Visit, deliver: Callable[[], int]
) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, stops=True, circumstances=Circumstances(note="STOP"))
    assert deliver() == 0
    sealing.seal_all()
    as_app("UPDATE sms_consent_evidence SET payload = '', salt = ''")
    report = verification.verify()
    assert (report.sealed, report.erased, report.damage) == (4, 4, [])


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_ledger_is_out_of_its_reach(as_app: Callable[[str], None], visit: Visit, statement: str) -> None:
    visit().sign_up(ALICE, "", "email")
    with pytest.raises(ProgrammingError, match="permission denied|must be owner"), transaction.atomic():
        as_app(statement)


@pytest.mark.usefixtures("as_app")
def test_it_cannot_migrate() -> None:
    """Why the owner does (docs/operations.md)."""
    with pytest.raises(ProgrammingError, match="must be owner"), transaction.atomic():
        call_command("migrate", "sms_consent", "zero", verbosity=0)
