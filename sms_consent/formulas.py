"""Text that no spreadsheet takes for a formula: an apostrophe stands before whatever could be one, and comes off again.

Spreadsheets pass over what nobody sees before a sign, and one that takes semicolons or tabs for separators begins a new
cell after each, and after a line break in the middle of what was one.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SIGNS = "=+@＝＋－＠'-"  # noqa: RUF001 - the full-width forms count too; the apostrophe, so that it comes off again
# Not the separators: behind each of them a cell begins anyway, and no stretch is looked through twice.
_UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufe00-\ufe0f\ufeff"
)


def _begins(mark: str) -> re.Pattern[str]:
    """Match where a cell may begin, the mark there, and nothing of the formula or the line break behind it."""
    return re.compile(rf"((?:^|[;\t\r\n]){mark}(?=[{_UNSEEN}]*[{_SIGNS}])|^{mark}(?=[\t\r\n]))")


_BARE, _MARKED = _begins(""), _begins("'")
_SEPARATOR = re.compile(r"[;\t\r\n]")


def marked(text: str) -> str:
    """Return text that no spreadsheet runs; `unmarked` has the very text again."""
    if text[:1].isalnum() and not _SEPARATOR.search(text):  # most of what is exported, and ten times as fast
        return text
    return _marked(text)


@lru_cache(maxsize=1_000)  # what a browser calls itself stands in many rows
def _marked(text: str) -> str:
    return _BARE.sub(r"\1'", text)


def unmarked(cell: str) -> str:
    """Return the text that was marked."""
    if "'" not in cell:  # hardly any has one
        return cell
    return _MARKED.sub(lambda found: found[0][:-1], cell)
