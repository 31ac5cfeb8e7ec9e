"""Claiming: short transactions that return row and version only, never state (it is loaded afterwards)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from sms_consent.choices import STANDING, Channel, State, Told
from sms_consent.models import BrazeProfile, GlobalEmail, Program, Subscription
from sms_consent.outbox.marking import MAX_ASKS, locked, new_version

SUBSCRIPTION_FIELDS = ("address", "told", "asked", "is_recheck", "attempts", "marked_at")
PROFILE_FIELDS = ("is_unknown", "attempts", "marked_at")
TRAVELS = Q(program__channel=Channel.EMAIL, state=State.SUBSCRIBED)  # with whom it is about: nothing that waits itself
BEFORE = {"is_unknown": "was_unknown", "is_recheck": "was_recheck"}  # how a claim calls what it changes


@dataclass(eq=False, slots=True)
class Claim:
    """A row that one worker has until `until`. Never changed, and compared by identity: it is a key in many a mapping.

    `address` is a subscription's. `told`, `asked`, `was_recheck` and `was_unknown` are what held before the claim.
    """

    id: int
    version: int
    lease: int
    until: datetime
    address: str = field(default="", repr=False)  # an error may quote a claim, and logs it then (rule 15)
    told: str = Told.NOTHING
    was_unknown: bool = False
    was_recheck: bool = False
    asked: int = 0
    attempts: int = 0
    marked_at: datetime | None = None

    @property
    def claimed_at(self) -> datetime:
        """When the claim was made."""
        return self.until - settings.BRAZE_LEASE


def claim_opt_outs(limit: int, *, closed: Collection[int] = ()) -> list[Claim]:
    """Take opt-outs, oldest first, by address: whoever holds it, and whether or not anyone does.

    Without any consent (`none`) a row is due only where Braze says otherwise: see `insist`.
    """
    # Worded as the partial index is, so that no backlog of consents is leafed through.
    left = Q(state__in=(State.UNSUBSCRIBED, State.NONE)) | Q(owes_opt_out=True)
    rows = Subscription.objects.filter(left).exclude(state=State.SUBSCRIBED).exclude(address="")
    # From here on an "unsubscribed" at Braze may be our own doing: a later look learns nothing from it.
    looked_at = Coalesce(F("looked_at"), Now())
    due = rows.exclude(program__in=closed)
    return _claim(due, limit, SUBSCRIPTION_FIELDS, told=Told.UNKNOWN, looked_at=looked_at)


def claim_global_emails(limit: int) -> list[Claim]:
    """Take email addresses whose global state is to follow an opt-out."""
    return _claim(GlobalEmail.objects.all(), limit, ("is_recheck", "attempts", "marked_at"))


def claim_numbers(limit: int, *, closed: Collection[int] = (), may_look: bool = True) -> list[Claim]:
    """Take numbers that wait to be subscribed or asked. An ask is counted here, before it is made.

    Without `may_look` only those that need no look at Braze before they are told.
    """
    now = timezone.now()
    programs = Program.objects.filter(channel=Channel.SMS).exclude(id__in=closed).values("id")
    rows = Subscription.objects.filter(program__in=programs, state__in=STANDING)
    rows = rows.exclude(address="").exclude(state=State.PENDING, owes_opt_out=True)
    if not may_look:
        rows = rows.filter(looked_at__isnull=False).exclude(asked__gt=0, state=State.PENDING)
    pending, has_more = Q(state=State.PENDING), Q(asked__lt=MAX_ASKS - 1)
    later = now + settings.BRAZE_RECHECK_AFTER
    return _claim(
        rows,
        limit,
        SUBSCRIPTION_FIELDS,
        told=Told.UNKNOWN,
        opened_at=now,
        asked=models.Case(
            models.When(pending, then=F("asked") + 1), default=F("asked"), output_field=models.IntegerField()
        ),
        # A worker that dies while asking has still asked: the next look is five minutes away.
        due_at=models.Case(
            models.When(pending & has_more, then=later), models.When(pending, then=None), default=F("due_at")
        ),
        is_recheck=models.Case(models.When(pending, then=True), default=F("is_recheck")),
    )


def claim_people(limit: int) -> list[Claim]:
    """Take people whose profile may be out of date at Braze."""
    rows = BrazeProfile.objects.filter(person__isnull=False, claims_phone="", is_to_delete=False)
    return _claim(rows, limit, (*PROFILE_FIELDS, "is_recheck"), is_unknown=True, is_recheck=False)


def claim_identities(limit: int) -> list[Claim]:
    """Take people who are to be given the profile that a text from their number made at Braze."""
    return _claim(BrazeProfile.objects.filter(person__isnull=False).exclude(claims_phone=""), limit, PROFILE_FIELDS)


def claim_merges(limit: int) -> list[Claim]:
    """Take profiles that nobody is behind any more, to be merged into another."""
    rows = BrazeProfile.objects.filter(person=None, is_to_delete=False)
    return _claim(rows, limit, PROFILE_FIELDS, is_unknown=True)


def claim_deletions(limit: int) -> list[Claim]:
    """Take profiles of people who are gone here, to be deleted."""
    rows = BrazeProfile.objects.filter(person=None, is_to_delete=True)
    return _claim(rows, limit, PROFILE_FIELDS, is_unknown=True)


def claim_erasures(limit: int) -> list[Claim]:
    """Take profiles of people who are being erased. What was unknown stays so: it says what may yet land there."""
    rows = BrazeProfile.objects.filter(person__isnull=False, is_to_delete=True, claims_phone="")
    return _claim(rows, limit, PROFILE_FIELDS)


@transaction.atomic
def release(leases: Collection[int]) -> None:
    """Give back what was claimed under these leases and is still to be told; the caller has no call of it in flight."""
    for model in (Subscription, GlobalEmail, BrazeProfile):
        held = model.objects.filter(due_at__isnull=False, lease__in=leases)
        model.objects.filter(pk__in=locked(held)).update(lease=None, leased_until=None)


def due_since() -> datetime | None:
    """Return when something became due that any worker would take now, or None. A retry makes it due anew."""
    alone = Subscription.objects.exclude(address="").exclude(TRAVELS)
    now = timezone.now()
    waiting = [_due(rows, now).order_by("due_at") for rows in (alone, BrazeProfile.objects.all())]
    found = [rows.values_list("due_at", flat=True).first() for rows in waiting]
    return min(filter(None, found), default=None)


def _due(rows: models.QuerySet[Any], now: datetime) -> models.QuerySet[Any]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    return rows.filter(free, due_at__lte=now, parked_at__isnull=True)


def _claim(rows: models.QuerySet[Any], limit: int, names: tuple[str, ...], **changes: Any) -> list[Claim]:
    now, lease = timezone.now(), new_version()
    until = now + settings.BRAZE_LEASE
    due = _due(rows, now).order_by("due_at")
    with transaction.atomic():
        found = list(due.select_for_update(skip_locked=True).values_list("id", "version", *names)[:limit])
        if found:
            ids = [row[0] for row in found]
            rows.model.objects.filter(pk__among=ids).update(lease=lease, leased_until=until, **changes)
    before = ["id", "version", *(BEFORE.get(name, name) for name in names)]
    return [Claim(lease=lease, until=until, **dict(zip(before, row, strict=True))) for row in found]
