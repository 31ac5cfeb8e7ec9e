"""Addresses that a profile at Braze comes by, or gives up, without a call of ours that says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sms_consent.models import BrazeProfile
from sms_consent.outbox.claims import Claim
from sms_consent.outbox.marking import renew

ONE_OR_ANOTHER = ""  # in place of the address that Braze has accepted: not null, for that says that there is none
CARRIES = "carries"  # beside those: the profile may have states of a number that it has lost (`delivery.moving`)


def note_moved(person: Any, name: str, old: str) -> None:
    """The `old` address ("email" or "phone") of theirs gives way to another; their addresses are locked.

    Braze may have it although no call has said so: the profile was the brand's own, or a text's, or a merge brought it;
    or a call of which nobody knows what became of it had it, and may yet land. It is to be taken from the profile.
    """
    for profile in BrazeProfile.objects.select_for_update().filter(person=person):
        is_heard_of = profile.accepted or profile.accepted_at or profile.is_unknown or profile.claims_phone
        if is_heard_of:
            _note_old(profile, name, old)
            profile.save(update_fields=["accepted"])


def _note_old(profile: BrazeProfile, name: str, old: str) -> None:
    known = profile.accepted.get(name, old)
    if not profile.is_unknown:
        profile.accepted[name] = old if known == ONE_OR_ANOTHER else known
    elif known in (None, old):
        profile.accepted[name] = old
    else:
        profile.accepted[name] = ONE_OR_ANOTHER
        if name == "phone":
            profile.accepted[CARRIES] = True


def claim_identity(phone: str) -> None:
    """Have the nameless profile that a text made at Braze become the one who is known by the number here."""
    nameless = BrazeProfile.objects.filter(person__phone=phone, accepted_at__isnull=True, is_to_delete=False)
    first = nameless.order_by("pk").values("pk")[:1]
    BrazeProfile.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(claims_phone=phone)


def merge_away(profile: BrazeProfile, into: str) -> None:
    """Have a person's Braze profile merged into another's, which may have its number then; their row is about to go."""
    both = BrazeProfile.objects.filter(Q(pk=profile.pk) | Q(external_id=into)).select_for_update().order_by("pk")
    for kept in [one for one in both if one.pk != profile.pk]:
        kept.accepted["phone"] = kept.accepted.get("phone") or ONE_OR_ANOTHER
        kept.claims_phone = kept.claims_phone or profile.claims_phone
        kept.save(update_fields=["accepted", "claims_phone"])
    renew(profile, timezone.now())
    profile.person, profile.merge_into = None, into
    profile.save()


@transaction.atomic
def forget_profiles(claims: Collection[Claim]) -> None:
    """Drop profiles that are merged or deleted, or that Braze never heard of. Nobody is behind them any more."""
    gone = BrazeProfile.objects.filter(pk__among=[claim.id for claim in claims], person=None)
    merged = dict(gone.exclude(merge_into="").values_list("merge_into", "accepted__phone"))
    _note_merged({into: phone for into, phone in merged.items() if phone})
    gone.delete()


def _note_merged(brought: Mapping[str, str]) -> None:
    """A merge brings its number to a profile that has none. If its person has another here by now, that one goes."""
    rows = BrazeProfile.objects.filter(external_id__in=brought, person__isnull=False).order_by("pk")
    for kept in rows.select_for_update(of=("self",)) if brought else ():
        if kept.accepted.get("phone"):
            continue
        phone = brought[kept.external_id]
        is_theirs = kept.person is not None and kept.person.phone == phone
        kept.accepted["phone"] = ONE_OR_ANOTHER if is_theirs else phone
        if not is_theirs:
            renew(kept, timezone.now())
        kept.save()
