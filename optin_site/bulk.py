"""Many rows in one statement, as `bulk_create` and `bulk_update` write them, at a third of their cost or less.

No expression is compiled for each value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from phonenumber_field.modelfields import PhoneNumberField

MOST_VALUES = 30_000  # in one statement, for SQLite


def insert(
    rows: Sequence[models.Model], *, unique: Sequence[str] = (), update: Sequence[str] = (), is_ignoring: bool = False
) -> None:
    """Insert rows of one model. Their ids are filled in, unless rows that are there already are dealt with.

    Where a row with the same `unique` fields is there, its `update` fields are changed instead; with `is_ignoring` it
    stays as it is. No signal is sent, as with `bulk_create`, and no default of the database applies.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]
    conflict = _conflict(meta, unique, update, is_ignoring=is_ignoring)
    returning = "" if conflict or len(fields) == len(meta.concrete_fields) else _sql(" RETURNING {}", meta.pk)
    names = ", ".join(_sql("{}", field) for field in fields)
    head = f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names})"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), MOST_VALUES // len(fields)):
            batch = rows[start : start + MOST_VALUES // len(fields)]
            cursor.execute(*_statement(head, fields, batch, f"{conflict}{returning}"))
            for row, found in zip(batch, cursor.fetchall() if returning else (), strict=False):
                row.pk = found[0]


def update(model: type[models.Model], name: str, values: Mapping[int, Any], same: Mapping[str, Any]) -> None:
    """Give rows, by primary key, each its own value of one field, and all of them the `same` values of others."""
    if not values:
        return
    meta: Any = model._meta
    field, others = meta.get_field(name), [(meta.get_field(one), value) for one, value in same.items()]
    each = _prepare(field)
    changes = [_sql("{0} = given.{0}", field), *(f"{_sql('{}', other)} = %s" for other, _ in others)]
    table, key = connection.ops.quote_name(meta.db_table), _sql("{}", meta.pk)
    given, rows = _given(field, {pk: each(value) for pk, value in values.items()})
    statement = f"UPDATE {table} SET {', '.join(changes)} FROM {given} WHERE {table}.{key} = given.key"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(_prepare(other)(value) for other, value in others), *rows])


def array(numbers: Iterable[int]) -> str:
    """Return whole numbers as PostgreSQL writes an array: the driver would look at each of thousands several times."""
    return f"{{{','.join(map(str, numbers))}}}"


def _given(field: Any, values: Mapping[int, Any]) -> tuple[str, list[Any]]:
    """Return keys and values as a table for FROM, and its parameters."""
    column = _sql("{}", field)
    if connection.vendor == "postgresql" and isinstance(field, models.JSONField):
        pairs = f"SELECT key::bigint AS key, value AS {column} FROM jsonb_each(%s::jsonb)"  # noqa: S608 - a field's name
        written = ", ".join(f'"{key}": {value}' for key, value in values.items())
        return f"({pairs}) AS given", [f"{{{written}}}"]
    if connection.vendor == "postgresql":
        arrays = f"unnest(%s::bigint[], %s::{_type(field)}[])"
        return f"{arrays} AS given(key, {column})", [array(values), list(values.values())]
    pairs = f"SELECT value ->> 0 AS key, value ->> 1 AS {column} FROM json_each(%s)"  # noqa: S608 - a field's name
    return f"({pairs}) AS given", [json.dumps(list(values.items()))]


def _type(field: Any) -> str:
    return str(field.db_type(connection)).partition("(")[0]


def _sql(text: str, field: Any) -> str:
    return text.format(connection.ops.quote_name(field.column))


def _conflict(meta: Any, unique: Sequence[str], update: Sequence[str], *, is_ignoring: bool) -> str:
    if is_ignoring:
        return " ON CONFLICT DO NOTHING"
    if not unique:
        return ""
    columns = ", ".join(_sql("{}", meta.get_field(name)) for name in unique)
    changes = ", ".join(_sql("{0} = excluded.{0}", meta.get_field(name)) for name in update)
    return f" ON CONFLICT ({columns}) DO UPDATE SET {changes}"


def _statement(head: str, fields: Sequence[Any], rows: Sequence[models.Model], tail: str) -> tuple[str, list[Any]]:
    columns = _columns(fields, rows)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
        return f"{head} SELECT * FROM UNNEST({arrays}){tail}", columns  # noqa: S608 - names of models and fields
    marks = f"({', '.join(['%s'] * len(fields))})"
    values = [value for row in zip(*columns, strict=True) for value in row]
    return f"{head} VALUES {', '.join([marks] * len(rows))}{tail}", values


def _columns(fields: Sequence[Any], rows: Sequence[models.Model]) -> list[list[Any]]:
    return [[prepare(getattr(row, field.attname)) for row in rows] for field in fields for prepare in [_prepare(field)]]


def _prepare(field: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a field into one for the database."""
    if isinstance(field, models.DateTimeField):
        adapt = connection.ops.adapt_datetimefield_value
        return lambda value: None if value is None else adapt(value)
    if isinstance(field, models.JSONField):
        return json.dumps
    if type(field) in (models.CharField, models.TextField, models.EmailField):
        return lambda value: None if value is None else str(value)  # a choice is its value
    if isinstance(field, (models.BooleanField, models.IntegerField, models.ForeignKey)):
        return lambda value: value
    if isinstance(field, PhoneNumberField):
        return lambda value: value if value is None or isinstance(value, str) else value.as_e164
    return lambda value: field.get_prep_value(value)
