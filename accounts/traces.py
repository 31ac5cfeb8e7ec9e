"""What the rows of others say of an address that is erased: numbers that were theirs once, and links they used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q, QuerySet

from accounts.models import Confirmation, User


def whose(addresses: Collection[str]) -> list[User]:
    """Return the people whose rows name one of these addresses as what they once had.

    There is no index of that, as erasures are few: to be called outside the transaction that forgets.
    """
    links = _used_links().filter(Q(email__in=addresses) | Q(phone__in=addresses))
    named = Q(pk__in=links.values("person"))
    for phone in (address for address in addresses if "@" not in address):
        named |= Q(former_phones__icontains=phone)
    return list(User.objects.filter(named).order_by("pk"))


def forget(people: Sequence[User], gone: Collection[str]) -> None:
    """Take what is gone out of their rows; the caller has these people locked. A link that is still open stays."""
    links = _used_links().filter(person__in=people)
    links.filter(phone__in=gone).update(phone=None)
    links.filter(email__in=gone).update(email="")
    for person in User.objects.filter(pk__in=[person.pk for person in people]):
        kept = [phone for phone in person.former_phones if phone not in gone]
        if kept != person.former_phones:
            User.objects.filter(pk=person.pk).update(former_phones=kept)


def _used_links() -> QuerySet[Confirmation]:
    return Confirmation.objects.filter(used_at__isnull=False)
