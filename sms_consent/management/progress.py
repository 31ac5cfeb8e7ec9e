"""How far a long command has come: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from django.core.management.base import OutputWrapper

WIDTH = 30


class Progress:
    """A bar that is drawn over itself; leave it with `done`."""

    def __init__(self, stream: OutputWrapper, total: int) -> None:
        self._stream, self._total = stream, max(total, 1)
        self._is_shown = stream.isatty()

    def __call__(self, count: int) -> None:
        """Draw it for so many of the total."""
        if self._is_shown:
            share = min(count / self._total, 1.0)
            bar = "#" * round(share * WIDTH)
            self._stream.write(f"\r[{bar:<{WIDTH}}] {count:,} of {self._total:,}", ending="")
            self._stream.flush()

    def done(self) -> None:
        """Begin a new line under the bar."""
        if self._is_shown:
            self._stream.write("\n")
