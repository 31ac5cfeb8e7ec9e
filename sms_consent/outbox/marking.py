"""Marking: done by whoever changes something, in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from sms_consent.choices import Channel, State, Told
from sms_consent.models import BrazeProfile, Outgoing, Subscription

NOTIFY_CHANNEL = "optin_outbox"
MAX_ASKS = 2  # one prompt, and one more after a second look
UNSEEN: dict[str, Any] = {"seen": "", "seen_at": None}  # what Braze said before a change is no news after it


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
    subscription.seen, subscription.seen_at = "", None
    if state == State.SUBSCRIBED and subscription.told == Told.SUBSCRIBED:
        subscription.told = Told.UNKNOWN  # there and back again: whatever was sent in between may still land
    if state == State.PENDING:
        subscription.asked = subscription.rides = 0
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


def mark_left(emails: Iterable[str]) -> None:
    """Mark whoever is known by an email address that has opted out.

    The opt-out's own lane tells Braze, by address. What it last accepted of the person's global email state holds
    no longer, so that a later opt-in is told again.
    """
    for profile in BrazeProfile.objects.select_for_update().filter(person__email__in=list(emails)).order_by("pk"):
        profile.accepted.pop("email_subscribe", None)
        _renew(profile, timezone.now())
        profile.save()


def mark_waiting(limit: int, *, closed: Collection[int] = ()) -> None:
    """Mark up to `limit` people whose email consent has not reached Braze although their profile has.

    That is so after a stopped line, a changed group id, or a call that landed after it was overtaken. The
    worker does it in every round: whoever makes an email consent due need not think of its holder.
    """
    waiting = Subscription.objects.filter(
        program__channel=Channel.EMAIL, state=State.SUBSCRIBED, due_at__lte=timezone.now(), parked_at__isnull=True
    )
    emails = waiting.exclude(told=Told.SUBSCRIBED).exclude(program__in=closed).values("address")
    settled = BrazeProfile.objects.filter(person__email__in=emails, due_at__isnull=True)
    ids = list(settled.values_list("pk", flat=True)[:limit])
    if not ids:
        return
    with transaction.atomic():
        rows = BrazeProfile.objects.select_for_update(skip_locked=True).filter(pk__in=ids, due_at__isnull=True)
        _mark_profiles(BrazeProfile.objects.filter(pk__in=list(rows.values_list("pk", flat=True))))


def _mark_profiles(profiles: models.QuerySet[BrazeProfile]) -> None:
    profiles.update(**_renewed())


def merge_away(profile: BrazeProfile, into: str) -> None:
    """Have a person's Braze profile merged into another's; their row here is about to go."""
    _renew(profile, timezone.now())
    profile.person, profile.merge_into = None, into
    profile.save()


def forget_group(program_id: int) -> None:
    """A program moved to another subscription group: what its old group was told is unknown for the new one."""
    rows = _tellable(Subscription.objects.filter(program=program_id)).exclude(told=Told.NOTHING, due_at=None)
    begun_anew = {"told": Told.UNKNOWN, "told_at": None, "looked_at": None, "asked": 0, "rides": 0}
    rows.update(is_recheck=False, **begun_anew, **UNSEEN, **_renewed())


def send_again(rows: models.QuerySet[Any]) -> int:
    """Lift the parks of these rows and make them due; return how many. Only marks, never sends."""
    if rows.model is Subscription:
        rows = _tellable(rows).exclude(state=State.PENDING, asked__gte=MAX_ASKS)  # nobody is asked a third time
        return rows.update(told=Told.UNKNOWN, is_recheck=False, **UNSEEN, **_renewed())
    return rows.update(is_unknown=True, **_renewed())


def insist(subscription: int) -> None:
    """Have Braze told `unsubscribed` where it says otherwise and there is no consent here.

    Due with the state `none` means just that; it takes no record, for nobody has done anything.
    """
    rows = Subscription.objects.filter(pk=subscription, state__in=(State.UNSUBSCRIBED, State.NONE))
    rows.update(told=Told.UNKNOWN, is_recheck=False, **UNSEEN, **_renewed())


def _renewed() -> dict[str, Any]:
    return {
        "version": new_version(),
        "due_at": timezone.now(),
        "attempts": 0,
        "parked_at": None,
        "park_reason": "",
    }


def _tellable(rows: models.QuerySet[Subscription]) -> models.QuerySet[Subscription]:
    """Leave out what is no news for Braze: see `touch`, and `insist`."""
    pending_emails = Subscription.objects.filter(program__channel=Channel.EMAIL, state=State.PENDING)
    return rows.exclude(state=State.NONE, due_at=None).exclude(pk__in=pending_emails.values("pk"))


def wake() -> None:
    """Tell waiting workers that something is due, when this transaction commits. PostgreSQL only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [NOTIFY_CHANNEL])
