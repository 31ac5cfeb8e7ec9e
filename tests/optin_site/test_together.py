"""What needs no answer travels with the next statement that does, and is written all the same."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from optin_site import bulk, reading, together
from sms_consent.models import BrazeLine, BrazeProfile, GlobalEmail

pytestmark = pytest.mark.django_db
ON_POSTGRESQL = connection.vendor == "postgresql"


def write(address: str) -> None:
    bulk.add(GlobalEmail, {"address": [address]})


def stop_line(name: str) -> None:
    bulk.add(BrazeLine, {"name": [name], "probe_at": [timezone.now()]})


def names() -> list[str]:
    return sorted(GlobalEmail.objects.values_list("address", flat=True))


def test_what_is_sent_travels_with_what_is_asked() -> None:
    profile = BrazeProfile(external_id="crm-1", park_reason="100 %")
    with CaptureQueriesContext(connection) as caught, together.travelling():
        write("a@example.com")
        stop_line("sms")
        bulk.insert([profile])
    assert len(caught) == (1 if ON_POSTGRESQL else 3)
    assert (names(), BrazeLine.objects.get().name) == (["a@example.com"], "sms")
    assert BrazeProfile.objects.get(pk=profile.pk).park_reason == "100 %"


def test_what_is_sent_last_goes_at_the_end() -> None:
    with CaptureQueriesContext(connection) as caught, together.travelling():
        assert reading.rows(GlobalEmail, "WHERE address = %s", ["a@example.com"]) == []
        write("a@example.com")
        stop_line("sms")
    assert len(caught) == (2 if ON_POSTGRESQL else 3)
    assert (names(), BrazeLine.objects.get().name) == (["a@example.com"], "sms")


def test_one_row_may_be_written_twice() -> None:
    with together.travelling():
        for name in ("a", "b"):
            bulk.add(
                BrazeProfile,
                {"external_id": ["crm-1"], "park_reason": [name]},
                unique=["external_id"],
                update=["park_reason"],
            )
    assert BrazeProfile.objects.get().park_reason == "b"


def test_what_django_asks_finds_what_was_sent_before() -> None:
    with together.travelling():
        write("a@example.com")
        assert names() == ["a@example.com"]


def take_back(address: str) -> None:
    with transaction.atomic():
        write(address)
        raise ValueError("enough")


def test_what_is_taken_back_takes_what_was_sent_with_it() -> None:
    with together.travelling():
        with pytest.raises(ValueError, match="enough"):
            take_back("a@example.com")
        write("b@example.com")
    assert names() == ["b@example.com"]


def test_nobody_waits_elsewhere() -> None:
    write("a@example.com")
    assert names() == ["a@example.com"]


def fail(*addresses: str) -> None:
    with transaction.atomic(), together.travelling():
        for address in addresses:
            write(address)
        raise ValueError("enough")


def twice(address: str) -> None:
    with transaction.atomic(), together.travelling():
        write("b@example.com")
        write(address)


def test_what_fails_takes_everything_with_it() -> None:
    write("a@example.com")
    with pytest.raises(IntegrityError):
        twice("a@example.com")
    assert names() == ["a@example.com"]


def test_nothing_is_left_over_from_what_failed() -> None:
    with pytest.raises(ValueError, match="enough"):
        fail("a@example.com")
    with together.travelling():
        write("b@example.com")
    assert names() == ["b@example.com"]
