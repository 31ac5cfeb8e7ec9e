"""Opt-ins that Braze hinted at without a time: the worker reads the group and acts on what it says now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from sms_consent import hints
from sms_consent.braze import BrazeError, TryLater
from sms_consent.braze.client import BATCH, USER_STATUS
from sms_consent.delivery.jobs import CallJob
from sms_consent.delivery.pipeline import Courier, Job, run
from sms_consent.models import InboundMessage
from sms_consent.outbox import Claim, Outcome

logger = logging.getLogger(__name__)

PACE = "hints"  # of their own: consents are looked up by the same call, and do not wait for hints that go wrong


def follow_hints(courier: Courier) -> int:
    """Look up who is said to have opted in, up to 50 addresses; return how many hints were asked about.

    A hint that Braze does not bear out is left as "subscribed at Braze without proof here", or dropped.
    """
    if not _may_ask(courier):
        return 0
    found = _claimed(hints.waiting(BATCH))
    phones = [claim for claim, hint in found.items() if "@" not in hint.address]
    emails = [claim for claim, hint in found.items() if "@" in hint.address]
    run([HintJob(courier=courier, claims=some, found=found) for some in (phones, emails) if some], courier)
    return len(found)


def _may_ask(courier: Courier) -> bool:
    return courier.is_open(USER_STATUS) and courier.pace.is_ready(PACE)


def _claimed(waiting: Iterable[InboundMessage]) -> dict[Claim, InboundMessage]:
    """Return hints as what calls are made of. None is kept from other workers: whoever comes second changes nothing."""
    until = timezone.now() + settings.BRAZE_LEASE
    return {Claim(hint.pk, version=0, lease=0, until=until): hint for hint in waiting}


@dataclass(kw_only=True)
class HintJob(CallJob):
    """`/subscription/user/status` for up to 50 hints, all about numbers or all about email addresses."""

    endpoint = USER_STATUS
    found: Mapping[Claim, InboundMessage]

    def is_open(self) -> bool:
        """Whether hints may be asked about now."""
        return _may_ask(self.courier)

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write nothing down: a hint waits until it is followed or given up."""

    def build(self) -> Callable[[], Any] | None:
        """Name the addresses."""
        addresses = sorted({self.found[claim].address for claim in self.claims})
        kind = "email" if "@" in addresses[0] else "phone"
        return partial(self.courier.client.group_states, addresses, kind=kind)

    def succeed(self, answer: dict[str, dict[str, str]]) -> list[Job]:
        """Act on what Braze says of each."""
        self.courier.pace.went_well(PACE, None)
        for claim in self.claims:
            _follow(self.found[claim], answer)
        return super().succeed(answer)

    def fail(self, error: BrazeError) -> list[Job]:
        """Have hints alone wait where Braze has no answer; a spent limit or a wrong key is everybody's."""
        if not isinstance(error, TryLater) or error.is_limit:
            return super().fail(error)
        self.courier.pace.went_wrong(PACE, error.retry_at)
        self.give_back(self.claims)
        return []

    def judge(self, refused: Mapping[Claim, Outcome], *, others_accepted: bool) -> None:
        """Give up whom Braze refuses to be asked about. However many they are, no line stops: consents are on it."""
        for claim, outcome in refused.items():
            hints.give_up(self.found[claim])
            logger.warning("Hint %s is left for a person to read, Braze refused: %s", claim.id, outcome.reason)


def _follow(hint: InboundMessage, states: Mapping[str, Mapping[str, str]]) -> None:
    said = states.get(hint.address, {})
    try:
        hints.follow(hint, subscribed_to={group for group, state in said.items() if state == "subscribed"})
    except OperationalError:
        raise
    except Exception:
        logger.exception("A hint could not be followed; it is left to be read by a person")
        hints.give_up(hint)
