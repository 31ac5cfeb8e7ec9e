"""`manage.py create_admin`"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
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
        person = User.objects.filter(email=email).first() or _new(email)
        User.objects.filter(pk=person.pk).update(is_staff=True, is_superuser=True)
        EmailAddress.objects.get_or_create(user=person, email=email, defaults={"primary": True})
        self.stdout.write(f"{email} may sign in to /admin/ with a code sent to that address.")


def _new(email: str) -> User:
    """Return a new person without the signal that marks them: staff are no news for Braze until they sign up."""
    person = User(email=email)
    person.set_unusable_password()
    try:
        person.full_clean()
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return User.objects.bulk_create([person])[0]
