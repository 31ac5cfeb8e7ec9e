"""`/users/delete`, for people of whom nothing is left here that speaks for keeping them there (DOI-8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sms_consent import outbox
from sms_consent.braze.client import BATCH, DELETE
from sms_consent.delivery.merges import FarewellJob
from sms_consent.delivery.pipeline import Courier, run


def deliver_deletions(courier: Courier, limit: int) -> int:
    """Send deletions that are due; return how many were claimed."""
    if not courier.is_open(DELETE):
        return 0
    claims = outbox.claim_deletions(limit)
    run([DeleteJob(courier=courier, claims=claims[i : i + BATCH]) for i in range(0, len(claims), BATCH)], courier)
    return len(claims)


@dataclass(kw_only=True)
class DeleteJob(FarewellJob):
    """Up to 50 people by external_id, so that nobody else who holds their address is deleted with them."""

    endpoint = DELETE

    def build(self) -> Callable[[], Any] | None:
        """Return the call for those that Braze may know."""
        rows = self.load()
        names = [rows[claim.id].external_id for claim in self.claims]
        return partial(self.courier.client.delete, names) if names else None
