"""Addresses that a profile at Braze comes by, or gives up, without a call of ours that says so."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sms_consent.models import BrazeProfile
from sms_consent.outbox.claims import Claim
from sms_consent.outbox.marking import renew

ONE_OR_ANOTHER = ""  # in place of the address that Braze has accepted: not null, for that says that there is none
CARRIES = "carries"  # beside those: the profile may have states of a number that it has lost (`delivery.moving`)
MOVED = "moved"  # beside those: calls about the email address that it had before may yet land (`delivery.moving`)
NOTES = (CARRIES, MOVED)


def note_moved(person: Any, name: str, old: str) -> None:
    """The `old` address ("email" or "phone") of theirs gives way to another; their addresses are locked.

    Braze may have it although no call is known to have said so: a text or a merge brought it; or a call of which nobody
    knows what became of it had it, and may yet land. It is to be taken from the profile.
    """
    for profile in BrazeProfile.objects.select_for_update().filter(person=person):
        if isinstance(profile.accepted, dict) and (changes := _old(profile, name, old)):
            profile.accepted |= changes
            profile.save(update_fields=["accepted"])


def _old(profile: BrazeProfile, name: str, old: str) -> dict[str, Any]:
    """Return what is to be written down of the old address; nothing where it is, or where Braze never had it."""
    known = profile.accepted.get(name)
    if profile.is_unknown and known not in (None, old):
        return {name: ONE_OR_ANOTHER, **({CARRIES: []} if name == "phone" else {})}
    is_to_come = name not in profile.accepted and profile.claims_phone
    return {name: old} if profile.is_unknown or known == ONE_OR_ANOTHER or is_to_come else {}


def address_at_braze(profile: BrazeProfile, name: str) -> str:
    """Return the address ("email" or "phone") that Braze has of a person, or may have; empty if it has none.

    What they have here and Braze was never told is not theirs there: anybody may have typed it (rule 11).
    """
    accepted = profile.accepted if isinstance(profile.accepted, dict) else {name: ONE_OR_ANOTHER}
    known = accepted.get(name)
    may_have = profile.is_unknown or known == ONE_OR_ANOTHER
    theirs = getattr(profile.person, {"phone": "phone_number"}.get(name, name)) if may_have and profile.person else ""
    return known or theirs or ""


def claim_identity(phone: str) -> None:
    """Have the nameless profile that a text made at Braze become the one who is known by the number here."""
    nameless = BrazeProfile.objects.filter(person__phone=phone, accepted_at__isnull=True, is_to_delete=False)
    first = nameless.order_by("pk").values("pk")[:1]
    BrazeProfile.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(claims_phone=phone)


def merge_away(profile: BrazeProfile, into: str) -> None:
    """Have a person's Braze profile merged into another's, which may have its number then; their row is about to go."""
    both = BrazeProfile.objects.filter(Q(pk=profile.pk) | Q(external_id=into)).select_for_update().order_by("pk")
    for kept in [one for one in both if one.pk != profile.pk and isinstance(one.accepted, dict)]:
        kept.accepted["phone"] = kept.accepted.get("phone") or ONE_OR_ANOTHER
        if CARRIES not in kept.accepted:  # or what it carries would be that number's
            kept.claims_phone = kept.claims_phone or profile.claims_phone
        kept.save(update_fields=["accepted", "claims_phone"])
    if profile.accepted and isinstance(profile.accepted, dict) and profile.person:  # or Braze has not heard of it
        profile.accepted["phone"] = profile.accepted.get("phone") or profile.person.phone_number
    renew(profile, timezone.now())
    profile.person, profile.merge_into = None, into
    profile.save()


def forget_profiles(claims: Collection[Claim]) -> None:
    """Drop profiles that are merged or deleted, or that Braze never heard of. Nobody is behind them any more."""
    if claims:
        _forget(claims)


@transaction.atomic
def _forget(claims: Collection[Claim]) -> None:
    gone = BrazeProfile.objects.filter(pk__in=[claim.id for claim in claims], person=None)
    merged = dict(gone.exclude(merge_into="").values_list("merge_into", "accepted__phone"))
    both = BrazeProfile.objects.filter(Q(pk__in=gone.values("pk")) | Q(external_id__in=merged)).order_by("pk")
    for kept in both.select_for_update(of=("self",)) if merged else ():
        _note_merged(kept, merged.get(kept.external_id))
    gone.delete()


def _note_merged(kept: BrazeProfile, phone: str | None) -> None:
    """A merge brings its number to a profile that has none. If its person has another here by now, that one goes."""
    if phone and kept.person and isinstance(kept.accepted, dict) and not kept.accepted.get("phone"):
        is_theirs = kept.person.phone == phone
        kept.accepted["phone"] = ONE_OR_ANOTHER if is_theirs else phone
        if not is_theirs:
            renew(kept, timezone.now())
        kept.save()
