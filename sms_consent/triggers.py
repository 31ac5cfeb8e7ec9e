"""Append-only, kept by the database itself (LED-1): on SQLite and on PostgreSQL, whoever asks and however.

Installed after every migrate, because SQLite drops a table's triggers when a migration rebuilds the table.
What they refuse: on records and on published disclosures every UPDATE and DELETE, and every INSERT that
would replace a row; on evidence everything but adding and blanking; on PostgreSQL TRUNCATE as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "append-only: {table} may not be changed, replaced or deleted"


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
)


def install(using: str = "default") -> None:
    """(Re)create every trigger. Idempotent; leaves existing ones alone, so that it costs nothing in a flush."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    present = installed(using)
    with connection.cursor() as cursor:
        for guard in GUARDS:
            if guard.table in tables and not _names(guard, connection) <= present:
                for statement in _drop(guard, connection) + _create(guard, connection):
                    cursor.execute(statement)


def lift(using: str = "default") -> None:
    """Remove every trigger. For Django's own flush between tests, and for nothing else."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for guard in GUARDS:
            for statement in _drop(guard, connection) if guard.table in tables else []:
                cursor.execute(statement)


def installed(using: str = "default") -> set[str]:
    """Return the names of the triggers that are there and always fire."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        sql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


def missing(using: str = "default") -> list[str]:
    """Return the names of the triggers that should be there and are not."""
    connection = connections[using]
    wanted = set().union(*(_names(guard, connection) for guard in GUARDS))
    return sorted(wanted - installed(using))


def _names(guard: Guard, connection: BaseDatabaseWrapper) -> set[str]:
    kinds = ["update", "delete", "truncate" if connection.vendor == "postgresql" else "replace"]
    return {f"{guard.table}_no_{kind}" for kind in kinds}


def _drop(guard: Guard, connection: BaseDatabaseWrapper) -> list[str]:
    on = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
    return [f"DROP TRIGGER IF EXISTS {name}{on}" for name in sorted(_names(guard, connection))]


def _create(guard: Guard, connection: BaseDatabaseWrapper) -> list[str]:
    return _postgresql(guard) if connection.vendor == "postgresql" else _sqlite(guard)


def _sqlite(guard: Guard) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE.format(table=guard.table)}'); END"
    same = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in columns) + ")" for columns in guard.unique
    )
    name, table = f"{guard.table}_no", guard.table
    # REPLACE, and UPDATE OR REPLACE, push out another row without firing its DELETE trigger.
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names from GUARDS only
    pushes_out = f"EXISTS (SELECT 1 FROM {table} WHERE ({same}) AND rowid <> OLD.rowid)"  # noqa: S608 - as above
    changes = f"(({guard.frozen}) AND NOT ({guard.allowed})) OR {pushes_out}"
    return [
        f"CREATE TRIGGER {name}_update BEFORE UPDATE ON {table} WHEN {changes} {refuse}",
        f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {table} WHEN {guard.frozen} {refuse}",
        f"CREATE TRIGGER {name}_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _postgresql(guard: Guard) -> list[str]:
    name, table = f"{guard.table}_no", guard.table
    return [
        f"""CREATE OR REPLACE FUNCTION {name}_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '{MESSAGE.format(table=table)}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
        f"""CREATE TRIGGER {name}_update BEFORE UPDATE ON {table} FOR EACH ROW
        WHEN (({guard.frozen}) AND NOT ({guard.allowed})) EXECUTE FUNCTION {name}_change()""",
        f"""CREATE TRIGGER {name}_delete BEFORE DELETE ON {table} FOR EACH ROW
        WHEN ({guard.frozen}) EXECUTE FUNCTION {name}_change()""",
        f"""CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_change()""",
        # ALWAYS: `SET session_replication_role = replica` switches ordinary triggers off.
        *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_{kind}" for kind in ("update", "delete", "truncate")),
    ]
