"""Mail servers that do what a test has them do, in place of the sandbox's mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port


@contextmanager
def listening(handler: Any, settings: Any) -> Iterator[None]:
    """Have the site send its mails to a server that hands them to an aiosmtpd handler."""
    settings.EMAIL_PORT = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
