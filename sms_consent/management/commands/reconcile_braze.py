"""`manage.py reconcile_braze`"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sms_consent import people, reconcile
from sms_consent.braze import BrazeError
from sms_consent.management.progress import Progress
from sms_consent.models import BrazeReading, Subscription

LISTED = 100


class Command(BaseCommand):
    """Compares everybody with Braze, so that what happened there without a hook is found."""

    help = "Ask Braze where everybody stands, record who has left there, list who is subscribed without proof here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to act on what has no proof, and to act on much at once."""
        parser.add_argument(
            "--enforce",
            action="store_true",
            help="unsubscribe at Braze whoever is subscribed there without consent here",
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help="go on even if more than 1 %% of all (and at least 20) would change",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read everything, then act on it; exit with 1 if that would change suspiciously much."""
        reading = self._read()
        plans = reconcile.plans(reading, enforce=options["enforce"])
        would = {plan.words: plan.rows.count() for plan in plans}
        if reconcile.are_too_many(sum(would.values()), reading.asked) and not options["yes"]:
            self._refuse(would, reading)
        for plan in plans:
            self.stdout.write(f"{reconcile.carry_out(plan)} {plan.words}.")
        reconcile.end(reading)
        self._list_unproven()

    def _read(self) -> BrazeReading:
        progress = Progress(self.stdout, Subscription.objects.count())
        try:
            reading = reconcile.read(progress)
        except BrazeError as error:
            words = f"Braze: {error}. Run it again to go on; `manage.py braze_check` may say more."
            raise CommandError(words) from error
        except reconcile.AlreadyRunningError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.done()
        self.stdout.write(
            f"{reading.asked} asked about, {reading.left_out} left out (parked, under way, or sent less than "
            f"{reconcile.LANDED_AFTER.seconds // 60} minutes ago), "
            f"{reading.absent} subscribed here and unknown at Braze."
        )
        return reading

    def _refuse(self, would: dict[str, int], reading: BrazeReading) -> None:
        reconcile.end(reading)
        self._list_unproven()
        changes = ", ".join(f"{count} {words}" for words, count in would.items())
        self.stderr.write(
            f"Stopped before anything was changed. It would be: {changes}. That is more than 1 % of {reading.asked}, "
            "and usually a mistake at the other side. Find out what happened; then run it again with --yes."
        )
        sys.exit(1)

    def _list_unproven(self) -> None:
        rows = reconcile.unproven()
        count = rows.count()
        self.stdout.write(f"{count} subscribed at Braze without proof here{':' if count else '.'}")
        for row in islice(rows.iterator(), LISTED):
            self.stdout.write(f"  {people.mask(row.address)}  {row.program}: {row.get_state_display().lower()} here")
        if count > LISTED:
            self.stdout.write(f"  … and {count - LISTED} more: see the subscriptions in the admin.")
