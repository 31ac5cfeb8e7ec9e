"""How much Braze has yet to be told."""

from __future__ import annotations

from django.db.models import Q

from sms_consent.choices import Told
from sms_consent.models import BrazeProfile, GlobalEmail, GroupMove, Subscription


def unsent() -> int:
    """Return how many rows Braze has not been told: due, in back-off, or parked. A program that is moving is one more.

    A scheduled second look is none, unless what it looks at is unknown: then it is the retry of a call.
    """
    is_second_look = Q(is_recheck=True) & ~Q(told=Told.UNKNOWN)
    waiting = Q(due_at__isnull=False) & ~is_second_look | Q(parked_at__isnull=False)
    subscriptions = Subscription.objects.filter(waiting).exclude(address="")
    emails = GlobalEmail.objects.filter(Q(due_at__isnull=False, is_recheck=False) | Q(parked_at__isnull=False))
    profiles = BrazeProfile.objects.filter(Q(due_at__isnull=False) | Q(parked_at__isnull=False))
    return subscriptions.count() + emails.count() + profiles.count() + GroupMove.objects.count()
