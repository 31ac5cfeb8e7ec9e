"""`manage.py import_consents FILE [--dry-run]`"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from accounts import imported
from sms_consent import imports
from sms_consent.imports import Summary
from sms_consent.management.progress import Progress


class Command(BaseCommand):
    """Imports consents and opt-outs from another system. Safe to repeat, and to go on with after it was killed."""

    help = (
        "Import consents and opt-outs, as CSV or JSON Lines, with their original time, source and words "
        "(docs/import.md). Run it with --dry-run first. Lines that are refused are listed in FILE.errors.csv."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, help="needed columns: program, act, occurred_at, and email or phone")
        parser.add_argument("--dry-run", action="store_true", help="say what an import would do, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, say what was done, and exit with 1 if a line was refused."""
        path, is_dry_run = options["file"], options["dry_run"]
        try:
            size = path.stat().st_size
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        bars = _Bars(self.stdout, size)
        try:
            summary = imports.run(
                path, people=imported, is_dry_run=is_dry_run, tell_read=bars.read, tell_written=bars.written
            )
        except imports.FileError as error:
            raise CommandError(str(error)) from error
        finally:
            bars.done()
        self._say(summary, path, is_dry_run=is_dry_run)
        if summary.refused:
            sys.exit(1)

    def _say(self, summary: Summary, path: Path, *, is_dry_run: bool) -> None:
        if is_dry_run:
            self.stdout.write("A dry run: nothing is written down.")
        would, is_now = ("would be ", "would be") if is_dry_run else ("", "are now")
        self.stdout.write(
            f"{summary.read:,} rows read: {summary.added:,} {would}added, {summary.known:,} here already."
        )
        self.stdout.write(f"{_count(summary.joined)} {is_now} newly subscribed at Braze.")
        if summary.joined:
            self.stdout.write(
                self.style.WARNING("Campaigns and Canvases there that welcome new subscribers go off for each of them.")
            )
        self.stdout.write(f"{_count(summary.left)} {is_now} newly unsubscribed at Braze.")
        if summary.unknown:
            self.stdout.write(f"Columns that are not read: {', '.join(summary.unknown)}.")
        if summary.refused:
            count = sum(summary.refused.values())
            self.stdout.write(f"{count:,} refused; {imports.errors_of(path)} says which lines:")
        for reason, count in summary.refused.items():
            self.stdout.write(f"  {count:,}  {reason}")


def _count(by_program: Counter[str]) -> str:
    each = ", ".join(f"{count:,} {slug}" for slug, count in sorted(by_program.items()))
    return f"{by_program.total():,}" + (f" ({each})" if each else "")


class _Bars:
    """Two bars: reading, in bytes, then writing, in rows."""

    def __init__(self, stream: OutputWrapper, size: int) -> None:
        self._stream = stream
        self._reading = Progress(stream, size)
        self._writing: Progress | None = None

    def read(self, count: int) -> None:
        """So many bytes have been read."""
        self._reading(count)

    def written(self, done: int, total: int) -> None:
        """So many rows have been dealt with."""
        if self._writing is None:
            self._reading.done()
            self._writing = Progress(self._stream, total)
        self._writing(done)

    def done(self) -> None:
        """End the one that is being drawn."""
        (self._writing or self._reading).done()
