"""`manage.py erase_person`"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import erasure
from accounts.models import User
from sms_consent import erasures, people, selectors
from sms_consent.ledger import Circumstances
from sms_consent.models import Erasure

HOW = Circumstances(agent="manage.py erase_person")


class Command(BaseCommand):
    """Erases a person, or an address that nobody is known by. Run again, it says how far that has come."""

    help = "Opt somebody out everywhere, have Braze delete them, then blank what is kept here (docs/compliance.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whom it is about."""
        parser.add_argument("who", metavar="EMAIL_OR_PHONE", help="or the person's id in Braze")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find them; exit with 1 if that is nobody, or more than one."""
        text = options["who"].strip()
        address = people.address_of(text)
        found = erasure.find(text, address)
        if len(found) > 1:
            self._list(found)
            sys.exit(1)
        try:
            self._tell(self._ask(found, address))
        except erasure.RefusedError as error:
            raise CommandError(str(error)) from error

    def _ask(self, found: list[User], address: str) -> Erasure | None:
        """Return the erasure; None where nothing is left to erase, as after an earlier one, or a lapse."""
        if found:
            phone = address if address == found[0].phone_number else ""
            return erasure.ask(found[0], asked_by=phone, circumstances=HOW)
        if not address:
            raise CommandError("That is neither an email address, nor a phone number, nor anybody's id in Braze.")
        if selectors.is_remembered(address) and not selectors.has_history(address):
            return erasure.erasure_of(address)
        return erasure.ask_for_address(address, circumstances=HOW)

    def _list(self, found: list[User]) -> None:
        self.stderr.write(f"{len(found)} people have this number. Nobody was erased; name one by email or id in Braze:")
        for person in found:
            email = people.mask(person.email or "") or "no email address"
            self.stderr.write(f"  {person.external_id}  {email}  joined {person.date_joined:%Y-%m-%d}")

    def _tell(self, asked: Erasure | None) -> None:
        if asked is None or asked.done_at:
            when = f" on {asked.done_at:%Y-%m-%d at %H:%M:%S} UTC" if asked and asked.done_at else ""
            self.stdout.write(f"Erased{when}: the ledger knows it by its keyed hash, and nothing else names it.")
            return
        shown = ", ".join(people.mask(address) for address in asked.addresses)
        self.stdout.write(f"Asked for on {asked.asked_at:%Y-%m-%d at %H:%M:%S} UTC: {shown or asked.external_id}")
        for phone in asked.typed:
            self.stdout.write(f"Of {people.mask(phone)} only what they did themselves; erase that number for the rest.")
        waits = erasures.waits_for(asked)
        self.stdout.write(f"Waits for {waits}." if waits else "Braze has taken everything.")
        self.stdout.write("The worker blanks what is kept here once Braze has taken everything: run this again to see.")
