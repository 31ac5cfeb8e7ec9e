"""Seeing: what Braze was read, or reported, to say of subscriptions, as against what stands here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.utils import timezone

from sms_consent.choices import State
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.outbox.marking import UNSEEN
from sms_consent.outbox.settling import fresh


def note_seen(
    subscriptions: Collection[int], state: str, at: datetime, *, versions: Collection[int] | None = None
) -> None:
    """Note that at that time Braze said "subscribed", "unsubscribed" or, empty, neither of these subscriptions.

    Kept only where it differs from what stands here, so that what is kept is the list of differences; elsewhere
    an older note goes. Whatever was told or seen later outdoes it, and any change of the subscription ends it.
    With `versions` only rows that are still at one of them are noted.
    """
    stands = Q(state=State.SUBSCRIBED)
    differs = ~stands if state == State.SUBSCRIBED else stands if state == State.UNSUBSCRIBED else Q(pk__in=[])
    rows = Subscription.objects.filter(differs | Q(seen_at__isnull=False), pk__in=subscriptions)
    if versions is not None:
        rows = rows.filter(version__in=versions)
    with transaction.atomic():
        # Locked in the order in which services lock them.
        newest = rows.exclude(told_at__gt=at).exclude(seen_at__gt=at).select_for_update().order_by("pk")
        found = Subscription.objects.filter(pk__in=list(newest.values_list("pk", flat=True)))
        found.exclude(differs).update(**UNSEEN)
        found.filter(differs).update(seen=state, seen_at=at)


def busy(addresses: Collection[str], since: datetime) -> set[str]:
    """Return those of these addresses that a call of ours may still change at Braze (rule 12).

    That is what is due, under a lease, or was sent later than `since`: for any program, or about a person who is
    known by the address. What is parked is not in flight.
    """
    is_open = Q(due_at__isnull=False, parked_at__isnull=True) | Q(leased_until__gt=timezone.now())
    is_sent = Q(told_at__gt=since) | Q(opened_at__gt=since - fresh())
    rows = Subscription.objects.filter(is_open | is_sent, address__in=addresses)
    profiles = BrazeProfile.objects.filter(is_open | Q(accepted_at__gt=since))
    emails = profiles.filter(person__email__in=[one for one in addresses if "@" in one])
    phones = profiles.filter(person__phone__in=[one for one in addresses if "@" not in one])
    numbers = phones.annotate(number=Cast("person__phone", CharField()))  # as it is stored, not as it is shown
    found = set(rows.values_list("address", flat=True))
    found.update(str(one) for one in emails.values_list("person__email", flat=True))
    found.update(numbers.values_list("number", flat=True))
    return found
