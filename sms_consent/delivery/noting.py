"""What is counted and logged of deliveries: never whom they were about."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from sms_consent import counts
from sms_consent.braze import BrazeError, Misconfigured, Refused, TryLater
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)


def call(job: Any, error: BaseException | None) -> None:
    """Note how Braze took a call, and what kind of trouble there was."""
    result, why = _result(error), _why(error)
    counts.add(counts.CALLS, job.endpoint, result)
    level = logging.WARNING if error else logging.INFO
    logger.log(level, "Braze %s: %s, %d rows", job.endpoint, f"{result} ({why})" if why else result, len(job.claims))


def _why(error: BaseException | None) -> str:
    """Return the status of the answer, or the kind of error where there was none. What else Braze says names people."""
    if isinstance(error, BrazeError):
        return str(error.status or (error if isinstance(error, TryLater) else ""))
    return type(error).__name__ if error else ""


def _result(error: BaseException | None) -> str:
    if error is None:
        return "accepted"
    if isinstance(error, TryLater) and error.is_limit:
        return "limited"
    if isinstance(error, Refused | Misconfigured):
        return "refused" if isinstance(error, Refused) else "misconfigured"
    return "failed" if isinstance(error, BrazeError) and error.status else "unanswered"


def settled(lane: str, outcomes: Mapping[Claim, Outcome]) -> None:
    """Note which changes have reached Braze, and how long after they were made. A second look is none."""
    now = timezone.now()
    took = [
        (now - claim.marked_at).total_seconds()
        for claim, outcome in outcomes.items()
        if outcome.accepted and claim.marked_at and not claim.was_recheck
    ]
    counts.delivered(lane, took)
