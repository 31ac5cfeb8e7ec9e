"""Proof is kept for as long as it must be, and goes then (US-7, US-9, EU-6, EU-7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.utils import timezone

from accounts.models import User
from sms_consent import ledger, people, retention, services
from sms_consent.choices import Act, Source
from sms_consent.ledger import Circumstances, Entry
from sms_consent.models import Evidence, GlobalEmail, InboundMessage, Program, Subscription
from sms_consent.people import subject
from tests.people import ALICE, ALICES_PHONE, acts, standing

HOW = Circumstances(ip="192.0.2.1", person="somebody")
YEAR = timedelta(days=365.25)
Did = Callable[..., None]


def ago(years: float) -> datetime:
    return timezone.now() - years * YEAR


@pytest.fixture
def did(programs: dict[str, Program]) -> Did:
    """Write down what was done so many years ago, and Braze has long been told."""

    def did(act: Act, years: float, address: str = ALICES_PHONE, **more: Any) -> None:
        program = programs["email" if "@" in address else "sms"]
        people.lock([address])
        entry = Entry(program, address, act, Source.SIGN_UP, circumstances=HOW, occurred_at=ago(years), **more)
        ledger.append([entry], ledger.standings([entry.key]))
        Subscription.objects.update(due_at=None)

    return did


def kept(address: str = ALICES_PHONE) -> list[bool]:
    """Return, for each record of an address in the order of time, whether its evidence is still there."""
    rows = Evidence.objects.filter(record__subject=subject(address)).order_by("record__occurred_at", "pk")
    return [bool(row.payload and row.salt) for row in rows]


def tidy() -> None:
    while retention.tidy():
        pass


@pytest.mark.parametrize(
    ("left", "after", "address"),
    [
        (4.9, [True, True], ALICES_PHONE),
        (5.1, [False, True], ALICES_PHONE),
        (9.9, [False, True], ALICES_PHONE),
        (10.1, [False, False], ""),
    ],
)
def test_evidence_goes_five_years_after_the_end_and_an_opt_out_after_ten(
    left: float, after: list[bool], address: str, did: Did
) -> None:
    did(Act.GRANTED, 12)
    did(Act.WITHDRAWN, left, stops=True)
    tidy()
    row = Subscription.objects.get()
    assert (kept(), row.address) == (after, address)
    assert (row.state, row.stopped_at is not None, row.subject) == ("unsubscribed", True, subject(ALICES_PHONE))
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


@pytest.mark.parametrize("last", [Act.GRANTED, Act.REQUESTED])
def test_what_stands_or_waits_loses_nothing_however_old(last: Act, did: Did) -> None:
    did(Act.GRANTED, 20)
    did(Act.WITHDRAWN, 19)
    did(last, 15, proven=True)
    tidy()
    assert kept() == [True, True, True]


def test_what_was_done_since_counts_from_then(did: Did) -> None:
    did(Act.GRANTED, 20)
    did(Act.WITHDRAWN, 12)
    tidy()
    assert kept() == [False, False]
    did(Act.GRANTED, 7, proven=True)
    tidy()
    did(Act.WITHDRAWN, 1)
    tidy()
    assert kept() == [False, False, True, True]


def test_an_old_record_that_comes_late_goes_too(did: Did) -> None:
    """Imported after everything as old as it has been dealt with."""
    did(Act.WITHDRAWN, 11)
    tidy()
    did(Act.GRANTED, 12)
    tidy()
    assert kept() == [False, False]


def test_one_program_says_nothing_of_another(programs: dict[str, Program], did: Did) -> None:
    did(Act.GRANTED, 12)
    did(Act.WITHDRAWN, 11)
    other = programs["sms"]
    other.pk, other.slug, other.subscription_group_id = None, "alerts", "5a4d0000-0000-4000-8000-00000000000a"
    other.save()
    did(Act.GRANTED, 11)
    tidy()
    assert sorted(kept()) == [False, False, True]
    assert set(Subscription.objects.values_list("address", flat=True)) == {ALICES_PHONE}


def test_an_address_stays_while_a_person_has_it_and_goes_with_its_global_opt_out(did: Did) -> None:
    did(Act.WITHDRAWN, 11, ALICE)
    did(Act.WITHDRAWN, 11, "bob@example.com")
    User.objects.create_user(ALICE)
    GlobalEmail.objects.create(address=ALICE)
    GlobalEmail.objects.create(address="bob@example.com")
    tidy()
    assert (kept(ALICE), kept("bob@example.com")) == ([False], [False])
    assert sorted(Subscription.objects.values_list("address", flat=True)) == ["", ALICE]
    assert GlobalEmail.objects.get().address == ALICE


def message(years: float, address: str = ALICES_PHONE, **more: Any) -> InboundMessage:
    return InboundMessage.objects.create(
        provider="braze",
        kind="text",
        subject=subject(address),
        address=address,
        body="words",
        outcome=more.pop("outcome", "answered"),
        occurred_at=ago(years),
        received_at=ago(years),
        **more,
    )


def test_texts_go_after_five_years_and_opt_outs_after_ten(db: None) -> None:
    rows = [message(4.9), message(5.1), message(9.9, status="unsubscribed"), message(10.1, status="unsubscribed")]
    tidy()
    bodies = [InboundMessage.objects.get(pk=row.pk).body for row in rows]
    assert bodies == ["words", "", "words", ""]


def test_texts_of_an_address_that_stands_subscribed_stay(did: Did) -> None:
    did(Act.GRANTED, 12)
    message(12)
    tidy()
    assert InboundMessage.objects.get().body == "words"


def test_a_text_goes_with_the_consent_that_it_proves(did: Did) -> None:
    did(Act.GRANTED, 12)
    row = message(12, outcome="acted")
    did(Act.WITHDRAWN, 4.9)
    tidy()
    assert InboundMessage.objects.get(pk=row.pk).body == "words"
    Subscription.objects.update(ended_at=ago(5.1))
    tidy()
    assert InboundMessage.objects.get(pk=row.pk).body == ""


def test_a_text_that_staff_called_an_opt_out_stays_as_long_as_any(did: Did) -> None:
    did(Act.WITHDRAWN, 6)
    record = Evidence.objects.get().record
    message(6, outcome="acted", record=record)
    tidy()
    assert InboundMessage.objects.get().body == "words"


def test_a_blank_address_is_known_again_by_a_fresh_act(did: Did, programs: dict[str, Program]) -> None:
    did(Act.WITHDRAWN, 11, stops=True)
    tidy()
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=HOW)
    row = Subscription.objects.get()
    assert (row.address, row.stopped_at is not None, standing(ALICES_PHONE, "sms")) == (
        ALICES_PHONE,
        True,
        "unsubscribed",
    )


def test_periods_are_settings_and_short_ones_are_objected_to(did: Did, settings: Any) -> None:
    did(Act.WITHDRAWN, 11)
    settings.EVIDENCE_YEARS, settings.OPT_OUT_YEARS = 6, 12
    tidy()
    assert kept() == [True]
    assert "sms_consent.E007" not in {found.id for found in run_checks(include_deployment_checks=True)}
    settings.OPT_OUT_YEARS = 9
    found = [it for it in run_checks(include_deployment_checks=True) if it.id == "sms_consent.E007"]
    assert [it.msg for it in found] == ["OPT_OUT_YEARS is less than 10 (US-9)."]


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Subscription.objects.filter(is_thinned=False, ended_at__lt=ago(5)).order_by("ended_at"), "subscription_ended"),
        (
            InboundMessage.objects.filter(aged_at=None, received_at__lt=ago(5)).order_by("received_at"),
            "inbound_young",
        ),
    ],
)
def test_what_is_due_is_found_by_an_index(rows: Any, index: str, db: None) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("DROP INDEX inbound_by_time")  # of a table that it thinks is empty, it would do as well
    assert index in rows.explain()
