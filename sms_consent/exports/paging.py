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
