"""`manage.py send_mail`"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, connection

from optin_site import mailing, outages

logger = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between looks at the queue
LONGEST_PAUSE = 16.0  # while the database is away


class Command(BaseCommand):
    """Sends the mails that wait in the queue. One sends at a time, however many run."""

    help = "Send queued mails until stopped. A mail server that is down costs time, never a mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer one pass for cron and tests."""
        parser.add_argument(
            "--once", action="store_true", help="send what is queued and exit: 1 if the database is away"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at the queue every second; django-post-office sends, retries and keeps what fails."""
        stop = threading.Event()
        if options["once"]:
            if not _send(stop):
                sys.exit(1)
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Sending queued mails. Stop with Ctrl-C.")
        pause = PAUSE
        while not stop.wait(pause):
            pause = PAUSE if _send(stop) else min(2 * pause, LONGEST_PAUSE)


def _send(stop: threading.Event) -> bool:
    """Send what waits; return whether the database answered."""
    try:
        mailing.send_waiting(goes_on=lambda: not stop.is_set())
    except Error as error:
        logger.error("The database did not answer: %s", outages.words(error))
        connection.close()
        return False
    return True
