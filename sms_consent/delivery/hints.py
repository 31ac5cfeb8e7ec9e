"""Opt-ins that Braze hinted at without a time: the worker reads the group and acts on what it says now."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import OperationalError
from django.utils import timezone

from sms_consent import hints
from sms_consent.braze import BrazeError, Misconfigured, Refused, TryLater
from sms_consent.braze.client import BATCH, USER_STATUS
from sms_consent.delivery.pipeline import Courier
from sms_consent.lines import account_fingerprint
from sms_consent.models import InboundMessage

logger = logging.getLogger(__name__)


def follow_hints(courier: Courier) -> int:
    """Look up who is said to have opted in, up to 50 numbers; return how many hints were followed.

    A hint that Braze does not bear out is left as "subscribed at Braze without proof here", or dropped.
    """
    if not courier.is_open(USER_STATUS):
        return 0
    waiting = hints.waiting(BATCH)
    if not waiting:
        return 0
    courier.pace.spend(USER_STATUS)
    try:
        states = courier.client.group_states(sorted({hint.address for hint in waiting}))
    except BrazeError as error:
        _put_off(courier, error)
        return 0
    courier.went_well(USER_STATUS)
    _follow(waiting, states)
    return len(waiting)


def _follow(waiting: Iterable[InboundMessage], states: dict[str, dict[str, str]]) -> None:
    for hint in waiting:
        said = states.get(hint.address, {})
        try:
            hints.follow(hint, subscribed_to={group for group, state in said.items() if state == "subscribed"})
        except OperationalError:
            raise
        except Exception:
            logger.exception("A hint could not be followed; it is left to be read by a person")
            hints.give_up(hint)


def _put_off(courier: Courier, error: BrazeError) -> None:
    """Nothing was told to anybody, so only the endpoint has to wait."""
    if isinstance(error, Misconfigured):
        courier.stop(USER_STATUS, str(error), account_fingerprint())
    elif isinstance(error, TryLater | Refused):
        retry_at = error.retry_at if isinstance(error, TryLater) else timezone.now().timestamp() + 30
        courier.pace.went_wrong(USER_STATUS, retry_at)
        logger.warning("Hints wait: %s", error)
