"""Many rows in one statement, as `bulk_create` and `bulk_update` write them, at a third of their cost or less.

No expression is compiled for each value, and a statement's text is put together once: a process writes few kinds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from phonenumber_field.modelfields import PhoneNumberField

from optin_site import together

MOST_VALUES = 30_000  # in one statement, for SQLite
MOST_TEXTS = 500  # of statements, kept; on SQLite there is one for each number of rows

Model = type[models.Model]


def insert(rows: Sequence[models.Model], *, unique: Sequence[str] = (), update: Sequence[str] = ()) -> None:
    """Insert rows of one model. Their ids are filled in, unless rows that are there already are dealt with.

    Where a row with the same `unique` fields is there, its `update` fields are changed instead. No signal is sent, as
    with `bulk_create`.
    """
    if not rows:
        return
    model = type(rows[0])
    conflict = _conflict(model, (*unique,), (*update,))
    has_ids = not conflict and isinstance(model._meta.pk, models.AutoField)
    each = [[*map(column.read, rows)] for column in _columns(model)]
    ids = _insert(model, each, _returning(model) if has_ids else conflict)
    for row, found in zip(rows, ids, strict=has_ids):
        row.pk = found


def insert_again(row: models.Model, *, unique: Sequence[str], update: Sequence[str]) -> None:
    """Insert a row that is there already: the same statement, asked for its id as well, changes `update` of it."""
    model = type(row)
    each = [[column.read(row)] for column in _columns(model)]
    _insert(model, each, _conflict(model, (*unique,), (*update,)) + _returning(model))


def add(
    model: Model,
    each: Mapping[str, Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
    is_ignoring: bool = False,
) -> None:
    """Insert rows of which nobody needs an object: `each` has a value for every row, `same` one for all of them.

    A field that neither names has its default, the same in all rows. Rows that are there already: as in `insert`;
    with `is_ignoring` they stay as they are.
    """
    count = len(next(iter(each.values())))
    if not count:
        return
    given = {**{name: [value] * count for name, value in (same or {}).items()}, **each}
    rest = (given.get(column.field) or [column.default()] * count for column in _columns(model))
    _insert(model, [*map(list, rest)], _conflict(model, (*unique,), (*update,), is_ignoring))


def update(model: Model, name: str, values: Mapping[int, Any], same: Mapping[str, Any]) -> None:
    """Give rows, by primary key, each its own value of one field, and all of them the `same` values of others."""
    if not values:
        return
    columns = {column.field: column for column in _columns(model)}
    own, others = columns[name], [(columns[other], value) for other, value in same.items()]
    changes = [f"{own.name} = given.{own.name}", *(f"{other.name} = %s" for other, _ in others)]
    table, key = _table(model), _quoted(model._meta.pk)
    given, rows = _given(own, {pk: own.prepare(value) for pk, value in values.items()})
    statement = f"UPDATE {table} SET {', '.join(changes)} FROM {given} WHERE {table}.{key} = given.key"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(other.prepare(value) for other, value in others), *rows])


def array(values: Iterable[Any]) -> str:
    """Return values as PostgreSQL writes an array, for a parameter with a cast, several times as fast as a list."""
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: Any) -> str:
    if type(value) is int:  # most of all: ids and versions
        return str(value)
    if value is None:
        return "NULL"
    text = str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, eq=False)  # fields are compared, and hashed, by what they are called: slowly
class _Column:
    """A field as it is written."""

    field: str
    name: str
    type: str
    is_json: bool
    default: Callable[[], Any]
    read: Callable[[models.Model], Any]
    prepare: Callable[[Any], Any]


@cache  # a site has one database
def _columns(model: Model) -> tuple[_Column, ...]:
    fields: Iterable[Any] = model._meta.concrete_fields
    return tuple(_column(it) for it in fields if not (it.generated or isinstance(it, models.AutoField)))


def _column(field: Any) -> _Column:
    kind = re.sub(r"\(.*?\)", "", str(field.db_type(connection)))
    is_json = isinstance(field, models.JSONField)
    return _Column(field.name, _quoted(field), kind, is_json, field.get_default, _reader(field), _prepare(field))


def _reader(field: Any) -> Callable[[models.Model], Any]:
    """Return what takes a field's value from a row; what the field itself sets when a row is saved, it sets."""
    is_time = isinstance(field, (models.DateField, models.TimeField))
    sets = field.auto_now or field.auto_now_add if is_time else type(field).pre_save is not models.Field.pre_save
    return (lambda row: field.pre_save(row, True)) if sets else attrgetter(field.attname)


def _quoted(field: Any) -> str:
    return str(connection.ops.quote_name(field.column))


def _table(model: Model) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))


@cache
def _returning(model: Model) -> str:
    return f" RETURNING {_quoted(model._meta.pk)}"


@cache
def _conflict(model: Model, unique: tuple[str, ...], update: tuple[str, ...], is_ignoring: bool = False) -> str:
    if is_ignoring:
        return " ON CONFLICT DO NOTHING"
    if not unique:
        return ""
    names = {column.field: column.name for column in _columns(model)}
    changes = ", ".join(f"{names[name]} = excluded.{names[name]}" for name in update)
    return f" ON CONFLICT ({', '.join(names[name] for name in unique)}) DO UPDATE SET {changes}"


def _insert(model: Model, each: list[list[Any]], tail: str) -> list[Any]:
    """Insert values by column, in as many statements as it takes; return the ids where `tail` asks for them."""
    size, ids = MOST_VALUES // len(each), list[Any]()
    for start in range(0, len(each[0]), size):
        statement = _statement(model, [values[start : start + size] for values in each], tail)
        if tail.endswith(_returning(model)):
            ids += [found for (found,) in together.ask(*statement)]
        else:
            together.send(_table(model), *statement)
    return ids


def _statement(model: Model, each: list[list[Any]], tail: str) -> tuple[str, list[Any]]:
    """Return an INSERT. What all rows have alike, most of a wide row, is said once: values take long to hand over.

    What they leave to the database is not said at all.
    """
    alike, differing = list[Any](), list[list[Any]]()
    shape = [None if type(values[0]) is DatabaseDefault else len({*map(id, values)}) > 1 for values in each]
    if not any(shape):
        shape[shape.index(False)] = True
    for column, values, differs in zip(_columns(model), each, shape, strict=True):
        if differs:
            differing.append([*map(column.prepare, values)])
        elif differs is not None:
            alike.append(column.prepare(values[0]))
    if connection.vendor == "postgresql":
        return _text(model, (*shape,), 0, tail), [*alike, *map(array, differing)]
    rows = zip(*differing, strict=True)
    return _text(model, (*shape,), len(each[0]), tail), [*alike, *(value for row in rows for value in row)]


@lru_cache(maxsize=MOST_TEXTS)
def _text(model: Model, shape: tuple[bool | None, ...], count: int, tail: str) -> str:
    columns = [(column, differs) for column, differs in zip(_columns(model), shape, strict=True) if differs is not None]
    differing = [column for column, differs in columns if differs]
    numbers = iter(range(1, len(differing) + 1))
    names, is_array = ", ".join(column.name for column, _ in columns), connection.vendor == "postgresql"
    constant = "%s::{}" if is_array else "%s"
    chosen = ", ".join(  # columns as SQLite calls them
        f"column{next(numbers)}" if differs else constant.format(column.type) for column, differs in columns
    )
    rows = _arrays(differing) if is_array else _rows(len(differing), count)
    return f"INSERT INTO {_table(model)} ({names}) SELECT {chosen} FROM {rows} WHERE true{tail}"  # noqa: S608


def _arrays(columns: Sequence[_Column]) -> str:
    arrays = ", ".join(f"%s::{column.type}[]" for column in columns)
    return f"UNNEST({arrays}) AS given({', '.join(f'column{number + 1}' for number in range(len(columns)))})"


def _rows(width: int, count: int) -> str:
    marks = f"({', '.join(['%s'] * width)})"
    return f"(VALUES {', '.join([marks] * count)})"


def _given(column: _Column, values: Mapping[int, Any]) -> tuple[str, list[Any]]:
    """Return keys and values as a table for FROM, and its parameters."""
    if connection.vendor == "postgresql" and column.is_json:
        pairs = f"SELECT key::bigint AS key, value AS {column.name} FROM jsonb_each(%s::jsonb)"  # noqa: S608 - a field's name
        written = ", ".join(f'"{key}": {value}' for key, value in values.items())
        return f"({pairs}) AS given", [f"{{{written}}}"]
    if connection.vendor == "postgresql":
        arrays = f"unnest(%s::bigint[], %s::{column.type}[])"
        return f"{arrays} AS given(key, {column.name})", [array(values), array(values.values())]
    pairs = f"SELECT value ->> 0 AS key, value ->> 1 AS {column.name} FROM json_each(%s)"  # noqa: S608 - a field's name
    return f"({pairs}) AS given", [json.dumps(list(values.items()))]


def _prepare(field: Any) -> Callable[[Any], Any]:
    """Return what makes a value of a field into one for the database."""
    if isinstance(field, models.DateTimeField):
        adapt = connection.ops.adapt_datetimefield_value
        return lambda value: None if value is None else adapt(value)
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else json.dumps(value)
    if type(field) in (models.CharField, models.TextField, models.EmailField):
        return lambda value: None if value is None else str(value)  # a choice is its value
    if isinstance(field, (models.BooleanField, models.IntegerField, models.ForeignKey)):
        return lambda value: value
    if isinstance(field, PhoneNumberField):
        return lambda value: value if value is None or isinstance(value, str) else value.as_e164
    return lambda value: field.get_db_prep_save(value, connection)
