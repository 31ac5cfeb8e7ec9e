"""How the tables of texts are written: a row a line, cells between bars."""

from __future__ import annotations


def rows(table: str) -> list[list[str]]:
    """Return the cells of a table."""
    return [[cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines()]
