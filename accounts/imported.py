"""Who holds imported addresses: found, completed or made, without a mail to anybody (DAT-3, EU-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from accounts.models import User, new_external_id
from optin_site import bulk
from sms_consent import outbox
from sms_consent.imports import Row
from sms_consent.models import BrazeProfile

LONGEST_LANGUAGE = int(User._meta.get_field("language").max_length or 0)


def addresses(rows: Sequence[Row]) -> set[str]:
    """Return the addresses, E.164 and email, of the people whom these rows name by their external_id."""
    named = User.objects.filter(external_id__among={row.external_id for row in rows} - {""})
    found = named.values_list("email", Cast("phone", TextField()))
    return {address for both in found for address in both if address}


def names(rows: Sequence[Row]) -> dict[int, str]:
    """Return, by line, who rows with an email address are about: its holder, the first external_id, or a new one.

    Empty where none of them is about a number: of an email address it is clear without.
    """
    mailed = [row for row in rows if row.email]
    if not any(row.is_sms for row in mailed):
        return {}
    held = User.objects.filter(email__among={row.email for row in mailed}).values_list("email", "external_id")
    said = {row.email: row.external_id for row in sorted(mailed, reverse=True) if row.external_id}
    known, new = said | dict(held), defaultdict[str, str](new_external_id)
    return {row.line: known.get(row.email) or new[row.email] for row in mailed}


def hold(rows: Sequence[Row], names: Mapping[int, str]) -> dict[int, str]:
    """Give every address of these rows somebody who holds it, and have Braze told of them.

    Returns, by line, why rows cannot be true; then nothing is written. Whoever holds an address already keeps it, and
    their external_id. `names` are those of new people. The caller has `addresses`, those of the rows and external ids
    locked. Rows that name somebody come first, so that who is made has that name.
    """
    book = _Book(_known(rows), names, leaving=_leaving(rows))
    in_turn = sorted(rows, key=lambda row: (not row.external_id, row.line))
    holders = {person.external_id: person for row in in_turn if (person := book.holder(row))}
    if not book.contradictions:
        book.save()
        outbox.mark(*sorted(holders.values(), key=lambda person: person.pk))
    return book.contradictions


def _known(rows: Iterable[Row]) -> list[User]:
    emails, phones, ids = ({getattr(row, name) for row in rows} - {""} for name in ("email", "phone", "external_id"))
    found = User.objects.filter(Q(email__among=emails) | Q(phone__among=phones) | Q(external_id__among=ids))
    return list(found.order_by("pk"))


def _leaving(rows: Iterable[Row]) -> set[str]:
    """Return the external ids that Braze is yet to merge into others, or to delete: nobody may begin by one of them."""
    named = BrazeProfile.objects.filter(person=None, external_id__among={row.external_id for row in rows})
    return set(named.values_list("external_id", flat=True))


class _Book:
    """The people behind some rows, with those who are made, and what is added to them, on the way."""

    def __init__(self, known: Iterable[User], names: Mapping[int, str], *, leaving: Collection[str]) -> None:
        self._names, self._leaving = names, leaving
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
        if person.phone is not None:  # that it is not empty would have the number written out again
            self._by_phone.setdefault(person.phone.as_e164, person)

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
        if row.external_id in self._leaving and not row.is_exported:
            self.contradictions[row.line] = "its external_id is about to be merged or deleted at Braze: try again later"
            return None
        wanted = row.external_id or self._names.get(row.line, "")
        return self._make(row, "" if wanted in self._by_id or wanted in self._leaving else wanted)

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
        mailed: dict[str, list[Any]] = {"user": [it.pk for it in self._new_emails]}
        mailed["email"] = [it.email for it in self._new_emails]
        bulk.add(EmailAddress, mailed, same={"primary": True}, is_ignoring=True)
