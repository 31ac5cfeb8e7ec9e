"""Pictures of counts, drawn on the server: plain SVG with percentages, so that bars stretch and letters do not.

No script, no style attribute (the site's policy allows neither inline) and nothing from elsewhere. A picture is read
out as its title and description; the numbers stand beside it in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TOP, PLOT, FOOT = 18, 150, 18  # px: the line of words above, the bars, the line of words below
ROW, BAR, LETTERS = 48, 10, 14  # px: one row of horizontal bars, one bar, the line of words above the bars


@dataclass(frozen=True)
class Count:
    """One thing that was counted twice: what is drawn up or first, and what is drawn down or second."""

    name: str
    first: int
    second: int

    @property
    def total(self) -> int:
        """Both."""
        return self.first + self.second


@dataclass(frozen=True)
class Picture:
    """A picture with its numbers. `shapes` is SVG, `height` in px; `series` names what is drawn first and second.

    `heads` are the headings of the table, `rows` its cells; a picture of nothing has no shapes, and says so.
    """

    slug: str
    title: str
    description: str
    series: tuple[str, str]
    height: int
    shapes: SafeString
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]


def by_day(slug: str, title: str, counts: Sequence[Count], series: tuple[str, str]) -> Picture:
    """Return one bar up and one bar down for each day; days are named as ISO dates, oldest first."""
    most, least = max((it.first for it in counts), default=0), max((it.second for it in counts), default=0)
    busy = [it for it in counts if it.total]
    said = _said(busy, series, "day")
    rows = [(it.name, it.first, it.second) for it in reversed(busy)]
    shapes = _days(counts, most, least, series) if busy else SafeString("")
    return Picture(slug, title, said, series, TOP + PLOT + FOOT, shapes, ("Day (UTC)", *series), rows)


def by_name(slug: str, title: str, head: str, counts: Sequence[Count], series: tuple[str, str]) -> Picture:
    """Return two bars for each name, one above the other; `head` says what is named."""
    busy = [it for it in counts if it.total]
    rows = [(it.name, it.first, it.second) for it in busy]
    said = "; ".join(f"{it.name}: {_both(it, series)}" for it in busy)
    return Picture(slug, title, said, series, ROW * len(busy), _rows(busy, series), (head, *series), rows)


def _said(busy: Sequence[Count], series: tuple[str, str], unit: str) -> str:
    if not busy:
        return ""
    whole = Count("", sum(it.first for it in busy), sum(it.second for it in busy))
    peak = max(busy, key=lambda it: it.first)
    return f"{_both(whole, series)} in all; most {series[0]} on one {unit}: {peak.first:,}, on {peak.name}."


def _both(it: Count, series: tuple[str, str]) -> str:
    return f"{it.first:,} {series[0]}, {it.second:,} {series[1]}"


def _days(counts: Sequence[Count], most: int, least: int, series: tuple[str, str]) -> SafeString:
    unit = PLOT / (most + least)
    zero = TOP + most * unit
    slot = 100 / len(counts)
    bars = format_html_join("", "{}", ((bar,) for bar in _upright(counts, slot, zero, unit, series)))
    words = [
        ("0", TOP - 6, "start", f"↑ {series[0]}, at most {most:,} a day"),
        ("100%", TOP - 6, "end", f"↓ {series[1]}, {least:,}"),
        ("0", TOP + PLOT + FOOT - 4, "start", counts[0].name),
        ("100%", TOP + PLOT + FOOT - 4, "end", counts[-1].name),
    ]
    line = format_html('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>', f"{zero:.1f}")
    return format_html("{}{}{}", bars, line, _texts(words))


def _upright(
    counts: Sequence[Count], slot: float, zero: float, unit: float, series: tuple[str, str]
) -> Iterator[SafeString]:
    for number, it in enumerate(counts):
        said = f"{it.name}: {_both(it, series)}"
        for kind, y, height in (("first", zero - it.first * unit, it.first), ("second", zero, it.second)):
            if height:
                yield _bar(kind, f"{number * slot:.3f}%", y, f"{slot * 0.85:.3f}%", height * unit, said)


def _rows(counts: Sequence[Count], series: tuple[str, str]) -> SafeString:
    longest = max((max(it.first, it.second) for it in counts), default=0)
    bars, words = [], []
    for number, it in enumerate(counts):
        top = number * ROW
        words += [("0", top + LETTERS - 2, "start", it.name)]
        words += [("100%", top + LETTERS - 2, "end", f"{it.first:,} · {it.second:,}")]
        for place, (kind, value) in enumerate((("first", it.first), ("second", it.second))):
            y = top + LETTERS + 3 + place * (BAR + 2)
            bars += [_bar(kind, "0", y, f"{100 * value / longest:.3f}%", BAR, f"{it.name}: {_both(it, series)}")]
    return format_html("{}{}", format_html_join("", "{}", ((bar,) for bar in bars)), _texts(words))


def _bar(kind: str, x: str, y: float, width: str, height: float, said: str) -> SafeString:
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    return format_html(shape, kind, x, f"{y:.1f}", width, f"{height:.1f}", said)


def _texts(words: Iterable[tuple[str, float, str, str]]) -> SafeString:
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', words)
