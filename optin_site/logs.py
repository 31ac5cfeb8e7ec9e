"""What the log may say: no addresses, whoever wrote the message (SEC-11)."""

from __future__ import annotations

import logging
import re

ADDRESS = re.compile(r"[^\s@<>\"'(){}\[\],;:=]+@[^\s@<>\"'(){}\[\],;:=]+\.\w+|\+\d{7,15}\b|(?<=%2B)\d{7,15}\b")


TOKEN = re.compile(r"/(confirm|unsubscribe|receipts)/[^/?#\n]+")


def without_tokens(text: str) -> str:
    """Return text without the tokens of links: logs and evidence are read by many, a token is one mailbox's (SEC-9)."""
    return TOKEN.sub(r"/\1/…", text)


class Scrubbed(logging.Formatter):
    """Blanks email addresses, phone numbers and the tokens of links.

    In tracebacks too: databases and mail servers quote them in errors.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without them."""
        return without_tokens(ADDRESS.sub("…", super().format(record)))
