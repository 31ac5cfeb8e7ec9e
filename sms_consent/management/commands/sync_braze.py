"""`manage.py sync_braze`"""

from __future__ import annotations

import gc
import signal
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from optin_site import outages
from sms_consent.delivery import Worker, patience


class Command(BaseCommand):
    """The worker that brings Braze up to date."""

    help = "Bring Braze up to date, until stopped. Any number of these may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer one round for cron and scripts."""
        parser.add_argument(
            "--once",
            action="store_true",
            help="send all that is due and exit: 0 if nothing is left unsent, 1 otherwise",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; SIGINT and SIGTERM let the calls in flight end first."""
        gc.freeze()  # what has been made by now stays: thousands of rows a second would have it looked through again
        patience.limit()
        worker = Worker()

        def stop(number: int, frame: FrameType | None) -> None:
            worker.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        if not options["once"]:
            self.stdout.write("Bringing Braze up to date. Stop with Ctrl-C.")
            worker.run()
            return
        left = self._once(worker)
        if left:
            self.stderr.write(f"{left} left unsent. See “What Braze was told” in the admin.")
            sys.exit(1)
        self.stdout.write("Nothing is left unsent.")

    def _once(self, worker: Worker) -> int:
        try:
            return worker.run_once()
        except Exception as error:
            if outages.is_one(error):
                raise CommandError(f"The database does not answer: {outages.words(error)}") from error
            raise
