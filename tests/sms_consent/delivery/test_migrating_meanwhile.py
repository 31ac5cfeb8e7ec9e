"""The site goes on while it is migrated: what it does and a migration do not wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from sms_consent.models import BrazeProfile, Subscription
from tests.sms_consent.delivery.test_races import meanwhile
from tests.waiting import until, waiting


@pytest.fixture
def before(transactional_db: None) -> Iterator[None]:
    """A site of the release before."""
    call_command("migrate", "sms_consent", "0017", verbosity=0)
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer")
@pytest.mark.usefixtures("before")
def test_an_opt_out_and_the_migration_do_not_wait_for_each_other() -> None:
    is_begun = threading.Event()
    migrate = lambda: is_begun.wait() and call_command("migrate", "sms_consent", "0018", verbosity=0)  # noqa: E731
    with meanwhile(migrate), transaction.atomic():
        # First where the address stands, then whoever has it; no columns that a later release has added.
        list(Subscription.objects.select_for_update().values_list("pk"))
        is_begun.set()
        until(waiting)
        list(BrazeProfile.objects.select_for_update().values_list("pk"))
