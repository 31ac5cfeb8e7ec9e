"""The queue of mails: django-post-office's. They are sent from one process at a time, however many there are."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils import timezone
from post_office.mail import get_queued, send_queued
from post_office.models import PRIORITY, STATUS, Email, Log

from optin_site import bulk

logger = logging.getLogger(__name__)

LOCK = 0x3A11


class Mail(NamedTuple):
    """A mail as it is to be sent."""

    to: str
    subject: str
    text: str
    html: str


def queue(mail: Mail) -> None:
    """Have a mail sent once this transaction has ended. As it is: the library would take it for a template."""
    now = timezone.now()
    each = {"to": [mail.to], "subject": [mail.subject], "message": [mail.text], "html_message": [mail.html]}
    same = {"from_email": settings.DEFAULT_FROM_EMAIL, "status": STATUS.queued, "priority": PRIORITY.medium}
    bulk.add(Email, each, same=same | {"created": now, "last_updated": now})


def send_waiting(*, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Send what is queued now. A mail server that is down costs time, never a mail. Raises DatabaseError.

    Asked after each batch (POST_OFFICE, BATCH_SIZE: 100), `goes_on` says whether there is to be another.
    """
    if not get_queued():
        return
    with _alone() as is_alone:
        while is_alone and goes_on() and (batch := get_queued()):
            Log.objects.filter(email__in=list(batch)).delete()  # or a dead mail server would fill the database
            try:
                send_queued()
            except IntegrityError:  # each mail's fate is known by then
                logger.warning("Why mails of this batch failed is not known: one of them was deleted meanwhile.")
            finally:
                Email.objects.filter(status=STATUS.sent).delete()  # they hold links and codes that work (SEC-9)


@contextmanager
def _alone() -> Iterator[bool]:
    """Say whether nobody else is sending: two at once would send the same mail twice.

    A lock of the session and not of a transaction, for none may be open while a mail server is spoken to. Either lock
    ends with the process that has it.
    """
    with _lock_of_the_server() if connection.vendor == "postgresql" else _lock_of_a_file() as is_alone:
        yield is_alone


@contextmanager
def _lock_of_the_server() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextmanager
def _lock_of_a_file() -> Iterator[bool]:
    """Beside the database: who shares that is on this machine."""
    with open(f"{connection.settings_dict['NAME']}-mail", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
