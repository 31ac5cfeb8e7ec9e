"""`/users/delete`, for people who are being erased (EU-7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from sms_consent import erasures, outbox
from sms_consent.braze.client import DELETE
from sms_consent.delivery.jobs import ACCEPTED, ProfileJob, deliver_all
from sms_consent.delivery.pipeline import Courier, Job
from sms_consent.models import BrazeProfile, Erasure
from sms_consent.outbox import Claim, Outcome

AGAIN = timedelta(seconds=5)


def deliver_erasures(courier: Courier) -> int:
    """Have people deleted whose opt-outs Braze has taken; return how many were claimed."""
    return deliver_all(courier, outbox.claim_erasures, EraseJob, DELETE)


@dataclass(kw_only=True)
class EraseJob(ProfileJob):
    """Up to 50 people by external_id, so that nobody else who has their address is deleted with them.

    There is no look at Braze first, as there is for requests that lapsed: they asked to be erased, whatever they said
    yes to there.
    """

    endpoint = DELETE

    def build(self) -> Callable[[], Any] | None:
        """Return the call for those whom nothing can bring back; who has to wait is looked at again soon."""
        rows = BrazeProfile.objects.in_bulk([claim.id for claim in self.claims])
        names = [row.external_id for row in rows.values()]
        asked = {it.external_id: it for it in erasures.under_way().filter(external_id__in=names)}
        self.finish({claim: ACCEPTED for claim in self.claims if not _is_open(rows.get(claim.id), asked)})
        waiting = [c for c in self.claims if erasures.waits_before_deletion(asked[rows[c.id].external_id], rows[c.id])]
        self.finish(dict.fromkeys(waiting, Outcome(retry_at=timezone.now() + AGAIN, counts=False)))
        self._accept([claim for claim in self.claims if not _is_known(rows[claim.id])])
        ready = [rows[claim.id].external_id for claim in self.claims]
        return partial(self.courier.client.delete, ready) if ready else None

    def _accept(self, claims: list[Claim]) -> None:
        erasures.accept(Erasure.objects.filter(person__braze_profile__in=[claim.id for claim in claims]))
        self.finish(dict.fromkeys(claims, ACCEPTED))

    def succeed(self, answer: Any) -> list[Job]:
        """Braze has taken it; what is kept here is blanked next."""
        self.courier.went_well(DELETE)
        self._accept(list(self.claims))
        return []


def _is_open(row: BrazeProfile | None, asked: Mapping[str, Erasure]) -> bool:
    """Whether Braze has yet to delete somebody."""
    return row is not None and row.external_id in asked and asked[row.external_id].accepted_at is None


def _is_known(row: BrazeProfile) -> bool:
    """Whether Braze may have heard of somebody: it accepted a call about them, or one is unaccounted for."""
    return row.accepted_at is not None or row.is_unknown
