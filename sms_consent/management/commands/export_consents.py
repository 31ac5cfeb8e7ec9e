"""`manage.py export_consents`"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db.models import QuerySet

from sms_consent import access, people
from sms_consent.exports import FORMATS, KINDS, PATHS, RECORDS, Kind
from sms_consent.management.progress import Progress
from sms_consent.models import Program

STAFF = "command line"


def place(text: str) -> Path:
    """Read where a file is to be; what can be none is refused before anything is read."""
    path = Path(text)
    if not path.name or path.is_dir():
        raise ArgumentTypeError(f"{text!r} is no file but a folder, or nothing")
    return path


def moment(text: str) -> datetime:
    """Read a day (from its beginning, UTC) or a time with its zone, both ISO 8601; times without one say nothing."""
    try:
        if len(text) == len("2026-11-24"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a time such as 2026-11-24 or 2026-11-24T17:00:00+00:00") from error
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no zone: write {text}+00:00 if it is UTC")
    return found


class Command(BaseCommand):
    """Writes consent records, or one of the lists, to a file or to the terminal."""

    help = "Export consent records with their proof, who is subscribed, the suppression list, or all opt-in paths."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer what to export, how, where to, and which part of it."""
        parser.add_argument("--what", choices=KINDS, default=RECORDS.name, help="records unless said otherwise")
        parser.add_argument("--format", choices=FORMATS, default="csv", help="CSV, or JSON Lines")
        parser.add_argument(
            "--output", type=place, metavar="FILE", default="-", help="yours only to read; -: the terminal"
        )
        parser.add_argument("--program", metavar="SLUG", help="this program only")
        parser.add_argument("--address", help="this phone number or email address only, however it is written")
        parser.add_argument("--since", type=moment, metavar="TIME", help="records of acts done at this time or later")
        parser.add_argument("--until", type=moment, metavar="TIME", help="records of acts done before this time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write down that it is exported, then export it."""
        kind: Kind = KINDS[options["what"]]
        rows, subject = _chosen(kind, options)
        chosen = [f"{name} {options[name]}" for name in ("program", "since", "until") if options[name]]
        detail = "; ".join([options["format"], *chosen, *(["one address"] if subject else [])])
        access.write(STAFF, access.Action.EXPORTED, kind.title, subject=subject, detail=detail)
        if str(options["output"]) == "-":
            return self._print(kind.text(rows, options["format"]))
        progress = Progress(OutputWrapper(options.get("stderr") or sys.stderr), rows.count())
        shown = replace(kind, pages=lambda rows: _counted(kind, rows, progress))
        with _file(options["output"]) as file:
            file.writelines(shown.text(rows, options["format"]))
        progress.done()
        return None

    def _print(self, text: Iterable[str]) -> None:
        if reconfigure := getattr(self.stdout, "reconfigure", None):
            reconfigure(encoding="utf-8", newline="")  # whatever the terminal is set to
        try:
            for piece in text:
                self.stdout.write(piece, ending="")
            self.stdout.flush()
        except BrokenPipeError:  # as `| head` leaves it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


def _chosen(kind: Kind, options: dict[str, Any]) -> tuple[QuerySet[Any], str]:
    """Return the rows asked for, and the keyed hash of the address if it is one. Raises CommandError."""
    rows, subject = kind.everything(), ""
    if slug := options["program"]:
        program = Program.objects.filter(slug=slug).first()
        if program is None:
            raise CommandError(f"There is no program {slug!r}.")
        rows = rows.filter(pk=program.pk) if kind is PATHS else rows.filter(program=program)
    if options["address"]:
        subject = _subject(kind, options["address"])
        rows = rows.filter(subject=subject)
    for name, lookup in (("since", "occurred_at__gte"), ("until", "occurred_at__lt")):
        if options[name] and kind is not RECORDS:
            raise CommandError(f"--{name} is for records: the lists say how things stand now.")
        rows = rows.filter(**{lookup: options[name]}) if options[name] else rows
    return rows, subject


def _subject(kind: Kind, text: str) -> str:
    address = people.address_of(text)
    if kind is PATHS or not address:
        raise CommandError("--address takes a phone number or an email address, and goes with records and lists.")
    return people.subject(address)


def _counted(kind: Kind, rows: QuerySet[Any], progress: Progress) -> Iterator[list[Any]]:
    count = 0
    for page in kind.pages(rows):
        yield page
        count += len(page)
        progress(count)


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    """Open a file that only its owner may read, and that has its name only once it is whole. Raises CommandError."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with open(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
