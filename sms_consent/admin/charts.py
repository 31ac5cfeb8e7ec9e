"""Pictures of counts, drawn on the server: plain SVG with percentages, so that bars stretch, and words beside it.

No script, no style attribute (the site's policy allows neither inline) and nothing from elsewhere. A picture is read
out as its title and description; the numbers stand beside it in a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

PLOT = 150  # px: the bars of all days
OPT_INS_AND_OUTS, ASKED_AND_OPT_INS = ("first", "second"), ("asked", "first")  # classes of the style sheet
BAR, GAP = 10, 2  # px: one horizontal bar, and what is between two


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
class Part:
    """A drawing of SVG, `height` in px, between words at its left and right: these wrap, as words in SVG never do."""

    height: int
    shapes: SafeString
    above: tuple[str, str]
    below: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Picture:
    """A picture with its numbers; `series` names what is drawn first and second, `marks` in which colours.

    `heads` are the headings of the table, `rows` its cells; a picture of nothing has no parts, and says so.
    """

    slug: str
    title: str
    description: str
    series: tuple[str, str]
    parts: Sequence[Part]
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]
    marks: tuple[str, str] = OPT_INS_AND_OUTS


def by_day(slug: str, title: str, counts: Sequence[Count], series: tuple[str, str]) -> Picture:
    """Return one bar up and one bar down for each day; days are named as ISO dates, oldest first."""
    busy = [it for it in counts if it.total]
    said = _said(busy, series, "day")
    rows = [(it.name, it.first, it.second) for it in reversed(busy)]
    return Picture(slug, title, said, series, [_days(counts, series)] if busy else [], ("Day (UTC)", *series), rows)


def by_name(
    slug: str,
    title: str,
    head: str,
    counts: Sequence[Count],
    series: tuple[str, str],
    marks: tuple[str, str] = OPT_INS_AND_OUTS,
) -> Picture:
    """Return two bars for each name, one above the other; `head` says what is named."""
    busy = [it for it in counts if it.total]
    longest = max((max(it.first, it.second) for it in busy), default=0)
    rows = [(it.name, it.first, it.second) for it in busy]
    said = "; ".join(f"{it.name}: {_both(it, series)}" for it in busy)
    parts = [_row(it, longest, series, marks) for it in busy]
    return Picture(slug, title, said, series, parts, (head, *series), rows, marks)


def _said(busy: Sequence[Count], series: tuple[str, str], unit: str) -> str:
    if not busy:
        return ""
    whole = Count("", sum(it.first for it in busy), sum(it.second for it in busy))
    peak = max(busy, key=lambda it: it.first)
    return f"{_both(whole, series)} in all; most {series[0]} on one {unit}: {peak.first:,}, on {peak.name}."


def _both(it: Count, series: tuple[str, str]) -> str:
    return f"{it.first:,} {series[0]}, {it.second:,} {series[1]}"


def _days(counts: Sequence[Count], series: tuple[str, str]) -> Part:
    most, least = max(it.first for it in counts), max(it.second for it in counts)
    unit = PLOT / (most + least)
    zero = most * unit
    bars = format_html_join("", "{}", ((bar,) for bar in _upright(counts, 100 / len(counts), zero, unit, series)))
    line = format_html('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>', f"{zero:.1f}")
    above = (f"↑ {series[0]}, {most:,} on the busiest day", f"↓ {series[1]}, {least:,}")
    return Part(PLOT, format_html("{}{}", bars, line), above, (counts[0].name, counts[-1].name))


def _upright(
    counts: Sequence[Count], slot: float, zero: float, unit: float, series: tuple[str, str]
) -> Iterator[SafeString]:
    for number, it in enumerate(counts):
        said = f"{it.name}: {_both(it, series)}"
        for kind, y, height in (("first", zero - it.first * unit, it.first), ("second", zero, it.second)):
            if height:
                yield _bar(kind, f"{number * slot:.3f}%", y, f"{slot * 0.85:.3f}%", height * unit, said)


def _row(it: Count, longest: int, series: tuple[str, str], marks: tuple[str, str]) -> Part:
    said = f"{it.name}: {_both(it, series)}"
    widths = [f"{100 * value / longest:.3f}%" for value in (it.first, it.second)]
    bars = (_bar(marks[0], "0", 0, widths[0], BAR, said), _bar(marks[1], "0", BAR + GAP, widths[1], BAR, said))
    return Part(2 * BAR + GAP, format_html("{}{}", *bars), (it.name, f"{it.first:,} · {it.second:,}"))


def _bar(kind: str, x: str, y: float, width: str, height: float, said: str) -> SafeString:
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    return format_html(shape, kind, x, f"{y:.1f}", width, f"{height:.1f}", said)
