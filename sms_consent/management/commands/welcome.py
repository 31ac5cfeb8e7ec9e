"""`manage.py welcome`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

WORDS = """
  The site      http://127.0.0.1:8000/          sign up here
  The sandbox   http://127.0.0.1:8001/          what Braze got, a phone, and the mailbox
  The admin     http://127.0.0.1:8000/admin/    sign in as admin@example.com;
                                                the code arrives in the sandbox's mailbox
  Stop with Ctrl-C.
"""


class Command(BaseCommand):
    """Prints where everything is."""

    help = "Print the addresses that `make run` serves."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them."""
        self.stdout.write(WORDS)
