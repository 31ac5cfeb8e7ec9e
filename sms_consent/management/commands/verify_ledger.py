"""`manage.py verify_ledger`"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms_consent import seals, verification
from sms_consent.management.progress import Progress
from sms_consent.models import ConsentRecord
from sms_consent.verification import Report

LISTED = 20


class Command(BaseCommand):
    """Computes every hash of the ledger anew."""

    help = "Verify the whole ledger: records, evidence, words, seals and triggers. Exits 1 on damage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to compare with seals that were kept elsewhere."""
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="seals that `seal_ledger --checkpoint` kept elsewhere: shows whether the newest part was cut off",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, say what was gone through, and name what is damaged, the first record of it last."""
        progress = Progress(self.stdout, ConsentRecord.objects.count())
        try:
            report = verification.verify(checkpoint=options["checkpoint"], progress=progress)
        except (seals.CheckpointError, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            progress.done()
        self._say(report)
        if report.damage:
            self._name(report)
            sys.exit(1)
        self.stdout.write("Nothing is damaged.")

    def _say(self, report: Report) -> None:
        self.stdout.write(
            f"{report.sealed:,} records under {report.seals:,} seals, {report.unsealed:,} not sealed yet, "
            f"{report.erased:,} with their evidence erased."
        )

    def _name(self, report: Report) -> None:
        for damage in report.damage[:LISTED]:
            self.stderr.write(damage.words)
        if len(report.damage) > LISTED:
            self.stderr.write(f"… and {len(report.damage) - LISTED} more.")
        first = next((damage.record for damage in report.damage if damage.record), None)
        named = f"The first bad record is #{first}." if first else "No single record can be named."
        self.stderr.write(f"The ledger is DAMAGED. {named}")
