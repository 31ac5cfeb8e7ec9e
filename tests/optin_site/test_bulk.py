"""Rows written many at a time are those that `bulk_create` would have written."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, models
from django.db.models import F
from django.test.utils import isolate_apps
from django.utils import timezone
from post_office.models import Email

from optin_site import bulk, reading
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


def test_what_is_there_is_changed_where_that_is_asked_for() -> None:
    then = timezone.now()
    bulk.insert([GlobalEmail(address="a@example.com", version=1, due_at=then)])
    later = then + timedelta(1)
    news = [GlobalEmail(address=f"{name}@example.com", version=2, due_at=later) for name in "ab"]
    bulk.insert(news, unique=["address"], update=["version"])
    found = GlobalEmail.objects.order_by("address").values_list("address", "version", "due_at")
    assert list(found) == [("a@example.com", 2, then), ("b@example.com", 2, later)]


@pytest.mark.parametrize("text", ["back\\\\slash", 'quo"te', "{a,b}", "NULL", "", " ", "it's %s", "\n\t", "☐ü"])
def test_text_comes_back_as_it_was_alike_in_all_rows_or_not(text: str) -> None:
    rows = [profile(number, park_reason=text, merge_into=f"{text}{number}") for number in range(2)]
    bulk.insert(rows)
    for number, found in enumerate(BrazeProfile.objects.order_by("external_id")):
        assert (found.park_reason, found.merge_into) == (text, f"{text}{number}")


def test_rows_that_are_alike_in_everything_are_all_written() -> None:
    now, text = timezone.now(), "the same"
    bulk.add(Email, {"subject": [text, text, text]}, same={"created": now, "last_updated": now})
    assert list(Email.objects.values_list("subject", flat=True)) == [text, text, text]


def test_a_yes_counts_as_one_where_a_number_is_kept() -> None:
    bulk.add(GlobalEmail, {"address": ["a@example.com"]}, same={"attempts": True})
    bulk.add(GlobalEmail, {"address": ["b@example.com", "c@example.com"]}, same={"attempts": False})
    assert list(GlobalEmail.objects.order_by("address").values_list("attempts", flat=True)) == [1, 0, 0]


def test_values_that_are_only_equal_stay_what_they_are() -> None:
    bulk.insert([profile(1, accepted={"it": 1}), profile(2, accepted={"it": True})])
    assert [str(row.accepted["it"]) for row in BrazeProfile.objects.order_by("external_id")] == ["1", "True"]


def test_rows_without_objects_have_what_is_given_and_defaults() -> None:
    now = timezone.now()
    each = {"external_id": ["crm-1", "crm-2"], "version": [1, 2]}
    bulk.add(BrazeProfile, each, same={"due_at": now})
    found = BrazeProfile.objects.order_by("pk").values_list("external_id", "version", "due_at", "accepted", "attempts")
    assert list(found) == [("crm-1", 1, now, {}, 0), ("crm-2", 2, now, {}, 0)]


def test_rows_without_objects_change_those_that_are_there() -> None:
    bulk.insert([GlobalEmail(address="a@example.com", version=1, attempts=3)])
    each = {"address": ["a@example.com", "b@example.com"], "version": [2, 3]}
    bulk.add(GlobalEmail, each, is_ignoring=True)
    bulk.add(GlobalEmail, {"address": ["a@example.com"]}, unique=["address"], update=["attempts"])
    found = GlobalEmail.objects.order_by("address").values_list("address", "version", "attempts")
    assert list(found) == [("a@example.com", 1, 0), ("b@example.com", 3, 0)]


def test_what_is_inserted_again_is_changed_where_that_is_asked_for() -> None:
    bulk.insert([profile(1, version=1, attempts=3)])
    bulk.insert_again(profile(1, version=2, attempts=4), unique=["external_id"], update=["version"])
    assert BrazeProfile.objects.values_list("version", "attempts").get() == (2, 3)


def test_nothing_is_nothing_in_json_too() -> None:
    bulk.add(
        Email,
        {"to": ["a@example.com"], "headers": [None], "created": [timezone.now()]},
        same={"last_updated": timezone.now()},
    )
    assert Email.objects.filter(headers__isnull=True).exists()


def column(field: Any) -> str:
    if field.generated:
        return f'"{field.column}" integer GENERATED ALWAYS AS (number * 2) STORED'
    key = f"NOT NULL PRIMARY KEY {field.db_type_suffix(connection)}" if field.primary_key else ""
    default = "DEFAULT 'the database''s'" if field.has_db_default() else ""
    return f'"{field.column}" {field.db_type(connection)} {key} {default}'


@isolate_apps("sms_consent")
def test_fields_of_every_kind_are_written_as_save_writes_them() -> None:
    class Odd(models.Model):  # noqa: DJ008
        number = models.IntegerField()
        said = models.CharField(max_length=40, db_default="the database's")
        added = models.DateTimeField(auto_now_add=True)
        born = models.DateField(null=True)
        lasts = models.DurationField(default=timedelta(minutes=1))
        costs = models.DecimalField(max_digits=5, decimal_places=2, default="1.50")
        name = models.UUIDField(default=uuid4, db_column="called")
        double = models.GeneratedField(expression=F("number") * 2, output_field=models.IntegerField(), db_persist=True)

        class Meta:
            app_label = "sms_consent"

    columns = ", ".join(map(column, Odd._meta.concrete_fields))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {Odd._meta.db_table} ({columns})")
    one, other = Odd(number=1, born=date(2000, 2, 29)), Odd(number=2)
    bulk.insert([one])
    other.save()
    found, saved = Odd.objects.order_by("number")
    assert (found.said, found.name, found.added, found.born) == ("the database's", one.name, one.added, one.born)
    assert (found.lasts, str(found.costs), found.double) == (saved.lasts, str(saved.costs), 2)
    assert found.name in {row.name for row in reading.rows(Odd, "", [])}


def test_more_than_one_statement_takes() -> None:
    rows = [profile(number) for number in range(bulk.MOST_VALUES // 10)]
    bulk.insert(rows)
    assert BrazeProfile.objects.count() == len({row.pk for row in rows}) == len(rows)


def test_nothing_to_write() -> None:
    bulk.insert([])
    bulk.add(GlobalEmail, {"address": []})
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
