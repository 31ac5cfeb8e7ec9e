"""What the database itself refuses of keywords, whoever writes them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sms_consent import disclosures
from sms_consent.models import Keyword

ACTIVE = {"word": "summer", "number": "55512", "meaning": "opt_in", "place": "poster"}


@pytest.mark.parametrize(
    "change",
    [
        {"word": "spring24"},
        {"word": "spring24", "meaning": "opt_out", "program": None, "disclosure": None},
        {"word": ""},
        {"word": "two words"},
        {"meaning": "maybe"},
        {"program": None},
        {"program": None, "is_active": False},
        {"disclosure": None},
        {"place": ""},
    ],
    ids=str,
)
def test_a_row_that_must_not_be(spring: Keyword, change: dict[str, Any]) -> None:
    row = ACTIVE | {"program": spring.program, "disclosure": spring.disclosure} | change
    with pytest.raises(IntegrityError), transaction.atomic():
        Keyword.objects.create(**row)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"word": "spring24", "number": "+12025550100"},
        {"is_active": False, "disclosure": None, "place": ""},
        {"meaning": "help", "program": None, "disclosure": None, "place": ""},
    ],
    ids=str,
)
def test_a_row_that_may_be(spring: Keyword, change: dict[str, Any]) -> None:
    row = ACTIVE | {"program": spring.program, "disclosure": spring.disclosure} | change
    assert Keyword.objects.create(**row).pk


@pytest.mark.parametrize(("kind", "says"), [("draft", "not published"), ("box", "a box on a form")])
def test_words_that_are_a_draft_or_for_a_box_are_refused(spring: Keyword, kind: str, says: str) -> None:
    assert spring.program
    text, door = disclosures.KEYWORD_DRAFT, "form" if kind == "box" else "keyword"
    words = disclosures.draft(spring.program, door=door, language="en", text=text, label="Texts", button="Open")
    spring.disclosure = words if kind == "draft" else disclosures.publish(words)
    with pytest.raises(ValidationError) as refusal:
        spring.full_clean()
    assert list(refusal.value.message_dict) == ["disclosure"]
    assert says in refusal.value.message_dict["disclosure"][0]


def test_what_evidence_keeps_of_a_text_by_it(spring: Keyword) -> None:
    assert spring.evidence == {
        "keyword": f"SPRING24 to 55512 (keyword {spring.pk})",
        "place": "poster, till receipt",
        "incentive": "10 % off your first order",
        "campaign": "spring-24",
    }
