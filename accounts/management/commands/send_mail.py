"""`manage.py send_mail`"""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, connection

from optin_site import mailing

PAUSE = 1.0  # seconds between looks at the queue


class Command(BaseCommand):
    """Sends the mails that wait in the queue. One sends at a time, however many run."""

    help = "Send queued mails until stopped. A mail server that is down costs time, never a mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer one pass for cron and tests."""
        parser.add_argument("--once", action="store_true", help="send what is queued now and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at the queue every second; django-post-office sends, retries and keeps what fails."""
        stop = threading.Event()
        if options["once"]:
            _send(self, stop)
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Sending queued mails. Stop with Ctrl-C.")
        while not stop.wait(PAUSE):
            _send(self, stop)


def _send(command: BaseCommand, stop: threading.Event) -> None:
    try:
        mailing.send_waiting(goes_on=lambda: not stop.is_set())
    except Error as error:
        command.stderr.write(f"The database did not answer: {error}")
        connection.close()
