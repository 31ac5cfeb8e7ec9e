"""`manage.py welcome`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

WORDS = """
  The sign-up     http://127.0.0.1:8000/               texts, emails, both or neither
  The phone form  http://127.0.0.1:8000/phone/         a number, then Y from the sandbox's phone
  Words to text   http://127.0.0.1:8000/text/          START and yours, from the sandbox's phone
  Preferences     http://127.0.0.1:8000/preferences/   where one stands; leave, join, change
  The sandbox     http://127.0.0.1:8001/               what Braze got, a phone, and the mailbox
  The admin       http://127.0.0.1:8000/admin/         sign in as admin@example.com;
                                                       the code arrives in the sandbox's mailbox
  Stop with Ctrl-C.
"""


class Command(BaseCommand):
    """Prints where everything is."""

    help = "Print the addresses that `make run` serves."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        self.stdout.write(WORDS)
