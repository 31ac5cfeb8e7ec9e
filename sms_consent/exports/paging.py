"""Rows in pages, so that neither memory nor a transaction grows with their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

PAGE = 2_000


def pages(rows: QuerySet[Any], size: int = PAGE) -> Iterator[list[Any]]:
    """Yield all rows in lists of at most `size`, in the order of their ids whatever order they have.

    Each list is a query of its own that starts behind the id before it: no cursor or transaction stays open while
    somebody downloads slowly. What is committed meanwhile may be among them or not.
    """
    ordered, last = rows.order_by("pk"), 0
    while page := list(ordered.filter(pk__gt=last)[:size]):
        yield page
        if len(page) < size:
            return
        last = page[-1].pk


def attach(page: list[Any], *names: str) -> None:
    """Give each row of a page what it points to, or what has its key: one query for each name.

    Not by a join: PostgreSQL merges by walking the other table from its beginning, for every page anew. Not by
    `prefetch_related`: from a thousand different ones on, SQLite refuses the query that Django makes of it.
    """
    for name in names:
        field = page[0]._meta.get_field(name)
        key = "pk" if field.auto_created else field.attname
        wanted = {getattr(row, key) for row in page} - {None}
        found = {one.pk: one for one in field.related_model._default_manager.filter(pk__in=wanted)}
        for row in page:
            field.set_cached_value(row, found.get(getattr(row, key)))
