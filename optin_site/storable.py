"""Text from outside, as a database takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return a text without what no text column takes: NUL is dropped, half a surrogate pair becomes "?"."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
