"""A trigger that bears the right name and does something else is noticed, and put right by migrate."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms_consent import triggers
from tests.people import ALICE, send_sign_up

pytestmark = pytest.mark.django_db

ON_SQLITE = connection.vendor == "sqlite"
TABLES = ("sms_consent_consentrecord", "sms_consent_disclosure", "sms_consent_evidence")
KINDS = ("update", "delete", "replace" if ON_SQLITE else "truncate")
EVERY_NAME = sorted(f"{table}_no_{kind}" for table in TABLES for kind in KINDS)
TABLE = "sms_consent_evidence"
NAME = f"{TABLE}_no_update"
BUILT_IN = "suppress_redundant_updates_trigger"  # PostgreSQL's own, which lets every real update through


def query(sql: str, *values: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def definition(name: str) -> str:
    if ON_SQLITE:
        return query("SELECT sql FROM sqlite_master WHERE name = %s", name)[0][0]
    return query("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = %s", name)[0][0]


def replace(name: str, old: str, new: str) -> None:
    """Have the trigger read otherwise; everything else about it stays."""
    before = definition(name)
    after = before.replace(old, new)
    assert after != before
    if ON_SQLITE:
        query(f"DROP TRIGGER {name}")
        query(after)
    else:
        query(f"DROP TRIGGER {name} ON {table_of(before)}; {after}")
        query(f"ALTER TABLE {table_of(after)} ENABLE ALWAYS TRIGGER {name}")


def table_of(sql: str) -> str:
    return sql.split(" ON ")[1].split()[0]


def hollow_out(name: str) -> None:
    """Have the trigger do nothing, without a word of its own changed where it calls a function."""
    if ON_SQLITE:
        body = definition(name).split(" BEGIN ", 1)[1]
        replace(name, body, "SELECT 1; END")
    else:
        row = {"update": "NEW", "delete": "OLD", "truncate": "NULL"}[name.rsplit("_", 1)[1]]
        query(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN {row}; END'")


TAMPERINGS: dict[str, Callable[[], object]] = {
    "what it does": lambda: hollow_out(NAME),
    "event": lambda: replace(NAME, "BEFORE UPDATE", "BEFORE UPDATE OF record_id"),
    "table": lambda: replace(NAME, f" ON {'' if ON_SQLITE else 'public.'}{TABLE}", " ON sms_consent_brazeline"),
}
TAMPERINGS |= (
    {"condition": lambda: replace(NAME, " WHEN ", " WHEN FALSE AND ")}
    if ON_SQLITE
    else {
        "condition": lambda: replace(NAME, " EXECUTE", " WHEN (FALSE) EXECUTE"),
        "function": lambda: replace(NAME, f"FUNCTION {NAME}", f"FUNCTION {BUILT_IN}"),
        "replicas only": lambda: query(f"ALTER TABLE {TABLE} ENABLE REPLICA TRIGGER {NAME}"),
    }
)
EVERY_WAY = pytest.mark.parametrize("tampering", TAMPERINGS)


@EVERY_WAY
def test_it_counts_as_missing(tampering: str) -> None:
    TAMPERINGS[tampering]()
    assert triggers.missing() == [NAME]


@EVERY_WAY
@pytest.mark.usefixtures("programs")
def test_migrate_puts_it_right(tampering: str, client: Client) -> None:
    send_sign_up(client, ALICE, "", "email")
    if not ON_SQLITE:
        query("SET CONSTRAINTS ALL IMMEDIATE")  # nothing is altered while foreign keys are still to be checked
    TAMPERINGS[tampering]()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert triggers.missing() == []
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        query("UPDATE sms_consent_evidence SET payload = 'forged'")


def test_the_check_and_readyz_say_which(client: Client) -> None:
    hollow_out(NAME)
    with pytest.raises(SystemCheckError, match=rf"sms_consent.E001.*{NAME}"):
        call_command("check", databases=["default"])
    answer = client.get(reverse("readyz"))
    assert (answer.status_code, answer.json()["triggers_missing"]) == (503, [NAME])


def test_each_of_them_is_looked_at() -> None:
    for name in EVERY_NAME:
        hollow_out(name)
    assert triggers.missing() == EVERY_NAME


def test_what_is_right_is_left_alone() -> None:
    with CaptureQueriesContext(connection) as seen:
        triggers.install()
    assert len(seen) == 2


@pytest.mark.long
def test_the_command_itself_mends_what_the_check_complains_of(tmp_path: Path) -> None:
    """It looks at the checks first, and must not refuse to do what their hint says."""
    file = tmp_path / "scratch.sqlite3"
    env = os.environ | {"DATABASE_URL": f"sqlite:///{file}", "DJANGO_SETTINGS_MODULE": "optin_site.settings"}

    def manage(*arguments: str) -> int:
        return subprocess.run([sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, env=env).returncode

    assert manage("migrate", "--verbosity", "0") == 0
    with closing(sqlite3.connect(file)) as scratch:
        scratch.execute("DROP TRIGGER sms_consent_evidence_no_delete")
    assert manage("check", "--database", "default") == 1
    assert manage("migrate", "--verbosity", "0") == 0
    assert manage("check", "--database", "default") == 0
