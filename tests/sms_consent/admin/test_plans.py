"""No page of the admin reads a big table through: shown by the plans that the database makes for its queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sms_consent import outbox
from sms_consent.models import InboundMessage, Program
from tests.people import ALICE, ALICES_PHONE

BIG = (
    "accounts_user",
    "sms_consent_accessrecord",
    "sms_consent_brazeprofile",
    "sms_consent_consentrecord",
    "sms_consent_evidence",
    "sms_consent_globalemail",
    "sms_consent_inboundmessage",
    "sms_consent_sealedrecord",
    "sms_consent_subscription",
)
TODAY = "2026-01-01+00%3A00%3A00%2B00%3A00"
# Filters by what is rare. What is common (“nothing left to tell”, “not staff”) is found wherever one looks.
QUERIES = {
    "accounts_user": ["is_staff__exact=1", "is_active__exact=0", f"date_joined__gte={TODAY}"],
    "sms_consent_accessrecord": ["action__exact=exported", f"at__gte={TODAY}"],
    "sms_consent_brazeprofile": ["outbox=parked", "outbox=due"],
    "sms_consent_consentrecord": [
        "act__exact=expired",
        "source__exact=admin",
        "program__id__exact={program}",
        f"occurred_at__gte={TODAY}",
        "o=-2",
    ],
    "sms_consent_globalemail": ["outbox=parked", "outbox=due"],
    "sms_consent_inboundmessage": [
        "outcome__exact=unknown",
        "needs_review__exact=1",
        "kind__exact=spam",
        f"received_at__gte={TODAY}",
    ],
    "sms_consent_subscription": [
        "outbox=parked",
        "outbox=due",
        "seen=left",
        "program__id__exact={program}",
        "state__exact=pending",
    ],
}


PARTIAL = {
    index.name for model in apps.get_models() for index in model._meta.indexes if getattr(index, "condition", None)
}


def read_through(sql: str) -> list[str]:
    """Return the big tables that a query reads from end to end although it asks for some rows only."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # with so few rows it would not use an index
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), ())
            found = [node["Relation Name"] for node in nodes(cursor.fetchone()[0][0]["Plan"]) if goes_through(node)]
        else:
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), ())
            steps = [row[3] for row in cursor.fetchall()] if " WHERE " in sql else []
            found = [step.removeprefix("SCAN ") for step in steps if re.fullmatch(r"SCAN \w+", step)]
    return sorted(set(found) & set(BIG))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a PostgreSQL plan's steps."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def goes_through(node: dict[str, Any]) -> bool:
    """Whether a step looks at every row of its table: without an index, or at all that a whole one leads to."""
    if "Relation Name" not in node:
        return False
    narrowed = "Index Cond" in node or "Recheck Cond" in node or node.get("Index Name") in PARTIAL
    return node["Node Type"] == "Seq Scan" or ("Filter" in node and not narrowed)


def plans(client: Client, url: str, data: dict[str, str] | None = None) -> None:
    """Open a page, or search on it; fail if one of its queries reads a big table through."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(url, data, follow=True) if data else client.get(url)
    assert answer.status_code == 200
    for sql in {it["sql"] for it in queries if it["sql"].startswith("SELECT")}:
        if any(f'"{table}"' in sql for table in BIG):
            assert not read_through(sql), f"{url}: {sql}"


@pytest.fixture
def rows(alice: User) -> dict[str, Any]:
    """Something in every table."""
    outbox.mark_left(ALICE)
    InboundMessage.objects.create(kind="text", outcome="unknown", occurred_at=timezone.now(), address=ALICES_PHONE)
    return {"program": Program.objects.get(slug="sms").pk}


@pytest.mark.parametrize("name", QUERIES)
def test_lists_and_their_filters_use_an_index(name: str, boss: Client, rows: dict[str, Any]) -> None:
    path = reverse(f"admin:{name}_changelist")
    plans(boss, path)
    for query in QUERIES[name]:
        plans(boss, f"{path}?{query.format(**rows)}")


@pytest.mark.parametrize("name", QUERIES)
def test_searches_and_pages_of_one_row_use_an_index(name: str, boss: Client, rows: dict[str, Any]) -> None:
    path = reverse(f"admin:{name}_changelist")
    for address in (ALICE, ALICES_PHONE):
        plans(boss, path, {"look_up": address})
    row = boss.get(path).context["cl"].queryset.order_by("pk").first()
    if row is not None:
        plans(boss, reverse(f"admin:{name}_change", args=[row.pk]))


def test_the_dashboard_and_a_person_use_an_index(boss: Client, alice: User, rows: dict[str, Any]) -> None:
    plans(boss, reverse("desk"))
    plans(boss, reverse("admin:accounts_user_change", args=[alice.pk]))
