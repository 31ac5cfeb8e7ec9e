"""Asking Braze about any number of addresses, and waiting where the worker would come back later."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from sms_consent.braze.client import BATCH, USER_STATUS, BrazeClient
from sms_consent.braze.errors import BrazeError, Refused, TryLater
from sms_consent.braze.limits import Pace

logger = logging.getLogger(__name__)

States = dict[str, dict[str, str]]
PATIENCE = 8  # rounds of calls in a row that Braze does not answer: some minutes, with back-off
MANY = 3  # from so many refused and none taken on, it is not them
WORTH_A_LINE = 5.0  # seconds


class Reader:
    """Reads subscription states, `in_flight` calls side by side. Unlike the client, it waits: it is for commands."""

    def __init__(self, client: BrazeClient, in_flight: int) -> None:
        self._client, self._in_flight = client, in_flight
        self._pool = ThreadPoolExecutor(in_flight, thread_name_prefix="reader")
        self._pace, self._failures = Pace(), 0

    def close(self) -> None:
        """Let go of threads and connections."""
        self._pool.shutdown()
        self._client.close()

    def states(self, addresses: Collection[str]) -> States:
        """Return the state of each group, by its id, for each address; empty for one that Braze does not know.

        An address that Braze refuses to be asked about is left out. Raises Misconfigured, TryLater when Braze has
        not answered for long, and Refused when it refuses them all.
        """
        found: States = {}
        refused: list[Refused] = []
        todo = _batches(addresses)
        while todo:
            self._wait()
            batches, todo = todo[: self._in_flight], todo[self._in_flight :]
            answers = list(self._pool.map(self._ask, batches))
            self._pace_by(answers)
            for batch, answer in zip(batches, answers, strict=True):
                if isinstance(answer, dict):
                    found |= {address: answer.get(address, {}) for address in batch}
                else:
                    todo += _again(batch, answer, refused)
        if len(refused) >= MANY and not found:
            raise refused[0]
        return found

    def _ask(self, batch: list[str]) -> States | BrazeError:
        try:
            return self._client.group_states(batch, kind="email" if "@" in batch[0] else "phone")
        except BrazeError as error:
            return error

    def _wait(self) -> None:
        seconds = self._pace.ready_at.get(USER_STATUS, 0.0) - time.time()
        if seconds > WORTH_A_LINE:
            logger.info("Waiting %d s, as long as Braze asks for", seconds)
        while not self._pace.is_ready(USER_STATUS):
            time.sleep(max(0.0, self._pace.ready_at[USER_STATUS] - time.time()))

    def _pace_by(self, answers: list[States | BrazeError]) -> None:
        """Keep to the limit, and lose patience with an outage but not with a limit."""
        trouble = [answer for answer in answers if isinstance(answer, TryLater)]
        if not trouble:
            self._failures = 0
            self._pace.went_well(USER_STATUS, self._client.spent_until.get(USER_STATUS))
            return
        self._failures += 0 if any(error.is_limit for error in trouble) else 1
        if self._failures > PATIENCE:
            raise trouble[0]
        self._pace.went_wrong(USER_STATUS, max((it.retry_at for it in trouble if it.retry_at), default=None))


def _batches(addresses: Collection[str]) -> list[list[str]]:
    emails = sorted(address for address in addresses if "@" in address)
    phones = sorted(address for address in addresses if "@" not in address)
    return [kind[i : i + BATCH] for kind in (emails, phones) for i in range(0, len(kind), BATCH)]


def _again(batch: list[str], error: BrazeError, refused: list[Refused]) -> list[list[str]]:
    """Return what is to be asked once more: the batch, or its halves to find out whom Braze does not take."""
    if isinstance(error, TryLater):
        return [batch]
    if not isinstance(error, Refused):
        raise error
    if len(batch) == 1:
        refused.append(error)
        return []
    return [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
