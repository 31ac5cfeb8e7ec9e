"""Append-only in the database itself: every way around it, on records, evidence and published words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures, triggers
from sms_consent.exceptions import AppendOnlyError
from sms_consent.models import ConsentRecord, Disclosure, Evidence, Program
from tests.people import ALICE, ALICES_PHONE, send_sign_up

ON_SQLITE = connection.vendor == "sqlite"


@dataclass(frozen=True)
class Target:
    """A protected row, and a column of it that somebody would like to change."""

    model: type[models.Model]
    column: str
    unique: tuple[str, ...]

    @property
    def row(self) -> Any:
        return self.model._default_manager.order_by("pk").first()

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        return self.model._meta.pk.column  # type: ignore[union-attr]

    def values(self) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self.table} ORDER BY {self.key}")  # noqa: S608
            names = [column[0] for column in cursor.description]
            return dict(zip(names, cursor.fetchall()[0], strict=True))


RECORD = Target(ConsentRecord, "words_sha256", ("id",))
EVIDENCE = Target(Evidence, "payload", ("record_id",))
WORDS = Target(Disclosure, "words", ("program_id", "language", "version"))
TARGETS = pytest.mark.parametrize("target", [RECORD, EVIDENCE, WORDS], ids=["record", "evidence", "words"])


def plain(target: Target) -> models.QuerySet[Any]:
    return models.QuerySet(target.model)


def changed(target: Target) -> Any:
    row = target.row
    setattr(row, target.column, "forged")
    return row


def execute(sql: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def insert(target: Target, verb: str, tail: str = "", **changes: Any) -> None:
    row = target.values() | {target.column: "forged"} | changes
    places = ", ".join(["%s"] * len(row))
    execute(f"{verb} INTO {target.table} ({', '.join(row)}) VALUES ({places}) {tail}", list(row.values()))


def replace_by_unique_key(target: Target) -> None:
    other = {target.key: 999} if target.key not in target.unique else {}
    insert(target, "INSERT OR REPLACE", **other)


def push_out_by_update(target: Target) -> None:
    """Turn another row into this one; of published words the other may be a draft, which may be changed."""
    email = Program.objects.get(slug="email")
    draft = disclosures.draft(email, language="en", text="?", label="?", button="?")
    other = draft.pk if target is WORDS else target.model._default_manager.order_by("pk")[1].pk
    row = target.values()
    places = ", ".join(f"{name} = %s" for name in target.unique)
    values = [*(row[name] for name in target.unique), other]
    execute(f"UPDATE OR REPLACE {target.table} SET {places} WHERE {target.key} = %s", values)  # noqa: S608


def upsert(target: Target) -> None:
    insert(target, "INSERT", f"ON CONFLICT ({target.key}) DO UPDATE SET {target.column} = excluded.{target.column}")


ATTEMPTS: dict[str, Callable[[Target], Any]] = {
    "objects.update": lambda t: t.model._default_manager.filter(pk=t.row.pk).update(**{t.column: "forged"}),
    "objects.delete": lambda t: t.model._default_manager.filter(pk=t.row.pk).delete(),
    "QuerySet.update": lambda t: plain(t).filter(pk=t.row.pk).update(**{t.column: "forged"}),
    "QuerySet.delete": lambda t: plain(t).filter(pk=t.row.pk).delete(),
    "save": lambda t: changed(t).save(),
    "delete": lambda t: t.row.delete(),
    "Model.save": lambda t: models.Model.save(changed(t)),
    "Model.delete": lambda t: models.Model.delete(t.row),
    "_raw_delete": lambda t: plain(t).filter(pk=t.row.pk)._raw_delete("default"),
    "bulk_update": lambda t: plain(t).bulk_update([changed(t)], [t.column]),
    "update_or_create": lambda t: plain(t).update_or_create(pk=t.row.pk, defaults={t.column: "forged"}),
    "bulk_create": lambda t: plain(t).bulk_create(
        [changed(t)], update_conflicts=True, unique_fields=[t.model._meta.pk.name], update_fields=[t.column]
    ),
    "UPDATE": lambda t: execute(f"UPDATE {t.table} SET {t.column} = 'forged'"),  # noqa: S608
    "UPDATE key": lambda t: execute(f"UPDATE {t.table} SET {t.key} = {t.key} + 1000"),  # noqa: S608
    "DELETE": lambda t: execute(f"DELETE FROM {t.table}"),  # noqa: S608
    "upsert": upsert,
}
ATTEMPTS |= (
    {
        "INSERT OR REPLACE": lambda t: insert(t, "INSERT OR REPLACE"),
        "REPLACE": lambda t: insert(t, "REPLACE"),
        "INSERT OR REPLACE by unique key": replace_by_unique_key,
        "UPDATE OR REPLACE": push_out_by_update,
    }
    if ON_SQLITE
    else {
        # The rest of the transaction first: PostgreSQL truncates nothing that has foreign keys still to check.
        "TRUNCATE": lambda t: execute(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {t.table} CASCADE"),
        "TRUNCATE ONLY": lambda t: execute(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE ONLY {t.table}"),
    }
)


@pytest.fixture
def signed_up(programs: dict[str, Program], client: Client) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email")


def attempt(name: str, target: Target) -> None:
    before = target.values()
    with pytest.raises((AppendOnlyError, DatabaseError)) as refusal, transaction.atomic():
        ATTEMPTS[name](target)
    assert re.search("append-only|never|may be changed|by sms_consent.ledger only|foreign key", str(refusal.value))
    assert target.values() == before


@pytest.mark.usefixtures("signed_up")
@TARGETS
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_way_around(name: str, target: Target) -> None:
    attempt(name, target)


@pytest.fixture
def rebuilt(transactional_db: None) -> Iterator[Callable[[Target], None]]:
    """Rebuild a table as a migration that alters a column does, and put it back afterwards."""
    altered = []

    def alter(target: Target, back: bool = False) -> None:
        old = target.model._meta.get_field(target.column)
        _, _, args, kwargs = old.deconstruct()
        new = type(old)(*args, **kwargs | {"db_default": "x"})
        new.set_attributes_from_name(target.column)
        new.model = target.model
        with connection.schema_editor() as editor:
            editor.alter_field(target.model, *((new, old) if back else (old, new)), strict=False)
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        altered.append(target)

    yield alter
    for target in list(altered):
        alter(target, back=True)


@TARGETS
def test_no_way_around_after_a_migration_either(
    target: Target, rebuilt: Callable[[Target], None], programs: dict[str, Program], client: Client
) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email")
    rebuilt(target)
    for name in ATTEMPTS:
        attempt(name, target)


@pytest.mark.usefixtures("signed_up")
@pytest.mark.skipif(ON_SQLITE, reason="PostgreSQL's own way around triggers")
def test_a_replica_session_is_refused_too() -> None:
    # A superuser meets the trigger, which fires ALWAYS; an ordinary role may not even set this.
    with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
        execute("SET LOCAL session_replication_role = replica; DELETE FROM sms_consent_consentrecord")
    assert ConsentRecord.objects.count() == 2
    assert triggers.missing() == []


@pytest.mark.usefixtures("signed_up")
def test_a_draft_may_be_changed_and_thrown_away(programs: dict[str, Program]) -> None:
    draft = disclosures.draft(programs["sms"], language="en", text="?", label="?", button="?")
    draft.label = "Better"
    draft.save()
    draft.delete()
    assert Disclosure.objects.filter(published_at=None).count() == 0


@pytest.mark.usefixtures("signed_up")
@pytest.mark.parametrize("name", ["consentrecord", "evidence"])
def test_the_admin_has_no_form_to_change_or_delete(name: str, admin_client: Client) -> None:
    for page in ("change", "delete"):
        answer = admin_client.post(
            f"/admin/sms_consent/{name}/{RECORD.row.pk}/{page}/", {"post": "yes", "act": "granted"}
        )
        assert answer.status_code in (302, 403, 404, 405)
    assert ConsentRecord.objects.count() == Evidence.objects.count() == 2


# --- Missing triggers are noticed ------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_trigger_is_there(client: Client) -> None:
    call_command("check", databases=["default"])
    answer = client.get(reverse("readyz"))
    assert (answer.status_code, answer.json()["triggers_missing"]) == (200, [])


@pytest.mark.django_db
def test_a_missing_trigger_fails_the_check_and_readyz(client: Client) -> None:
    on = "" if ON_SQLITE else " ON sms_consent_evidence"
    execute(f"DROP TRIGGER sms_consent_evidence_no_delete{on}")
    with pytest.raises(SystemCheckError, match=r"sms_consent.E001.*sms_consent_evidence_no_delete"):
        call_command("check", databases=["default"])
    assert client.get(reverse("readyz")).status_code == 503


@pytest.mark.django_db
@pytest.mark.skipif(ON_SQLITE, reason="SQLite cannot switch triggers off")
def test_a_trigger_that_is_switched_off_counts_as_missing() -> None:
    execute("ALTER TABLE sms_consent_consentrecord DISABLE TRIGGER sms_consent_consentrecord_no_update")
    assert triggers.missing() == ["sms_consent_consentrecord_no_update"]


@pytest.mark.django_db
def test_migrate_puts_missing_triggers_back() -> None:
    triggers.lift()
    assert triggers.missing()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert triggers.missing() == []
