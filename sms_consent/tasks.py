"""The worker's side on many machines: Celery decides who does what and when, and what is done is what the commands do.

Whatever is lost here is told again by the next tick, because what is to be done stands in the database and not in a
message: a task may run twice, at once, late or never. The site never sends one, so no visitor waits for a broker.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from celery import current_app, shared_task
from celery.schedules import crontab
from django.core.management import CommandError, call_command

from optin_site import mailing
from optin_site.queues import CHORES, OPT_OUTS, REST
from sms_consent import delivery, upkeep
from sms_consent.delivery import patience
from sms_consent.delivery.pipeline import Courier
from sms_consent.models import BrazeLine

logger = logging.getLogger(__name__)
patience.limit()  # only Celery's processes import this

TICK = timedelta(seconds=0.5)  # how long a change waits at most until somebody looks
MOMENT = timedelta(seconds=2)
SECONDS_AT_ONCE = 5.0  # for one lane: others want this process, too, and a worker that is to stop waits for it


@current_app.on_after_finalize.connect
def schedule(sender: Any, **kwargs: Any) -> None:
    """Tell beat what to ask for. A tick that nobody had time for is dropped: the next one is as good."""
    _tick(sender, TICK, deliver_opt_outs.s(), OPT_OUTS, kept=MOMENT)
    _tick(sender, TICK, deliver.s(), REST, kept=MOMENT)
    _tick(sender, timedelta(seconds=1), mail.s(), CHORES, kept=MOMENT)
    for name, every in upkeep.chores().items():
        _tick(sender, max(every, MOMENT), chore.s(name), CHORES, kept=max(every, timedelta(minutes=1)))
    night = reconcile.s().set(queue=CHORES, expires=6 * 3600)
    sender.add_periodic_task(crontab(hour=3, minute=17), night, name="reconcile")


def _tick(app: Any, every: timedelta, task: Any, queue: str, *, kept: timedelta) -> None:
    task.set(queue=queue, expires=kept.total_seconds())
    # By the clock what is daily: a beat that is started anew every day would count to 24 hours for ever.
    when = crontab(hour=4, minute=7) if every >= timedelta(days=1) else every.total_seconds()
    app.add_periodic_task(when, task, name=" ".join((task.task.rpartition(".")[2], *task.args)))


@shared_task
def deliver_opt_outs() -> None:
    """Send opt-outs until none is due."""
    _until_done(lambda: delivery.deliver_opt_outs_due(_courier(BrazeLine.Lane.OPT_OUTS, threading.get_ident())))


@shared_task
def deliver() -> None:
    """Send everything else until none of it is due."""
    _until_done(lambda: delivery.deliver_due(_courier(BrazeLine.Lane.REST, threading.get_ident())))


@shared_task
def chore(name: str) -> None:
    """Seal, let requests lapse, prune: what apps have added to the upkeep."""
    _until_done(lambda: upkeep.do(name))


@shared_task
def mail() -> None:
    """Send the mails that are queued."""
    mailing.send_waiting()


@shared_task
def reconcile() -> None:
    """Compare everybody with Braze. A run that was killed goes on where it was."""
    out, trouble = io.StringIO(), io.StringIO()
    try:
        call_command("reconcile_braze", stdout=out, stderr=trouble)
    except (CommandError, SystemExit) as error:  # Celery takes an exit for its own
        logger.error("reconcile_braze stopped: %s", trouble.getvalue() or error)


@cache
def _courier(lane: BrazeLine.Lane, thread: int) -> Courier:
    """Return what this process keeps for a lane: connections, and what it knows of Braze's limits."""
    return delivery.new_courier(lane)


def _until_done(work: Callable[[], Any]) -> None:
    until = time.monotonic() + SECONDS_AT_ONCE
    while work() and time.monotonic() < until:
        pass
