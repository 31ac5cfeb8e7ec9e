"""`/users/delete`, for people of whom nothing is left here that speaks for keeping them there (DOI-8)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sms_consent import outbox
from sms_consent.braze.client import DELETE, USER_STATUS
from sms_consent.delivery.jobs import deliver_all
from sms_consent.delivery.merges import FarewellJob
from sms_consent.delivery.pipeline import Courier, Job
from sms_consent.outbox import Outcome

logger = logging.getLogger(__name__)

SUBSCRIBED_THERE = "Not deleted: subscribed at Braze. Somebody said yes there, and word of it has not reached us."


def deliver_deletions(courier: Courier) -> int:
    """Send deletions that are due; return how many were claimed."""
    return deliver_all(courier, outbox.claim_deletions, LookFirstJob, USER_STATUS, DELETE)


@dataclass(kw_only=True)
class LookFirstJob(FarewellJob):
    """`/subscription/user/status`: nothing brings a profile back, and with it goes the state of its number.

    A yes on the phone that never reached us, because no hook is set up, is no reason to delete whoever gave it.
    """

    endpoint = USER_STATUS

    def build(self) -> Callable[[], Any] | None:
        """Return the call for those that Braze may know."""
        names = self.names()
        return partial(self.courier.client.subscribed, names) if names else None

    def succeed(self, answer: set[str]) -> list[Job]:
        """Park who is subscribed; delete the others."""
        self.courier.went_well(USER_STATUS)
        rows = self.known()
        kept = [claim for claim in self.claims if rows[claim.id].external_id in answer]
        if kept:
            logger.error("%s profiles are not deleted: they are subscribed at Braze and not here", len(kept))
        self.finish(dict.fromkeys(kept, Outcome(reason=SUBSCRIBED_THERE)))
        self.end_isolation()
        return [DeleteJob(courier=self.courier, claims=self.claims)] if self.claims else []


@dataclass(kw_only=True)
class DeleteJob(FarewellJob):
    """Up to 50 people by external_id, so that nobody else who holds their address is deleted with them."""

    endpoint = DELETE

    def build(self) -> Callable[[], Any] | None:
        """Return the call."""
        names = self.names()
        return partial(self.courier.client.delete, names) if names else None
