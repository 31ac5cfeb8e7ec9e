"""One round of delivery, and the loop that runs rounds: opt-outs in a thread of their own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection

from optin_site import logs, outages
from sms_consent import hints, lines, outbox, upkeep
from sms_consent.braze import BrazeClient, Pace
from sms_consent.braze.client import BATCH, LIMITS
from sms_consent.delivery.deletions import deliver_deletions
from sms_consent.delivery.erasures import deliver_erasures
from sms_consent.delivery.hints import follow_hints
from sms_consent.delivery.identities import deliver_identities
from sms_consent.delivery.merges import deliver_merges
from sms_consent.delivery.numbers import deliver_numbers, deliver_opt_outs
from sms_consent.delivery.pipeline import Courier
from sms_consent.delivery.profiles import deliver_profiles
from sms_consent.delivery.wakeups import Wakeups
from sms_consent.models import BrazeLine

logger = logging.getLogger(__name__)
Lane = BrazeLine.Lane
KEPT_FREE = 0.05  # of every limit, for opt-outs: 12,500 of them a minute
AFTER_TROUBLE = 1.0  # seconds; twice as many after each round that finds the database away, up to
LONGEST_PAUSE = 4.0  # for an opt-out waits for it when the database is back
BREATH = 0.05  # seconds: who waits for SQLite's writer stands in no queue, and never gets in between without a gap


def new_courier(lane: str, stopping: threading.Event | None = None) -> Courier:
    """Return what one lane of deliveries needs; opt-outs have connections of their own as well."""
    in_flight = settings.BRAZE_REQUESTS_IN_FLIGHT
    reserve = 0.0 if lane == Lane.OPT_OUTS else KEPT_FREE
    client = BrazeClient(
        settings.BRAZE_REST_URL,
        settings.BRAZE_REST_KEY,
        connections=in_flight,
        timeout=settings.BRAZE_TIMEOUT,
        reserve=reserve,
    )
    share = 1.0 if lane == Lane.OPT_OUTS else (1.0 - reserve) / settings.BRAZE_WORKERS
    pool = ThreadPoolExecutor(in_flight, thread_name_prefix=lane)
    return Courier(client, pool, lane, in_flight, Pace(LIMITS, share), stopping=stopping or threading.Event())


@contextmanager
def _a_round(courier: Courier) -> Iterator[None]:
    """Have what a round has claimed told by the next one if the database goes away in the middle of it.

    Or else an opt-out would wait for its lease (rule 4). After any other failure it does: as long as that lasts, Braze
    would be told the same with every round.
    """
    try:
        if courier.leases:
            outbox.release(courier.leases)
            courier.leases.clear()
        yield
    except Exception as error:
        if not outages.is_one(error):
            courier.leases.clear()
        raise
    courier.leases.clear()


@logs.of_delivery()
def deliver_opt_outs_due(courier: Courier) -> int:
    """Send opt-outs that are due now; return how many rows were claimed, or that there may be more to claim.

    What is to be forgotten of programs that moved is forgotten in this lane: there are opt-outs among it, and
    nothing here holds it up.
    """
    with _a_round(courier):
        forgotten = _forget_some()
        if forgotten:
            time.sleep(BREATH)
        if not outbox.due_opt_outs():
            return forgotten
        _look_at_lines(courier)
        return forgotten + deliver_opt_outs(courier, BATCH * courier.in_flight)


def _forget_some() -> bool:
    """Leave it for the next round where somebody holds one of the rows: no opt-out waits for them (rule 4)."""
    try:
        return outbox.forget_some()
    except OperationalError as error:
        if outages.is_one(error):
            raise
        logger.warning("A program that moved is held up: %s", outages.words(error))
        return False


@logs.of_delivery()
def deliver_due(courier: Courier) -> int:
    """Send everything else that is due now, each kind for a turn; return how many rows were claimed.

    Numbers go before people: the first call of the pair, then the second (design.md §4.4). Hints come last: who has
    consented here does not wait for what Braze may say of others.
    """
    with _a_round(courier):
        due = outbox.due_rest()
        if not due and not hints.are_waiting():
            return 0
        _look_at_lines(courier)
        return sum(deliver(courier) for deliver in (*_lanes(due), follow_hints))


def _lanes(due: set[str]) -> Iterator[Callable[[Courier], int]]:
    """Leave out the lanes in which nothing is due, for each claim is a transaction of its own."""
    if "consents" in due:
        yield deliver_numbers
    if due & {"consents", "errands"}:  # a look at a number may just have found somebody to identify
        yield deliver_identities
    if due & {"consents", "people"}:
        yield deliver_profiles
    if "errands" in due:
        yield from (deliver_merges, deliver_deletions, deliver_erasures)


def _look_at_lines(courier: Courier) -> None:
    """Learn which lines are stopped, and which of those are not to be tried now.

    Consents wait, too, until it is forgotten that the old group of their program was told and looked at.
    """
    courier.known_lines = lines.known(courier.lane)
    courier.closed = lines.closed(courier.lane) if courier.known_lines else set()
    if courier.lane == Lane.REST:
        courier.closed |= outbox.moving()


class Worker:
    """Runs both lanes until told to stop, or until nothing is due."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._upkeep = upkeep.Upkeep()
        self._pauses: dict[str, float] = {}

    def stop(self) -> None:
        """Let the calls in flight end, then return from `run`."""
        self._stop.set()

    def run_once(self) -> int:
        """Send all that is due; return how many rows are left unsent (in back-off, parked, or on a stopped line)."""
        urgent, rest = new_courier(Lane.OPT_OUTS, self._stop), new_courier(Lane.REST, self._stop)
        try:
            while not self._stop.is_set():
                self._upkeep.run()  # in every round: what Braze has just taken may be what a chore waits for
                if not deliver_opt_outs_due(urgent) + deliver_due(rest):
                    break
        finally:
            urgent.close()
            rest.close()
        return outbox.unsent()

    def run(self) -> None:
        """Deliver until `stop`."""
        urgent = threading.Thread(target=self._loop, args=(Lane.OPT_OUTS, deliver_opt_outs_due), name="opt-outs")
        urgent.start()
        self._loop(Lane.REST, self._rest)
        urgent.join()

    def _rest(self, courier: Courier) -> int:
        """Opt-outs have a lane of their own, so that only what is in no hurry waits for the upkeep."""
        self._upkeep.run()
        return deliver_due(courier)

    def _loop(self, lane: str, deliver: Callable[[Courier], int]) -> None:
        courier, wakeups = new_courier(lane, self._stop), Wakeups()
        while not self._stop.is_set():
            if not self._round(courier, deliver):
                wakeups.wait(self._stop)
        courier.close()
        wakeups.close()
        connection.close()

    def _round(self, courier: Courier, deliver: Callable[[Courier], int]) -> int:
        """Run one round. Whatever happens in it, the loop goes on: a lane that ends is silence."""
        try:
            claimed = deliver(courier)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged
            self._note(courier.lane, error)
            return 1  # whatever there was is still to be done, and the pause has been made
        self._pauses.pop(courier.lane, None)
        close_old_connections()
        return claimed

    def _note(self, lane: str, error: Exception) -> None:
        """Log it and pause: the longer, the longer the database has been away."""
        pause = AFTER_TROUBLE
        if outages.is_one(error):
            pause = self._pauses.get(lane, AFTER_TROUBLE)
            self._pauses[lane] = min(2 * pause, LONGEST_PAUSE)
            logger.error("The database does not answer %s: %s", lane, outages.words(error))
        else:
            logger.error("A round of %s failed; trying again", lane, exc_info=error)
        connection.close()
        self._stop.wait(pause)
