"""Rows as objects, by SQL of ours: for what every sign-up asks, which Django takes longer to compile than to answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.expressions import Col

from optin_site import together

M = TypeVar("M", bound=models.Model)


def rows(model: type[M], rest: str, params: Sequence[Any], **also: str) -> list[M]:
    """Return the rows of a model; `rest` is what follows SELECT … FROM …, with a %s for each of `params`.

    `also` names attributes that hold what SQL says of each row, as the database puts it.
    """
    return [_object(model, row, also) for row in together.ask(f"{_select(model, *also.values())} {rest}", params)]


@cache  # a site has one database
def _select(model: type[models.Model], *also: str) -> str:
    name = connection.ops.quote_name
    columns = ", ".join([*(name(field.column) for field in model._meta.concrete_fields), *also])
    return f"SELECT {columns} FROM {name(model._meta.db_table)}"  # noqa: S608 - names and SQL of ours


def _object(model: type[M], row: Sequence[Any], also: Iterable[str]) -> M:
    names = _names(model)
    values, rest = list(row[: len(names)]), row[len(names) :]
    for position, expression, converters in _converters(model):
        for convert in converters:
            values[position] = convert(values[position], expression, connection)
    found = model.from_db(connection.alias, names, values)
    vars(found).update(zip(also, rest, strict=True))
    return found


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _converters(model: type[models.Model]) -> list[tuple[int, Col, list[Any]]]:
    """Return what makes of a column's value what a field holds, where anything does."""
    found = []
    fields: Iterable[Any] = model._meta.concrete_fields
    for position, field in enumerate(fields):
        column = Col(model._meta.db_table, field)
        converters = [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
        if converters:
            found.append((position, column, converters))
    return found
