"""What calls about people are built from, read as plain rows: there are thousands a second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import CharField, Exists, F, OuterRef
from django.db.models.functions import Cast
from django.utils import timezone

from optin_site import reading
from optin_site.lookups import holds
from sms_consent import outbox, unsubscribe_links
from sms_consent.braze import payloads
from sms_consent.choices import State
from sms_consent.models import BrazeProfile, Program, Subscription

A_MINUTE = timedelta(minutes=1)


class Profile(NamedTuple):
    """What a call needs of a person and their profile."""

    id: int
    external_id: str
    accepted: dict[str, Any]
    is_new: bool
    email: str | None
    phone: str | None
    language: str
    time_zone: str
    is_proven: bool
    was_told_lately: bool

    @property
    def former(self) -> list[str]:
        """The addresses that Braze has of them and that are theirs no longer; none where what it has is illegible."""
        accepted = self.accepted if isinstance(self.accepted, dict) else {}
        known = (accepted.get("phone"), accepted.get("email"))
        return [address for address in known if address and address not in (self.phone, self.email)]

    def links(self, wanted: Collection[str]) -> dict[str, str]:
        """Return the links to leave of who is to have these attributes: the person's in emails, the number's in texts.

        A text may reach whoever reads a phone that was mistyped, or typed with a stranger's mailbox (rule 11).
        """
        links = {}
        if "email" in wanted:
            links[payloads.LINK] = unsubscribe_links.of_person(self.external_id)
        if "phone" in wanted and self.phone:
            links[payloads.TEXT_LINK] = unsubscribe_links.of_number(self.phone)
        return links


class Standing(NamedTuple):
    """What a call about a person needs of a subscription of theirs."""

    id: int
    version: int
    address: str
    program: int
    state: str
    told: str
    asked: int
    rides: int
    was_opened: bool
    is_to_be_looked_at: bool
    is_leaving: bool


def programs() -> dict[int, Program]:
    """Return all programs by id. Load them after the rows they are for: a program's group may change at any time."""
    return {program.pk: program for program in reading.rows(Program, "", [])}


def profiles(ids: Collection[int]) -> dict[int, Profile]:
    proven = get_user_model()._default_manager.filter(
        pk=OuterRef("person"), emailaddress__verified=True, emailaddress__email=F("email")
    )
    rows = BrazeProfile.objects.filter(pk__among=ids, person__isnull=False, is_to_delete=False).values_list(
        "pk",
        "external_id",
        "accepted",
        holds(accepted_at=None),
        "person__email",
        Cast("person__phone", CharField()),  # as it is stored: nothing is parsed
        "person__language",
        "person__time_zone",
        Exists(proven),
        holds(accepted_at__gt=timezone.now() - settings.BRAZE_RECHECK_AFTER),
    )
    return {profile.id: profile for profile in map(Profile._make, rows)}


def standings(addresses: Collection[str]) -> dict[str, list[Standing]]:
    now = timezone.now()
    rows = Subscription.objects.filter(address__among=addresses).values_list(
        "id",
        "version",
        "address",
        "program_id",
        "state",
        "told",
        "asked",
        "rides",
        holds(opened_at__gt=now - settings.BRAZE_RECHECK_AFTER - outbox.fresh()),
        holds(looked_at=None, parked_at=None, due_at__isnull=False),
        holds(state=State.UNSUBSCRIBED, parked_at=None, due_at__lte=now, left_at__gt=now - A_MINUTE),
    )
    found: dict[str, list[Standing]] = defaultdict(list)
    for row in map(Standing._make, rows):
        found[row.address].append(row)
    return found


def consent(row: Standing, program: Program) -> payloads.Consent:
    return payloads.Consent(
        row.id,
        program.slug,
        program.subscription_group_id,
        program.is_sms,
        row.state,
        row.told,
        row.asked > 0 and row.rides < outbox.MAX_ASKS,
        row.was_opened,
    )
