"""One round of delivery, and the loop that runs rounds: opt-outs in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from sms_consent import lines, outbox
from sms_consent.braze import BrazeClient
from sms_consent.braze.client import BATCH
from sms_consent.choices import Channel
from sms_consent.delivery.numbers import deliver_numbers, deliver_opt_outs
from sms_consent.delivery.pipeline import Courier
from sms_consent.delivery.profiles import deliver_profiles
from sms_consent.delivery.wakeups import Wakeups
from sms_consent.models import BrazeLine, Program

logger = logging.getLogger(__name__)
Lane = BrazeLine.Lane
AFTER_DATABASE_TROUBLE = 1.0  # seconds


def new_courier(lane: str) -> Courier:
    """Return what one lane of deliveries needs; opt-outs have connections of their own as well."""
    in_flight = settings.BRAZE_REQUESTS_IN_FLIGHT
    client = BrazeClient(settings.BRAZE_REST_URL, settings.BRAZE_REST_KEY, connections=in_flight)
    return Courier(client, ThreadPoolExecutor(in_flight, thread_name_prefix=lane), lane, in_flight)


def deliver_opt_outs_due(courier: Courier) -> int:
    """Send opt-outs that are due now; return how many rows were claimed."""
    _look_at_lines(courier)
    return deliver_opt_outs(courier, BATCH * courier.in_flight)


def deliver_due(courier: Courier) -> int:
    """Send everything else that is due now, as much as fits one claim; return how many rows were claimed.

    Numbers go before people: the first call of the pair, then the second (design.md §4.4).
    """
    _look_at_lines(courier)
    courier.asked.clear()
    limit = BATCH * courier.in_flight
    return deliver_numbers(courier, limit) + deliver_profiles(courier, limit)


def _look_at_lines(courier: Courier) -> None:
    """Learn which lines are stopped; one that is about to be tried again gets its people marked."""
    known = lines.known(courier.lane)
    closed = lines.closed(courier.lane) if known else set()
    reopened = known & courier.closed - closed
    courier.known_lines, courier.closed = known, closed
    for program in Program.objects.filter(slug__in=reopened, channel=Channel.EMAIL) if reopened else ():
        outbox.mark_waiting(program.pk)


class Worker:
    """Runs both lanes until told to stop, or until nothing is due."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let the calls in flight end, then return from `run`."""
        self._stop.set()

    def run_once(self) -> int:
        """Send all that is due; return how many rows are left unsent (in back-off, parked, or on a stopped line)."""
        urgent, rest = new_courier(Lane.OPT_OUTS), new_courier(Lane.REST)
        while not self._stop.is_set():
            if not deliver_opt_outs_due(urgent) + deliver_due(rest):
                break
        return outbox.unsent()

    def run(self) -> None:
        """Deliver until `stop`."""
        urgent = threading.Thread(target=self._loop, args=(Lane.OPT_OUTS, deliver_opt_outs_due), name="opt-outs")
        urgent.start()
        self._loop(Lane.REST, deliver_due)
        urgent.join()

    def _loop(self, lane: str, deliver: Callable[[Courier], int]) -> None:
        courier, wakeups = new_courier(lane), Wakeups()
        while not self._stop.is_set():
            try:
                claimed = deliver(courier)
            except DatabaseError:
                logger.exception("The database did not answer; trying again")
                connection.close()
                self._stop.wait(AFTER_DATABASE_TROUBLE)
                continue
            close_old_connections()
            if not claimed:
                wakeups.wait(self._stop)
        connection.close()
