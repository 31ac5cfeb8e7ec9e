"""Addresses that a profile at Braze has without a call of ours: they go when they are changed here, and when erased."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from sms_consent import outbox
from sms_consent.delivery.identities import deliver_identities
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.outbox import Outcome
from sms_consent.sandbox import Sandbox
from tests.accounts.test_concurrency import locked
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, BOBS_PHONE, CAROLS_PHONE, Deliver, Visit
from tests.sms_consent.delivery.helpers import (
    SIX_MINUTES,
    alice_after_a_text,
    alice_by_email,
    all_told,
    later,
    merges_that_come_late,
    phones,
    stop,
)
from tests.sms_consent.webhooks import events
from tests.waiting import until, waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs", "open_hooks")]
on_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer and no row locks")


def somebody_who_left(visit: Visit, deliver: Deliver) -> None:
    """Bob's number, by itself, asked for texts and left; Braze has it."""
    visit().ask_for_texts(BOBS_PHONE)
    deliver()
    stop(BOBS_PHONE)
    all_told(deliver)


def test_a_merged_number_where_one_had_been_given_up(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms")
    alice.preferences("")
    all_told(deliver)
    somebody_who_left(visit, deliver)
    alice.preferences(BOBS_PHONE)
    all_told(deliver)
    assert phones(sandbox) == [BOBS_PHONE]
    alice.preferences(CAROLS_PHONE)
    all_told(deliver)
    assert phones(sandbox) == [None]


@pytest.mark.parametrize("when", ["before the merge", "after the merge"])
def test_a_merge_that_comes_late(when: str, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_by_email(visit, deliver, ALICES_PHONE, "sms")
    somebody_who_left(visit, deliver)
    with merges_that_come_late(deliver, sandbox):
        alice.preferences(BOBS_PHONE)
        deliver()
        if when == "before the merge":
            alice.preferences(CAROLS_PHONE)
    alice.preferences(CAROLS_PHONE)
    all_told(deliver)
    assert BOBS_PHONE not in phones(sandbox)


@pytest.mark.parametrize("is_identified", [True, False])
def test_somebody_of_whom_braze_was_told_nothing_yet(
    is_identified: bool, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Alice turns out to be who a text had made at Braze. After she is erased, nobody has the number there."""
    alice = alice_by_email(visit, deliver)
    sandbox.world.send_text(BOBS_PHONE, "START", SMS)
    events.send([events.text("START", phone=BOBS_PHONE)])
    if is_identified:
        with closing(new_courier(Lane.REST)) as rest:
            assert deliver_identities(rest) == 1
    alice.preferences(BOBS_PHONE)
    all_told(deliver)
    assert phones(sandbox) == [BOBS_PHONE]
    for who in (ALICE, BOBS_PHONE):  # she, and who is left behind her number because its handset opted in
        call_command("erase_person", who)
        for _ in range(3):
            deliver()
            later(SIX_MINUTES)
    assert phones(sandbox) == []


@on_postgresql
def test_a_change_that_has_begun_when_the_number_comes(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    alice = alice_after_a_text(visit, sandbox)
    alice.sign_in(ALICE)
    with ThreadPoolExecutor(2) as pool:
        with locked(Subscription.objects.filter(address=ALICES_PHONE)):
            changing = pool.submit(_with_a_connection, alice.preferences, BOBS_PHONE)
            until(waiting)  # it is about to withdraw from the old number
            pool.submit(_with_a_connection, _identify).result()
        assert changing.result().status_code == 302
    all_told(deliver)
    assert phones(sandbox) == [None]


def _identify() -> None:
    with closing(new_courier(Lane.REST)) as rest:
        deliver_identities(rest)


def _with_a_connection(action: Callable[..., Any], *args: Any) -> Any:
    try:
        return action(*args)
    finally:
        connection.close()


@on_postgresql
def test_a_change_and_a_worker_do_not_wait_for_each_other(visit: Visit, deliver: Deliver) -> None:
    """Who turns out to be Alice has the lower id: workers lock that first."""
    somebody_who_left(visit, deliver)
    alice = alice_by_email(visit, deliver, ALICES_PHONE)
    for profile in BrazeProfile.objects.all():
        outbox.mark(profile.person)
    claims = outbox.claim_people(10)
    assert len(claims) == 2
    told = dict.fromkeys(claims, Outcome(accepted=True))
    with ThreadPoolExecutor(2) as pool:
        with locked(BrazeProfile.objects.filter(person__phone=BOBS_PHONE)):
            settling = pool.submit(_with_a_connection, outbox.settle_profiles, told, {}, {})
            until(waiting)
            changing = pool.submit(_with_a_connection, alice.preferences, BOBS_PHONE)
            until(lambda: waiting() == 2, 20)
        settling.result()
        assert changing.result().status_code == 302
