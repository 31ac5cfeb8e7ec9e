"""How much Braze has yet to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from sms_consent.choices import Told
from sms_consent.models import BrazeProfile, GlobalEmail, GroupMove, Subscription
from sms_consent.outbox.claims import TRAVELS

LOOKED_AT = 1_000  # rows of each kind


def unsent() -> int:
    """Return how many rows Braze has not been told: due, in back-off, or parked. A program that is moving is one more.

    A scheduled second look is none, unless what it looks at is unknown: then it is the retry of a call. Nor is what is
    only to be said again.
    """
    is_second_look = Q(is_recheck=True) & ~Q(told=Told.UNKNOWN)
    waiting = Q(due_at__isnull=False) & ~is_second_look | Q(parked_at__isnull=False)
    subscriptions = Subscription.objects.filter(waiting).exclude(address="")
    emails = GlobalEmail.objects.filter(Q(due_at__isnull=False, is_recheck=False) | Q(parked_at__isnull=False))
    profiles = BrazeProfile.objects.filter(Q(due_at__isnull=False, is_recheck=False) | Q(parked_at__isnull=False))
    return subscriptions.count() + emails.count() + profiles.count() + GroupMove.objects.count()


def due_now(at_most: int) -> int:
    """Return how many rows a worker would take now, counted up to so many of each kind: from partial indexes only."""
    waiting = {"due_at__lte": timezone.now(), "parked_at__isnull": True}
    subscriptions = Subscription.objects.filter(**waiting).exclude(address="")
    return _counted(at_most, subscriptions, *(model.objects.filter(**waiting) for model in (GlobalEmail, BrazeProfile)))


def failed(at_most: int) -> int:
    """Return how many rows wait for another try after Braze did not take the one before, counted likewise."""
    waiting = {"due_at__gt": timezone.now(), "attempts__gt": 0, "parked_at__isnull": True}
    return _counted(at_most, *(model.objects.filter(**waiting) for model in (Subscription, GlobalEmail, BrazeProfile)))


def waiting_since() -> datetime | None:
    """Return since when Braze has been out of date about what is due or has failed, through every retry, or None.

    An email consent is no such thing: it travels with the person that it is about.
    """
    waiting = Q(due_at__lte=timezone.now()) | Q(attempts__gt=0)
    kinds = (Subscription.objects.exclude(address="").exclude(TRAVELS), GlobalEmail.objects, BrazeProfile.objects)
    found = [longest_out_of_date(rows.filter(waiting, due_at__isnull=False, parked_at__isnull=True)) for rows in kinds]
    return min(filter(None, found), default=None)


def longest_out_of_date(rows: QuerySet[Any]) -> datetime | None:
    """Return since when Braze has been out of date about one of these rows that are due, or will be.

    Looked for among the first to be tried: whoever waits longest is among them, or has just been tried.
    """
    first = rows.order_by("due_at").annotate(since=Coalesce("marked_at", "due_at"))[:LOOKED_AT]
    since: datetime | None = first.aggregate(longest=Min("since"))["longest"]
    return since


def parked(at_most: int) -> int:
    """Return how many rows Braze has refused, counted likewise."""
    models = (Subscription, GlobalEmail, BrazeProfile)
    return _counted(at_most, *(model.objects.filter(parked_at__isnull=False) for model in models))


def _counted(at_most: int, *kinds: QuerySet[Any]) -> int:
    return min(at_most, sum(rows[:at_most].count() for rows in kinds))
