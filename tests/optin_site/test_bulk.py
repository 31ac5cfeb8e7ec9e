"""Rows written many at a time are those that `bulk_create` would have written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from optin_site import bulk
from sms_consent.choices import State
from sms_consent.models import BrazeProfile, GlobalEmail, Program, Subscription

pytestmark = pytest.mark.django_db
AWKWARD = {'quote"': "back\\\\slash", "braces": "{a,b}", "null": None, "☐ü": [1.5, True], "nested": {"'": "%s"}}


def profile(number: int, **fields: object) -> BrazeProfile:
    return BrazeProfile(external_id=f"crm-{number}", **fields)


def test_ids_are_filled_in_in_order_and_values_come_back_as_they_were() -> None:
    now = timezone.now()
    rows = [profile(number, accepted=AWKWARD, due_at=now if number % 2 else None) for number in range(100)]
    bulk.insert(rows)
    assert len({row.pk for row in rows}) == 100
    for row in rows:
        found = BrazeProfile.objects.get(pk=row.pk)
        assert (found.external_id, found.accepted, found.due_at) == (row.external_id, AWKWARD, row.due_at)


def test_choices_are_kept_as_their_values(programs: dict[str, Program]) -> None:
    bulk.insert([Subscription(program=programs["sms"], subject="0" * 64, state=State.SUBSCRIBED)])
    assert Subscription.objects.values_list("state", "told").get() == ("subscribed", "")


def test_what_is_there_is_changed_or_left_alone() -> None:
    then = timezone.now()
    bulk.insert([GlobalEmail(address="a@example.com", version=1, due_at=then)])
    news = [GlobalEmail(address=f"{name}@example.com", version=2, due_at=then + timedelta(1)) for name in "ab"]
    bulk.insert(news, is_ignoring=True)
    versions = dict(GlobalEmail.objects.values_list("address", "version"))
    assert versions == {"a@example.com": 1, "b@example.com": 2}
    bulk.insert(news, unique=["address"], update=["version"])
    found = GlobalEmail.objects.get(address="a@example.com")
    assert (found.version, found.due_at) == (2, then)


def test_more_than_one_statement_takes() -> None:
    rows = [profile(number) for number in range(bulk.MOST_VALUES // 10)]
    bulk.insert(rows)
    assert BrazeProfile.objects.count() == len({row.pk for row in rows}) == len(rows)


def test_nothing_to_write() -> None:
    bulk.insert([])
    bulk.update(BrazeProfile, "accepted", {}, {"due_at": None})


def test_rows_get_values_of_their_own_and_some_that_are_the_same() -> None:
    now = timezone.now()
    rows = [profile(number, due_at=now) for number in range(3)]
    bulk.insert(rows)
    own = {rows[0].pk: AWKWARD, rows[1].pk: {}}
    bulk.update(BrazeProfile, "accepted", own, {"accepted_at": now, "due_at": None, "is_unknown": True, "attempts": 7})
    for row in BrazeProfile.objects.filter(pk__in=own):
        assert row.accepted == own[row.pk]
        assert (row.accepted_at, row.due_at, row.is_unknown, row.attempts) == (now, None, True, 7)
    other = BrazeProfile.objects.get(pk=rows[2].pk)
    assert (other.accepted, other.accepted_at, other.due_at) == ({}, None, now)


def test_among_is_in_with_one_parameter() -> None:
    rows = [profile(number) for number in range(3)]
    bulk.insert(rows)
    names = {"crm-0", "crm-2", AWKWARD['quote"'], "'", "☐ü"}
    assert set(BrazeProfile.objects.filter(external_id__among=names)) == {rows[0], rows[2]}
    assert set(BrazeProfile.objects.filter(pk__among=[rows[1].pk, -1])) == {rows[1]}
    assert not BrazeProfile.objects.filter(pk__among=[]).exists()
