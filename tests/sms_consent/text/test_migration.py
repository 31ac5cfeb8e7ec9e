"""A database with published words gets keywords, and its words stay as they were and protected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from sms_consent import triggers
from sms_consent.models import Disclosure, Keyword

pytestmark = pytest.mark.long  # each goes back to the first migration and forth again

PROGRAM = {
    "slug": "sms",
    "name": "Texts",
    "channel": "sms",
    "brand": "Example Brand",
    "purpose": "offers and news",
    "frequency": "Message frequency varies",
    "subscription_group_id": "5a4d0000-0000-4000-8000-000000000001",
    "confirm_sign_ups": False,
}


@pytest.fixture
def before_keywords(transactional_db: None) -> Iterator[Any]:
    """The models of a site that was installed before there were keywords; today's come back afterwards."""
    call_command("migrate", "sms_consent", "0001", verbosity=0)
    yield MigrationExecutor(connection).loader.project_state([("sms_consent", "0001_initial")]).apps
    call_command("migrate", verbosity=0)


def published_and_draft(apps: Any) -> None:
    program = apps.get_model("sms_consent", "Program").objects.create(**PROGRAM)
    words = apps.get_model("sms_consent", "Disclosure").objects
    now = timezone.now()
    words.create(program=program, version=1, label="Text me", draft="x", words="x", sha256="0" * 64, published_at=now)
    words.create(program=program, version=2, label="Text me", draft="y")
    record = apps.get_model("sms_consent", "ConsentRecord").objects.create(
        program=program,
        disclosure=words.get(version=1),
        act="granted",
        source="sign_up",
        subject="0" * 64,
        commitment="0" * 64,
        occurred_at=now,
        recorded_at=now,
    )
    apps.get_model("sms_consent", "Evidence").objects.create(record=record, salt="s", payload="{}")


def test_published_words_come_through_as_words_for_boxes_and_stay_frozen(before_keywords: Any) -> None:
    published_and_draft(before_keywords)
    assert not [name for name in triggers.missing() if "_disclosure_" in name]
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    rows = Disclosure.objects.order_by("version").values_list("words", "sha256", "door")
    assert list(rows) == [("x", "0" * 64, "form"), ("", "", "form")]
    for change in ({"words": "forged"}, {"door": "keyword"}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Disclosure.objects.filter(version=1).update(**change)
    assert Disclosure.objects.filter(version=2).update(door="keyword") == 1  # a draft may still be changed
    assert Disclosure.objects.get(version=1).records.count() == 1


@pytest.mark.usefixtures("_default_programs")  # of the session: as tests before this one had them
def test_programs_of_a_later_test_leave_the_next_ids_free(before_keywords: Any, request: Any) -> None:
    """What is made anew counts from one again: rows put back with the ids that they once had would be in the way."""
    call_command("migrate", verbosity=0)
    programs = request.getfixturevalue("programs")
    taken = Keyword.objects.count()
    for number in range(taken + 1):
        Keyword.objects.create(word=f"word{number}", number="55512", program=programs["sms"], is_active=False)
    assert Keyword.objects.count() == 2 * taken + 1


def test_an_older_site_then_gets_start_and_unstop(before_keywords: Any) -> None:
    published_and_draft(before_keywords)
    call_command("migrate", verbosity=0)
    call_command("create_default_programs", verbosity=0)
    found = Keyword.objects.values_list("word", "disclosure__version", "disclosure__door")
    assert list(found) == [("start", 3, "keyword"), ("unstop", 3, "keyword")]
