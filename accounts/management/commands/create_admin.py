"""`manage.py create_admin`"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.roles import ROLES


class Command(BaseCommand):
    """Makes somebody a member of staff who may do everything, or what one role may do."""

    help = "Give a person access to the admin, making them if they are new. They sign in by emailed code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the email address, and a role."""
        parser.add_argument("email")
        choices = [name.lower() for name in ROLES]
        parser.add_argument("--role", choices=choices, help="what they may do; without it: everything")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create or promote. Safe to repeat."""
        email = options["email"].lower()
        person = User.objects.filter(email=email).first() or _new(email)
        if role := options["role"]:
            person.groups.add(Group.objects.get(name=role.capitalize()))
        User.objects.filter(pk=person.pk).update(is_staff=True, is_superuser=person.is_superuser or not role)
        EmailAddress.objects.get_or_create(user=person, email=email, defaults={"primary": True})
        may = f"as {role}" if role and not person.is_superuser else "and do everything"
        self.stdout.write(f"{email} may sign in to /admin/ {may}, with a code sent to that address.")


def _new(email: str) -> User:
    """Return a new person without the signal that marks them: staff are no news for Braze until they sign up."""
    person = User(email=email)
    person.set_unusable_password()
    try:
        person.full_clean()
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return User.objects.bulk_create([person])[0]
