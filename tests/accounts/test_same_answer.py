"""Nobody learns from an answer who is known here, and an answer costs the same whoever asks (rule 10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from accounts.models import User
from sms_consent import selectors, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import Program, Subscription
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROL, CAROLS_PHONE, Visitor, send_sign_up

AROUND = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")  # a test is a transaction, so a form's own one is a savepoint
ON_POSTGRESQL = connection.vendor == "postgresql"


def statements(act: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        act()
    return [query["sql"] for query in caught if not query["sql"].startswith(AROUND)]


def writes(sqls: list[str]) -> list[tuple[str, str]]:
    """Return what they write where; on PostgreSQL one statement may write to several tables."""
    return [write for sql in sqls for write in re.findall(r'\b(INSERT INTO|UPDATE|DELETE FROM) "(\w+)"', sql)]


def seen(answer: Any) -> tuple[Any, ...]:
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    return answer.status_code, answer.headers.get("Location"), page, sorted(answer.cookies)


@pytest.fixture
def some_are_known(visit: Callable[[], Visitor]) -> None:
    """Alice pressed her button, Bob never did, Carol stopped."""
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    visit().sign_up(BOB, BOBS_PHONE, "sms", "email")
    visit().sign_up(CAROL, CAROLS_PHONE, "sms", "email")
    stopped = {"source": Source.KEYWORD, "stops": True, "circumstances": Circumstances(note="STOP")}
    services.withdraw(CAROLS_PHONE, **stopped)  # type: ignore[arg-type]
    services.withdraw(CAROL, source=Source.ADMIN, circumstances=Circumstances(note="wrote"))


KNOWN = {
    "a proven address": (ALICE, ALICES_PHONE),
    "an unproven address": (BOB, BOBS_PHONE),
    "a stopped address": (CAROL, CAROLS_PHONE),
    "a known address, a new number": (ALICE, "+12025550177"),
    "a new address, a stopped number": ("dave@example.com", CAROLS_PHONE),
}


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize("boxes", [(), ("sms",), ("email",), ("sms", "email")], ids=["none", "sms", "email", "both"])
@pytest.mark.parametrize("who", KNOWN)
def test_the_same_answer_and_the_same_writes(who: str, boxes: tuple[str, ...]) -> None:
    answers, lists = [], []
    for email, phone in (("new@example.com", "+12025550199"), KNOWN[who]):
        client = Client()
        client.get("/")
        selectors.forget_offers()  # or else a slow machine reads them again for one of the two
        sqls = statements(lambda: answers.append(send_sign_up(client, email, phone, *boxes)))  # noqa: B023
        lists.append((writes(sqls), len(sqls)))
    assert seen(answers[0]) == seen(answers[1])
    assert lists[0] == lists[1]


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize("email", [ALICE, BOB, CAROL, "new@example.com"])
def test_the_welcome_page_is_the_same_for_everyone(email: str) -> None:
    client = Client()
    send_sign_up(client, email)
    assert seen(client.get("/welcome/")) == seen(Client().get("/welcome/"))


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize("email", [ALICE, BOB, CAROL])
def test_asking_for_a_sign_in_code_tells_nothing(email: str) -> None:
    answers, lists = [], []
    for who in ("new@example.com", email):
        client = Client()
        sqls = statements(lambda: answers.append(client.post("/accounts/login/", {"email": who})))  # noqa: B023
        lists.append(writes(sqls))
    hidden = [re.sub(r"[\w.]+@example.com", "…", str(seen(answer))) for answer in answers]
    assert hidden[0] == hidden[1]
    assert lists[0] == lists[1]


@pytest.mark.usefixtures("some_are_known")
def test_every_kind_of_visitor_gets_one_mail_and_no_more() -> None:
    for email in (ALICE, BOB, CAROL, "new@example.com"):
        before = Email.objects.count()
        send_sign_up(Client(), email, "", "email")
        assert Email.objects.count() == before + 1


# --- What it costs ---------------------------------------------------------------------------------------


def cost(email: str, phone: str) -> list[str]:
    client = Client()
    selectors.forget_offers()  # or what is kept for seconds may run out between the two
    client.get("/")
    return statements(lambda: send_sign_up(client, email, phone, "sms", "email"))


def fill(people: int) -> None:
    """Fill the tables in two statements, each person with a number and two subscriptions."""
    many = (
        "generate_series(1, %s) AS n"
        if ON_POSTGRESQL
        else "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %s) SELECT n FROM c) AS c"
    )
    now = "now()" if ON_POSTGRESQL else "datetime()"
    # ruff: noqa: S608 - nothing here comes from outside
    yes, no = ("TRUE", "FALSE") if ON_POSTGRESQL else ("1", "0")
    person = (
        "INSERT INTO accounts_user (external_id, email, phone, language, time_zone, is_staff, is_active, is_superuser,"
        " date_joined, password, former_phones) SELECT 'p' || n, 'p' || n || '@example.net', '+1303' || (5000000 + n),"
        f" 'en', '', {no}, {yes}, {no}, {now}, '!', '[]' FROM {many}"
    )
    subscription = (
        "INSERT INTO sms_consent_subscription (program_id, subject, address, state, told, version, attempts,"
        f" park_reason, asked, is_recheck, last_said, rides, renewals) SELECT p.id, 's' || p.id || '-' || n,"
        f" 'p' || n || '@example.net', 'subscribed', '', 0, 0, '', 0, {no}, '', 0, 0 FROM sms_consent_program p, {many}"
    )
    with connection.cursor() as cursor:
        for sql in (person, subscription):
            cursor.execute(sql, [people])
        cursor.execute("ANALYZE")


@pytest.mark.usefixtures("sandbox")
def test_a_full_sign_up_costs_as_many_statements_with_ten_people_or_a_hundred_thousand(
    programs: dict[str, Program],
) -> None:
    fill(10)
    first = cost(ALICE, ALICES_PHONE)
    User.objects.filter(email__endswith="@example.net").delete()
    Subscription.objects.filter(address__endswith="@example.net").delete()
    fill(100_000)
    then = cost(BOB, BOBS_PHONE)
    assert len(first) <= (7 if ON_POSTGRESQL else 10), "\n".join(first)  # twelve at most, design.md §5
    assert [re.split(r"\W+", sql)[:3] for sql in then] == [re.split(r"\W+", sql)[:3] for sql in first]
    if ON_POSTGRESQL:
        assert scans(then) == []


def scans(sqls: list[str]) -> list[str]:
    """Return the statements that PostgreSQL would answer by reading a big table from end to end."""
    big = re.compile(r"Seq Scan on (accounts_user|sms_consent_subscription)\b")
    found = []
    with connection.cursor() as cursor:
        for sql in sqls:
            if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                cursor.execute(f"EXPLAIN {sql}")
                found += [sql for (line,) in cursor.fetchall() if big.search(line)]
    return found


@pytest.mark.usefixtures("programs", "sandbox")
def test_a_sign_up_leaves_no_session(client: Client) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email")
    client.post("/welcome/")
    client.get("/welcome/")
    assert Session.objects.count() == 0
