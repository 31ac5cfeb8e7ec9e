"""Figures, and how they are shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass
class Figure:
    """One number.

    `runs` are the measurements behind it; `ratio` is the rate of the first one in its table, as a
    multiple of this one.
    """

    title: str
    label: str
    database: str
    value: float
    unit: str
    runs: list[float] = field(default_factory=list)
    ratio: float | None = None
    benchmark: str = ""

    def __str__(self) -> str:
        """The number with its ratio, as short as it can be read."""
        number = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.1f}"
        ratio = "" if self.ratio is None else f" ({self.ratio:.2f}x)" if self.ratio < 10 else f" ({self.ratio:.0f}x)"
        return f"{number}{self.unit}{ratio}"


def of_runs(title: str, database: str, ours: int, runs: dict[str, list[float]]) -> list[Figure]:
    """Return each label's median; so many first ones are ours, the others get the first one's as a multiple."""
    rates = [median(values) for values in runs.values()]
    ratios = [None if number < ours else rates[0] / rate for number, rate in enumerate(rates)]
    return [
        Figure(title, label, database, rate, "/s", runs[label], ratio)
        for label, rate, ratio in zip(runs, rates, ratios, strict=True)
    ]


@dataclass
class Report:
    """All that was measured, how, and what could not be. `how` is by benchmark."""

    machine: str
    how: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """A table per title: a line per label, a column per database; and how each was measured."""
        parts = [f"Machine: {self.machine}"]
        for benchmark, words in self.how.items():
            figures = [one for one in self.figures if one.benchmark == benchmark]
            for title in dict.fromkeys(one.title for one in figures):
                parts += ["", *_table(title, [one for one in figures if one.title == title])]
            parts += ["", words]
        return "\n".join([*parts, "", f"Missing: {len(self.missing)}", *(f"  {one}" for one in self.missing)])


def _table(title: str, figures: list[Figure]) -> list[str]:
    databases = list(dict.fromkeys(one.database for one in figures))
    cells = {(one.label, one.database): str(one) for one in figures}
    labels = list(dict.fromkeys(one.label for one in figures))
    rows = [
        [title, *databases],
        *([label, *(cells.get((label, db), "-") for db in databases)] for label in labels),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
