"""`manage.py create_admin`"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import User


class Command(BaseCommand):
    """Makes somebody a member of staff who may do everything."""

    help = "Give a person full access to the admin, making them if they are new. They sign in by emailed code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the email address."""
        parser.add_argument("email")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create or promote. Safe to repeat."""
        email = options["email"].lower()
        person = User.objects.filter(email=email).first() or User.objects.create_user(email)
        if not person.is_superuser:
            person.is_staff = person.is_superuser = True
            person.save(update_fields=["is_staff", "is_superuser"])
        EmailAddress.objects.get_or_create(user=person, email=email, defaults={"primary": True})
        self.stdout.write(f"{email} may sign in to /admin/ with a code sent to that address.")
