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
        """Return it for either database."""
        left, params = self.process_lhs(compiler, connection)
        kind = "bigint" if isinstance(self.lhs.output_field, models.IntegerField) else "text"
        condition, values = among(left, self.rhs, kind)
        return condition, [*params, values]


def among(column: str, values: Iterable[Any], kind: str = "text") -> tuple[str, str]:
    """Return the condition in SQL, and its parameter; `kind` is what PostgreSQL calls the column's type."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{kind}[])", array(values)
    return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values))  # noqa: S608 - a name of ours


def holds(**conditions: Any) -> models.ExpressionWrapper[models.Q]:
    """Return whether this is so of a row, to be read in place of a time: those take long, thousands a second."""
    return models.ExpressionWrapper(models.Q(**conditions), models.BooleanField())
