"""`/users/merge`, for people who turned out to be somebody we know already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from sms_consent import outbox
from sms_consent.braze.client import MERGE
from sms_consent.delivery.jobs import ProfileJob, deliver_all
from sms_consent.delivery.pipeline import Courier, Job
from sms_consent.models import BrazeProfile
from sms_consent.outbox import Claim, Outcome

MERGE_AGAIN = timedelta(seconds=5)


def deliver_merges(courier: Courier) -> int:
    """Send merges that are due; return how many were claimed."""
    return deliver_all(courier, outbox.claim_merges, MergeJob, MERGE)


class FarewellJob(ProfileJob):
    """A call about profiles that nobody is behind any more: their row here goes once Braze has taken it."""

    def known(self) -> dict[int, BrazeProfile]:
        """Return the rows by id; forget those that Braze never heard of."""
        rows = BrazeProfile.objects.filter(pk__in=[claim.id for claim in self.claims], person=None).in_bulk()
        self._forget([claim for claim in self.claims if claim.id not in rows or _is_unheard(claim, rows[claim.id])])
        return rows

    def names(self) -> list[str]:
        """Return the external_ids of those that Braze may know."""
        rows = self.known()
        return [rows[claim.id].external_id for claim in self.claims]

    def _forget(self, claims: list[Claim]) -> None:
        outbox.forget_profiles(claims)
        self.claims = [claim for claim in self.claims if claim not in set(claims)]

    def succeed(self, answer: Any) -> list[Job]:
        """Braze has taken it; nothing is left to tell of them."""
        self.courier.went_well(self.endpoint)
        claims = list(self.claims)
        self.end_isolation()
        self._forget(claims)
        return []


@dataclass(kw_only=True)
class MergeJob(FarewellJob):
    """Up to 50 pairs. Both must be known to Braze: who is not is forgotten here, or waited for."""

    endpoint = MERGE

    def build(self) -> Callable[[], Any] | None:
        """Return the call for the pairs that are both at Braze."""
        rows = self.known()
        into = BrazeProfile.objects.filter(external_id__in=[row.merge_into for row in rows.values()])
        # Whose profile may carry what a number has left there is waited for, too: this one's would come into it.
        kept = {
            name: told_at is not None and outbox.CARRIES not in accepted
            for name, told_at, accepted in into.values_list("external_id", "accepted_at", "accepted")
        }
        self._leave_out({claim: rows[claim.id].merge_into for claim in self.claims}, kept)
        pairs = [(rows[claim.id].external_id, rows[claim.id].merge_into) for claim in self.claims]
        return partial(self.courier.client.merge, pairs) if pairs else None

    def _leave_out(self, into: Mapping[Claim, str], kept: Mapping[str, Any]) -> None:
        wait = Outcome(retry_at=timezone.now() + MERGE_AGAIN, counts=False)
        gone = Outcome(reason="The person to merge into is gone.")
        self.finish({claim: wait for claim, name in into.items() if name in kept and not kept[name]})
        self.finish({claim: gone for claim, name in into.items() if name not in kept})


def _is_unheard(claim: Claim, row: BrazeProfile) -> bool:
    """Whether Braze cannot have heard of them: nothing was accepted, given or lost."""
    return row.accepted_at is None and not row.accepted and not claim.was_unknown
