"""`field__among=values`: what `__in` means, with all of the values as one parameter.

With `__in` Django and the driver look at each of a thousand values several times before the database sees them.
`holds(field=value)`: a condition as a column.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.models.lookups import Lookup

from optin_site.bulk import array


@models.IntegerField.register_lookup
@models.CharField.register_lookup
class Among(Lookup):  # type: ignore[type-arg]  # it takes none at run time
    """Whether a whole number or a text is one of some."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return it for SQLite."""
        left, params = self.process_lhs(compiler, connection)
        return f"{left} {_IN_JSON}", [*params, json.dumps(list(self.rhs))]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return it for PostgreSQL."""
        left, params = self.process_lhs(compiler, connection)
        kind = "bigint" if isinstance(self.lhs.output_field, models.IntegerField) else "text"
        return f"{left} = ANY(%s::{kind}[])", [*params, array(self.rhs)]


_IN_JSON = "IN (SELECT value FROM json_each(%s))"


def texts_among(column: str, values: Iterable[str]) -> tuple[str, str]:
    """Return a condition, and its parameter, that says in SQL of ours what `__among` says in a query of Django's."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::text[])", array(values)
    return f"{column} {_IN_JSON}", json.dumps(list(values))


def holds(**conditions: Any) -> models.ExpressionWrapper[models.Q]:
    """Return whether this is so of a row, to be read in place of a time: those take long, thousands a second."""
    return models.ExpressionWrapper(models.Q(**conditions), models.BooleanField())
