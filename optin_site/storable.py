"""Text from outside, as a database takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return a text without what no text column takes: NUL is dropped, half a surrogate pair becomes "?"."""
    if text.isascii() and "\x00" not in text:  # nearly all there is
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
