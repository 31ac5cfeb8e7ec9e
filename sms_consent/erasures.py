"""Erasing somebody, from the opt-outs on: what it waits for, and what is blanked once Braze has taken everything.

Braze first: whatever is blanked here can no longer be sent. Every step may be done twice, so whoever is killed in the
middle is followed by somebody who goes on (rule 13). Who is to be erased, and what becomes of the person: `accounts`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sms_consent import blanking, ledger, people
from sms_consent.choices import State
from sms_consent.models import BrazeProfile, ConsentRecord, Erasure, Evidence, GlobalEmail, InboundMessage, Subscription

CHUNK = 10_000  # pieces of evidence that are looked through in one query
AT_ONCE = 0.1  # seconds of looking through, in one go: deliveries wait for it


def under_way() -> QuerySet[Erasure]:
    """Return the erasures that are not done yet, oldest first."""
    return Erasure.objects.filter(done_at=None).order_by("asked_at", "pk")


def waits_for(erasure: Erasure) -> str:
    """Say what an erasure waits for before anything is blanked; empty if for nothing any more.

    Also for an opt-out that came after Braze had taken everything: its address would be kept, and by nobody looked for.
    """
    if erasure.accepted_at:
        return _opt_outs(erasure)
    profile = BrazeProfile.objects.filter(external_id=erasure.external_id).first() if erasure.external_id else None
    return _opt_outs(erasure) or (_deletion(erasure, profile) if profile else "")


def waits_before_deletion(erasure: Erasure, profile: BrazeProfile) -> str:
    """Say why Braze may not be told to delete the profile yet; empty if it may (rule 7)."""
    return _opt_outs(erasure) or _calls(erasure, profile)


def _opt_outs(erasure: Erasure) -> str:
    """Say whether Braze has yet to take an opt-out, or to hear one again after a call that may land after it."""
    subjects = [people.subject(address) for address in (*erasure.addresses, *erasure.typed)]
    is_open = Q(due_at__isnull=False) | Q(leased_until__gt=timezone.now())
    left = Q(state=State.UNSUBSCRIBED) | Q(owes_opt_out=True)
    found: list[Subscription | GlobalEmail] = [
        *Subscription.objects.filter(left, is_open, subject__in=subjects).exclude(address=""),
        *GlobalEmail.objects.filter(is_open, address__in=erasure.addresses),
    ]
    if parked := next((row for row in found if row.parked_at), None):
        return f"an opt-out that Braze refused: {parked.park_reason}"
    if found and all(row.is_recheck for row in found):
        return f"an opt-out to be repeated, at {max(row.due_at for row in found if row.due_at):%H:%M:%S} UTC"
    return f"Braze to take {len(found)} opt-out{'s' if len(found) > 1 else ''}" if found else ""


def _calls(erasure: Erasure, profile: BrazeProfile) -> str:
    """Say whether an earlier call about the person may still land after their deletion, and so bring them back."""
    if profile.claims_phone:
        return "Braze to give them the profile that a text of theirs made"
    lately = [erasure.asked_at if profile.is_unknown else None, profile.accepted_at]
    landed_at = max(filter(None, lately), default=erasure.asked_at) + settings.BRAZE_RECHECK_AFTER
    is_open = any(lately) and landed_at > timezone.now()
    return f"earlier calls to Braze to have landed, at {landed_at:%H:%M:%S} UTC" if is_open else ""


def _deletion(erasure: Erasure, profile: BrazeProfile) -> str:
    if profile.parked_at:
        return f"the deletion of the profile, which Braze refused: {profile.park_reason}"
    return _calls(erasure, profile) or "Braze to delete the profile"


def accept(rows: QuerySet[Erasure]) -> None:
    """Note that Braze has taken everything about these."""
    rows.filter(accepted_at=None).update(accepted_at=timezone.now())


# --- What goes ----------------------------------------------------------------------------------------


def sweep(erasure: Erasure, *, everything: bool) -> bool:
    """Blank what the person did, wherever they did it; return True when the whole ledger has been looked through.

    The evidence names who acted, and there is no index of that: erasures are few, and records are many. What they did
    after they had asked is left unless `everything`.
    """
    until = time.monotonic() + AT_ONCE
    try:
        while erasure.external_id and _sweep_some(erasure, everything=everything):
            if time.monotonic() > until:
                return False
    except blanking.LockedError:
        return False
    return True


def _sweep_some(erasure: Erasure, *, everything: bool) -> bool:
    """Look through the next chunk; return whether there is more."""
    rest = Evidence.objects.filter(pk__gt=erasure.swept_to).order_by("pk")
    full_to = rest.values_list("pk", flat=True)[CHUNK - 1 : CHUNK].first()
    up_to = full_to or rest.values_list("pk", flat=True).last()
    if up_to is None:
        return False
    found = rest.filter(pk__lte=up_to, payload__contains=ledger.mark_of(erasure.external_id)).select_related("record")
    if not everything:
        found = found.filter(record__recorded_at__lte=erasure.asked_at)
    theirs = [row for row in found if ledger.who(row.record) == erasure.external_id]
    whole = sorted({*erasure.addresses, *_mailboxes(theirs)})
    with transaction.atomic():
        blanking.evidence(row.record_id for row in theirs)
        blanking.bare_addresses({row.record.subject for row in theirs})
        Erasure.objects.filter(pk=erasure.pk).update(swept_to=up_to, addresses=whole)
    erasure.swept_to, erasure.addresses = up_to, whole
    return full_to is not None


def _mailboxes(theirs: Iterable[Evidence]) -> set[str]:
    """Return the mailboxes that the person once had, by what they did with them, unless somebody has them now."""
    addresses = {str(json.loads(row.payload)["address"]) for row in theirs}
    emails = {address for address in addresses if "@" in address}
    return emails - people.held(emails)


def blank(erasure: Erasure, *, alive: Collection[str]) -> None:
    """Blank everything about the addresses that go altogether; the caller has them locked.

    Those that are `alive` stand on a program by something that was done since: what is older than that goes.
    """
    for address in erasure.addresses:
        records = ConsentRecord.objects.filter(subject=people.subject(address))
        messages = InboundMessage.objects.filter(subject=people.subject(address))
        if address in alive:
            records = records.filter(recorded_at__lte=erasure.asked_at)
            messages = messages.filter(received_at__lte=erasure.asked_at)
        blanking.evidence(records.values_list("pk", flat=True))
        blanking.inbound(messages)


def end(erasure: Erasure) -> None:
    """Write down that it is done, and forget whom it was about."""
    Erasure.objects.filter(pk=erasure.pk).update(
        person=None, external_id="", addresses=[], typed=[], done_at=timezone.now()
    )
