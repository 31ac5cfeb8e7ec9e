"""Append-only, kept by the database itself (LED-1): on SQLite and on PostgreSQL, whoever asks and however.

Installed after every migrate, because SQLite drops a table's triggers when a migration rebuilds the table. One that
bears the name but reads differently counts as missing, and is replaced: a name says nothing of what a trigger does.
What they refuse: on records, seals, accesses and published disclosures every UPDATE and DELETE, and every INSERT that
would replace a row; on evidence everything but adding and blanking; on PostgreSQL TRUNCATE as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "append-only: {table} may not be changed, replaced or deleted"


@dataclass(frozen=True)
class Trigger:
    """A trigger as its database writes it down; on PostgreSQL also the source of the function that it calls."""

    table: str
    name: str
    sql: str
    source: str = ""


@dataclass(frozen=True)
class Guard:
    """What is protected on a table.

    `frozen` says, of OLD, when a row may no longer be updated or deleted; `allowed` lets an UPDATE through
    all the same; `unique` lists the sets of columns by which an INSERT OR REPLACE could push a row out.
    """

    table: str
    frozen: str = "TRUE"
    allowed: str = "FALSE"
    unique: list[tuple[str, ...]] = field(default_factory=lambda: [("id",)])


GUARDS = (
    Guard("sms_consent_consentrecord"),
    Guard(
        "sms_consent_disclosure",
        frozen="OLD.published_at IS NOT NULL",
        unique=[("id",), ("program_id", "language", "version")],
    ),
    Guard(
        "sms_consent_evidence",
        allowed="NEW.record_id = OLD.record_id AND NEW.payload = '' AND NEW.salt = ''",
        unique=[("record_id",)],
    ),
    Guard("sms_consent_seal", unique=[("number",), ("previous",)]),
    Guard("sms_consent_sealedrecord", unique=[("record_id",), ("seal_id", "position")]),
    Guard("sms_consent_accessrecord"),
)


def install(using: str = "default") -> None:
    """(Re)create every trigger that is not as it must be; the others cost nothing but a look, as in a flush."""
    connection = connections[using]
    present = _present(connection)
    for trigger in _on_tables_that_exist(connection):
        if trigger not in present:
            _execute(connection, [_drop(trigger, connection), *_create(trigger, connection)])


def lift(using: str = "default") -> None:
    """Remove every trigger. For Django's own flush between tests, and for nothing else."""
    connection = connections[using]
    _execute(connection, [_drop(trigger, connection) for trigger in _on_tables_that_exist(connection)])


def missing(using: str = "default") -> list[str]:
    """Return the names of the triggers that are not there, are not as they must be, or do not always fire."""
    connection = connections[using]
    present = _present(connection)
    return sorted(trigger.name for trigger in _wanted(connection) if trigger not in present)


def _present(connection: BaseDatabaseWrapper) -> set[Trigger]:
    if connection.vendor == "postgresql":
        # Pretty: without the schema where the search path finds it, and with it where it is another one.
        sql = """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(pg_trigger.oid, true), prosrc
            FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal AND tgenabled = 'A'"""
    else:
        sql = "SELECT tbl_name, name, sql, '' FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {Trigger(*row) for row in cursor.fetchall()}


def _on_tables_that_exist(connection: BaseDatabaseWrapper) -> list[Trigger]:
    tables = set(connection.introspection.table_names())
    return [trigger for trigger in _wanted(connection) if trigger.table in tables]


def _wanted(connection: BaseDatabaseWrapper) -> list[Trigger]:
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    return [trigger for guard in GUARDS for trigger in make(guard)]


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _drop(trigger: Trigger, connection: BaseDatabaseWrapper) -> str:
    on = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
    return f"DROP TRIGGER IF EXISTS {trigger.name}{on}"


def _create(trigger: Trigger, connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor != "postgresql":
        return [trigger.sql]
    return [
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $${trigger.source}$$",
        trigger.sql,
        # ALWAYS: `SET session_replication_role = replica` switches ordinary triggers off.
        f"ALTER TABLE {trigger.table} ENABLE ALWAYS TRIGGER {trigger.name}",
    ]


def _sqlite(guard: Guard) -> list[Trigger]:
    same = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in columns) + ")" for columns in guard.unique
    )
    # REPLACE, and UPDATE OR REPLACE, push out another row without firing its DELETE trigger.
    taken = f"EXISTS (SELECT 1 FROM {guard.table} WHERE {same})"  # noqa: S608 - names from GUARDS only
    pushes_out = f"EXISTS (SELECT 1 FROM {guard.table} WHERE ({same}) AND rowid <> OLD.rowid)"  # noqa: S608 - as above
    changes = f"(({guard.frozen}) AND NOT ({guard.allowed})) OR {pushes_out}"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE.format(table=guard.table)}'); END"

    def trigger(kind: str, event: str, when: str) -> Trigger:
        name = f"{guard.table}_no_{kind}"
        return Trigger(guard.table, name, f"CREATE TRIGGER {name} BEFORE {event} ON {guard.table} WHEN {when} {refuse}")

    return [
        trigger("update", "UPDATE", changes),
        trigger("delete", "DELETE", guard.frozen),
        trigger("replace", "INSERT", taken),
    ]


def _postgresql(guard: Guard) -> list[Trigger]:
    """The condition is part of the function, whose source is kept as it was written; a WHEN is written anew."""
    refuse = f"RAISE EXCEPTION '{MESSAGE.format(table=guard.table)}' USING ERRCODE = 'integrity_constraint_violation'"

    def trigger(event: str, each: str, when: str, row: str) -> Trigger:
        name = f"{guard.table}_no_{event.lower()}"
        sql = f"CREATE TRIGGER {name} BEFORE {event} ON {guard.table} FOR EACH {each} EXECUTE FUNCTION {name}()"
        return Trigger(guard.table, name, sql, f" BEGIN IF {when} THEN {refuse}; END IF; RETURN {row}; END ")

    return [
        trigger("UPDATE", "ROW", f"({guard.frozen}) AND NOT ({guard.allowed})", "NEW"),
        trigger("DELETE", "ROW", guard.frozen, "OLD"),
        trigger("TRUNCATE", "STATEMENT", "TRUE", "NULL"),
    ]
