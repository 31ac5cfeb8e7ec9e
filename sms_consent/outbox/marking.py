"""Marking: done by whoever changes something, in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

from sms_consent.choices import Channel, State, Told
from sms_consent.models import BrazeProfile, Outgoing, Subscription

NOTIFY_CHANNEL = "optin_outbox"


def new_version() -> int:
    """Return a token that no earlier version of a row had."""
    return secrets.randbits(62)


def touch(subscription: Subscription, *, is_sms: bool, now: datetime) -> None:
    """Mark a subscription whose state has changed; the caller saves it.

    An opt-out takes the row out of whatever lease it is under: it waits for nobody (rule 4), and the worker
    that had it will find its lease gone and mark the row again (rule 7).
    """
    state = subscription.state
    _renew(subscription, now)
    subscription.is_recheck = False
    if state == State.PENDING:
        subscription.asked = 0
    if state == State.UNSUBSCRIBED:
        subscription.lease = subscription.leased_until = None
    if state == State.NONE or (state == State.PENDING and not is_sms):
        subscription.due_at = None  # a lapse, and an email that waits for its button, are no news for Braze


def _renew(row: Outgoing, now: datetime) -> None:
    row.version, row.due_at, row.attempts = new_version(), now, 0
    row.parked_at, row.park_reason = None, ""


def mark(person: models.Model) -> None:
    """Say that Braze may be out of date about a person. One statement; lifts a park."""
    profile = BrazeProfile(person=person, external_id=person.external_id)  # type: ignore[misc, attr-defined]
    _renew(profile, timezone.now())
    BrazeProfile.objects.bulk_create(
        [profile],
        update_conflicts=True,
        unique_fields=["person"],
        update_fields=["version", "due_at", "attempts", "parked_at", "park_reason"],
    )


def mark_holders(emails: Iterable[str]) -> None:
    """Mark everybody who is known by one of these email addresses."""
    _mark_profiles(BrazeProfile.objects.filter(person__email__in=list(emails)))


def mark_waiting(program_id: int) -> None:
    """Mark the people whose email consent to this program has not reached Braze."""
    waiting = Subscription.objects.filter(program=program_id, due_at__isnull=False, state=State.SUBSCRIBED)
    _mark_profiles(BrazeProfile.objects.filter(person__email__in=waiting.values("address")))


def _mark_profiles(profiles: models.QuerySet[BrazeProfile]) -> None:
    profiles.update(version=new_version(), due_at=timezone.now(), attempts=0, parked_at=None, park_reason="")


def merge_away(profile: BrazeProfile, into: str) -> None:
    """Have a person's Braze profile merged into another's; their row here is about to go."""
    _renew(profile, timezone.now())
    profile.person, profile.merge_into = None, into
    profile.save()


def forget_group(program_id: int) -> None:
    """A program moved to another subscription group: what its old group was told is unknown for the new one."""
    rows = Subscription.objects.filter(program=program_id).exclude(state=State.NONE).exclude(told=Told.NOTHING)
    rows.update(told=Told.UNKNOWN, told_at=None, version=new_version(), due_at=timezone.now(), is_recheck=False)
    mark_waiting(program_id)


def send_again(rows: models.QuerySet[Any]) -> int:
    """Lift the parks of these rows and make them due; return how many. Only marks, never sends."""
    changes = {"due_at": timezone.now(), "attempts": 0, "parked_at": None, "park_reason": ""}
    if rows.model is Subscription:
        rows = rows.exclude(state=State.NONE)
        emails = rows.filter(program__channel=Channel.EMAIL, state=State.SUBSCRIBED)
        mark_holders(emails.values_list("address", flat=True))
        changes |= {"told": Told.UNKNOWN, "is_recheck": False}
    else:
        changes |= {"is_unknown": True}
    return rows.update(version=new_version(), **changes)


def wake() -> None:
    """Tell waiting workers that something is due, when this transaction commits. PostgreSQL only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [NOTIFY_CHANNEL])
