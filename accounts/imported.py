"""Who holds imported addresses: found, completed or made, without a mail to anybody (DAT-3, EU-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import Q

from accounts.models import User, new_external_id
from optin_site import bulk
from sms_consent import outbox
from sms_consent.imports import Row

LONGEST_LANGUAGE = int(User._meta.get_field("language").max_length or 0)


def names(rows: Sequence[Row]) -> dict[int, str]:
    """Return, by line, who rows with an email address are about: its holder, the row's external_id, or a new one.

    Empty where none of them is about a number: of an email address it is clear without.
    """
    mailed = [row for row in rows if row.email]
    if not any(row.is_sms for row in mailed):
        return {}
    held = User.objects.filter(email__in={row.email for row in mailed}).values_list("email", "external_id")
    known, new = dict(held), defaultdict[str, str](new_external_id)
    return {row.line: known.get(row.email) or row.external_id or new[row.email] for row in mailed}


def hold(rows: Sequence[Row], names: Mapping[int, str]) -> dict[int, str]:
    """Give every address of these rows somebody who holds it, and have Braze told of them.

    Returns, by line, why rows cannot be true; then nothing is written. Whoever holds an address already keeps it, and
    their external_id. `names` are those of new people. The caller has addresses and external ids locked.
    """
    book = _Book(_known(rows), names)
    holders = {person.external_id: person for row in sorted(rows) if (person := book.holder(row))}
    if not book.contradictions:
        book.save()
        outbox.mark(*sorted(holders.values(), key=lambda person: person.pk))
    return book.contradictions


def _known(rows: Iterable[Row]) -> list[User]:
    emails, phones, ids = ({getattr(row, name) for row in rows} - {""} for name in ("email", "phone", "external_id"))
    found = User.objects.filter(Q(email__in=emails) | Q(phone__in=phones) | Q(external_id__in=ids))
    return list(found.order_by("pk"))


class _Book:
    """The people behind some rows, with those who are made, and what is added to them, on the way."""

    def __init__(self, known: Iterable[User], names: Mapping[int, str]) -> None:
        self._names = names
        self.contradictions: dict[int, str] = {}
        self._password = make_password(None)  # one that nobody can use
        self._new: list[User] = []
        self._completed: dict[str, User] = {}
        self._new_emails: list[User] = []
        self._by_id: dict[str, User] = {}
        self._by_email: dict[str, User] = {}
        self._by_phone: dict[str, User] = {}
        for person in known:
            self._enter(person)

    def _enter(self, person: User) -> None:
        self._by_id[person.external_id] = person
        if person.email:
            self._by_email[person.email] = person
        if person.phone is not None:  # that it is not empty would have the number checked again
            self._by_phone.setdefault(person.phone_number, person)

    def holder(self, row: Row) -> User | None:
        """Return who holds the address of a row's channel, or note why nobody can.

        `external_id` names the holder. In what a site like this one exported it names whoever acted, also on an
        address that is not theirs.
        """
        named = self._by_id.get(row.external_id)
        contradiction = self._contradiction(named, row) if named else ""
        if named and not contradiction:
            return self._complete(named, row, is_named=True)
        if contradiction and not row.is_exported:
            self.contradictions[row.line] = contradiction
            return None
        found = self._by_address(row)
        if found:
            return self._complete(found, row, is_named=False)
        return self._make(row, "" if named else row.external_id or self._names.get(row.line, ""))

    def _contradiction(self, named: User, row: Row) -> str:
        kind, own = ("phone number", named.phone_number) if row.is_sms else ("email address", named.email)
        if own == row.address:
            return ""
        if own:
            return f"its external_id is that of somebody with another {kind}"
        is_taken = not row.is_sms and row.email in self._by_email  # a number may have several holders
        return "the email address is that of somebody with another external_id" if is_taken else ""

    def _by_address(self, row: Row) -> User | None:
        if not row.is_sms:
            return self._by_email.get(row.email)  # who has only the number is somebody else until a mailbox says so
        mailed = self._by_email.get(row.email)
        return self._by_phone.get(row.phone) or (mailed if mailed and mailed.phone is None else None)

    def _complete(self, person: User, row: Row, *, is_named: bool) -> User:
        """Add the addresses that a person lacks; what others hold only where the row names this person."""
        if row.phone and person.phone is None and (is_named or row.phone not in self._by_phone):
            person.phone = row.phone
            self._completed[person.external_id] = person
        if row.email and not person.email and is_named and row.email not in self._by_email:
            person.email = row.email
            self._completed[person.external_id] = person
            self._new_emails.append(person)
        if person.external_id in self._completed:
            self._enter(person)
        return person

    def _make(self, row: Row, external_id: str) -> User:
        named = {"external_id": external_id} if external_id else {}
        has_email = row.email and row.email not in self._by_email
        has_phone = row.phone and row.phone not in self._by_phone
        person = User(email=row.email if has_email else None, phone=row.phone if has_phone else None, **named)
        person.language = row.language if 0 < len(row.language) <= LONGEST_LANGUAGE else settings.LANGUAGE_CODE
        person.password = self._password
        self._new.append(person)
        if person.email:
            self._new_emails.append(person)
        self._enter(person)
        return person

    def save(self) -> None:
        """Write everybody down, in a few statements."""
        changed = [person for person in self._completed.values() if person.pk]
        bulk.insert(self._new)
        User.objects.bulk_update(changed, ["email", "phone"])
        mailboxes = [EmailAddress(user=person, email=person.email, primary=True) for person in self._new_emails]
        bulk.insert(mailboxes, is_ignoring=True)
