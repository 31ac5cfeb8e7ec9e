"""`manage.py seal_ledger`"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms_consent import sealing, seals


class Command(BaseCommand):
    """Seals what is new, and keeps the seals where the database cannot reach them."""

    help = "Seal every record that is not sealed yet, as the worker does every minute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to keep the seals elsewhere."""
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="also append the seals made since its last one to this file, the newest at the end; keep it elsewhere",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, then append. Raises CommandError where our key may not sign, or the file ends otherwise."""
        try:
            self.stdout.write(f"{sealing.seal_all():,} records sealed.")
        except seals.SealKeyError as error:
            raise CommandError(str(error)) from error
        if not options["checkpoint"]:
            return
        try:
            added = seals.append_checkpoints(options["checkpoint"])
        except (seals.CheckpointError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{added:,} seals appended to {options['checkpoint']}.")
