"""`/users/identify`, for numbers that texted Braze before anybody here was known by them (design.md §4.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sms_consent import outbox
from sms_consent.braze.client import IDENTIFY
from sms_consent.delivery.jobs import CallJob, deliver_all
from sms_consent.delivery.pipeline import Courier
from sms_consent.models import BrazeProfile
from sms_consent.outbox import Claim, Outcome


def deliver_identities(courier: Courier) -> int:
    """Claim the nameless profiles that texts made, before their people are told of; return how many were claimed."""
    return deliver_all(courier, outbox.claim_identities, IdentityJob, IDENTIFY)


@dataclass(kw_only=True)
class IdentityJob(CallJob):
    """Up to 50 people."""

    endpoint = IDENTIFY

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        self.courier.settlements.add(outbox.settle_identities, outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Return the call."""
        rows = BrazeProfile.objects.filter(pk__in=[claim.id for claim in self.claims], person__isnull=False).in_bulk()
        self.give_back(claim for claim in self.claims if claim.id not in rows)
        pairs = [(rows[claim.id].external_id, rows[claim.id].claims_phone) for claim in self.claims]
        return partial(self.courier.client.identify, pairs) if pairs else None
