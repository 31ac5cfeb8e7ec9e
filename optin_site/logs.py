"""What the log may say: no addresses, no query strings, no tokens, whoever wrote the message (SEC-11).

Each line can be followed: `request` is one request, in `X-Request-Id` of its answer too, `delivery` one round of a
worker's lane.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

# Long runs of digits, too: nobody can tell a number without its plus from another one.
ADDRESS = re.compile(
    r"[^\s@<>\"'(){}\[\],;:=][^\s@<>\"(){}\[\],;:=]{0,200}@[^\s@<>\"'(){}\[\],;:=]+\.\w+"  # bounded, or it takes long
    r"|(?<=national_number=)\d+|\+\d(?:[-. ()/]{0,2}\d){6,14}\b|(?<=%2B)\d{7,15}\b|(?<![\w-])\d{10,15}\b(?!-)"
    r"|(?<![\w.-])(?:\+?1[-. ]?)?(?:\(\d{3}\)[-. ]?|\d{3}[-. ])\d{3}[-. ]\d{4}\b(?!-)"  # as written in North America
)
TOKEN = re.compile(r"/(confirm|unsubscribe|receipts)/[^/?#\s]+")
QUERY = re.compile(r"(?<=\S)\?[^\s\"']+")

_request: ContextVar[str] = ContextVar("request", default="")
_delivery: ContextVar[str] = ContextVar("delivery", default="")


def without_tokens(text: str) -> str:
    """Return text without the tokens of links: logs and evidence are read by many, a token is one mailbox's (SEC-9)."""
    return TOKEN.sub(r"/\1/…", text)


def scrubbed(text: str) -> str:
    """Return text without addresses, tokens and query strings."""
    return without_tokens(ADDRESS.sub("…", QUERY.sub("?…", text)))


def new_id() -> str:
    """Return a name for something that lines of the log have in common."""
    return uuid.uuid4().hex[:16]


def begin_request(name: str) -> None:
    """Have every line that is logged from now on name the request; Django logs some after the middleware has ended."""
    _request.set(name)


def end_request(**kwargs: Any) -> None:
    """Nothing that is logged from now on is about that request."""
    _request.set("")


@contextmanager
def of_delivery() -> Iterator[None]:
    """Have every line that is logged herein name the same round of a worker."""
    token = _delivery.set(new_id())
    try:
        yield
    finally:
        _delivery.reset(token)


def ids() -> dict[str, str]:
    """Return what the lines that are logged now have in common."""
    found = {"request": _request.get(), "delivery": _delivery.get()}
    return {kind: name for kind, name in found.items() if name}


class Scrubbed(logging.Formatter):
    """One line of text for people. In tracebacks, too, nobody is named: databases and mail servers quote them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = scrubbed(super().format(record))
        return " ".join([line, *(f"{kind}={name}" for kind, name in ids().items())]) if "\n" not in line else line


class Json(JsonFormatter):
    """One JSON object a line, for programs. Whatever a library adds to its records is scrubbed like the message."""

    def __init__(self) -> None:
        # Django adds the whole request to some of its records, and whatever that holds.
        reserved = [*RESERVED_ATTRS, "request", "response", "server_time"]
        names = {"levelname": "level", "name": "logger"}
        super().__init__(["levelname", "name", "message"], rename_fields=names, reserved_attrs=reserved, timestamp="at")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Return what is written."""
        return {key: _plain(value) for key, value in log_data.items()} | ids() | {"at": log_data["at"].isoformat()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else scrubbed(str(value))


_OWN: dict[str, Any] = {"handlers": ["stderr"], "propagate": False}


def config(log_format: str) -> dict[str, Any]:
    """Return Django's LOGGING, in the format "json" or "text"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": "optin_site.logs.Scrubbed", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
            "json": {"()": "optin_site.logs.Json"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # urllib3 writes whole URLs, query strings with phone numbers included, at DEBUG.
        "loggers": {
            "django": {"handlers": []},  # its own would write addresses and tokens while DEBUG is on
            "django.server": {"level": "WARNING", **_OWN},  # optin_site.requests has a line for each request
            "urllib3": {"level": "WARNING"},
            "mail.log": {"level": "WARNING"},  # the sandbox's mailbox: ten lines a mail
            "post_office": {"level": "WARNING", **_OWN},
            "gunicorn.error": {"level": "INFO", **_OWN},  # gunicorn.conf.py has it use these
            "gunicorn.access": {"level": "INFO", **_OWN},
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can send another Host; it gets a 400
            "celery": {"level": "WARNING"},  # or four lines a second that a task has begun and ended
        },
    }
