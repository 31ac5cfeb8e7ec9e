"""Answers of Braze's that are half an error, and words in them that no database takes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from sms_consent import erasures
from sms_consent.braze.client import DELETE, EMAIL_STATUS
from sms_consent.models import GlobalEmail
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, Deliver, Visit
from tests.sms_consent.delivery.helpers import (
    SET,
    SIX_MINUTES,
    TRACK,
    alice_by_email,
    all_told,
    confirmed,
    crowd,
    disagreements,
    email,
    later,
    leave,
    parked,
    phone,
    stop,
    stopped,
)

ONE = {"type": "The value provided for the 'email' field is not a valid email.", "input_array": "attributes"}


@pytest.mark.parametrize(
    "other",
    [{"type": "BAD_SUBSCRIPTION_GROUP_HASH", "input_array": "attributes"}, "a sentence", ONE | {"index": 1.0}],
)
def test_an_error_about_nobody_in_particular_is_no_yes_for_the_others(
    other: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """One of two errors says whom it is about. Whom the other is about nobody knows: everybody is sent again alone."""
    crowd([1, 2, 3], "email")
    call_command("send_mail", "--once")
    confirmed([1, 2, 3], visit())
    body = {"message": "success", "attributes_processed": 1, "errors": [ONE | {"index": 0}, other]}
    sandbox.faults.add("status", endpoint=TRACK, status=201, body=body)
    deliver()
    for _ in range(3):
        later(SIX_MINUTES)
        deliver()
    assert len(disagreements(sandbox)) <= len(parked())


def test_an_opt_out_of_all_emails_that_is_accepted_with_errors(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Of `/subscription/status/set` such an answer parks the opt-out, and alerts."""
    crowd([1], "email")
    call_command("send_mail", "--once")
    confirmed([1], visit())
    all_told(deliver)
    leave(email(1))
    errors = {"message": "success", "errors": ["The value provided for the 'email' field is not a valid email."]}
    sandbox.faults.add("status", endpoint=EMAIL_STATUS, status=201, body=errors, times=None)
    deliver()
    for _ in range(3):
        later(SIX_MINUTES)
        deliver()
    row = GlobalEmail.objects.get()
    assert row.parked_at or row.due_at, "settled as told"


def test_a_deletion_that_is_accepted_with_errors(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Nothing is blanked here before Braze has taken the deletion (`Erasure.accepted_at`)."""
    alice = alice_by_email(visit, deliver)
    assert alice
    later(3600)
    call_command("erase_person", ALICE, verbosity=0)
    body = {"message": "success", "deleted": 0, "errors": ["This user could not be deleted."]}
    sandbox.faults.add("status", endpoint=DELETE, status=201, body=body, times=None)
    for _ in range(5):
        deliver()
        later(SIX_MINUTES)
    assert len(sandbox.world.profiles) == 1
    assert list(erasures.under_way()) != [], "done here, and Braze has said that it is not done there"


WORDS = ["bad \x00 number", "bad \ud800 number"]


def _trouble(deliver: Deliver, rounds: int = 3) -> list[str]:
    """Deliver so often, a minute apart; return what rounds failed with."""
    found = []
    for _ in range(rounds):
        try:
            deliver()
        except Exception as error:  # noqa: BLE001 - the worker's loop goes on, too
            found.append(repr(error))
        later(61)
    return found


@pytest.mark.parametrize("words", WORDS)
def test_words_that_no_database_takes(words: str, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Whoever is refused is parked, whatever the words: it is seen, and alerts (rule 14)."""
    crowd([1], "sms")
    all_told(deliver)
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": words}, match=phone(1), times=None)
    stop(phone(1))
    trouble = _trouble(deliver)
    assert (trouble, len(parked())) == ([], 1)


@pytest.mark.parametrize("words", WORDS)
def test_a_key_that_is_refused_in_such_words_stops_the_line(
    words: str, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    all_told(deliver)
    sandbox.faults.add("status", endpoint=SET, status=401, body={"message": words}, times=None)
    stop(phone(1))
    trouble = _trouble(deliver, 1)
    assert (trouble, stopped()) == ([], [(SET, "opt_outs")])
