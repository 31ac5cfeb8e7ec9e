"""`manage.py remove_second_factor`"""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.second_factor import factors
from sms_consent import people

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """For a colleague who has lost both the phone and the recovery codes."""

    help = "Take away a colleague's second factor and recovery codes, and sign them out everywhere (docs/desk.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the email address."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it; exit with 1 if there is nobody, or nothing."""
        email = people.address_of(options["email"])
        person = User.objects.filter(email=email).first() if email else None
        if person is None:
            raise CommandError("Nobody here has this email address. Nothing was changed.")
        if not factors.remove(person):
            raise CommandError("This person has no second factor. Nothing was changed.")
        logger.warning("The second factor of person %d was removed by a command", person.pk)
        self.stdout.write(f"{email} has no second factor any more, and is signed out everywhere.")
