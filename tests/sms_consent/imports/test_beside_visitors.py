"""Imports while people use the site: neither waits for the other in a circle, nor undoes what the other did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import imported, services
from accounts.models import User
from sms_consent.ledger import Circumstances
from sms_consent.models import Subscription
from tests.accounts.test_concurrency import locked
from tests.people import ALICE, ALICES_PHONE, BOB, send_sign_up, standing
from tests.sms_consent.imports.files import T2, email, load, text
from tests.waiting import until, waiting

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="there is one writer"),
]


def meanwhile(act: Callable[[], Any]) -> threading.Thread:
    """Do something in a thread with a connection of its own."""

    def work() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_who_signs_up_does_not_wait_for_an_import_that_learns_new_words(tmp_path: Path) -> None:
    """A sign-up refers to the program that the import has locked, and may hold what the import waits for."""
    load(tmp_path, email())
    row = email(wording="I agree to other words.", occurred_at=T2)
    with locked(Subscription.objects.all()):
        thread = meanwhile(lambda: load(tmp_path, row))
        until(waiting)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        answer = send_sign_up(Client(), BOB, "", "email")
    thread.join()
    assert (answer.status_code, standing(BOB, "email"), standing(ALICE, "email")) == (302, "pending", "subscribed")


def test_an_import_that_names_somebody_does_not_take_a_new_address_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path, email(external_id="crm-1"))
    alice, threads, look_up = User.objects.get(), [], imported._known
    change = lambda: services.change_address(alice, BOB, circumstances=Circumstances())  # noqa: E731

    def looked_up(rows: Any) -> Any:
        found = look_up(rows)
        threads.append(meanwhile(change))
        threads[0].join(timeout=1)
        return found

    monkeypatch.setattr(imported, "_known", looked_up)
    load(tmp_path, text(external_id="crm-1"))
    threads[0].join()
    found = User.objects.get()
    assert (found.email, found.phone_number) == (BOB, ALICES_PHONE)
