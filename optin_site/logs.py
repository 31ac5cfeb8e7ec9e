"""What the log may say: no addresses, whoever wrote the message (SEC-11)."""

from __future__ import annotations

import logging
import re

ADDRESS = re.compile(r"[^\s@<>\"'(){}\[\],;:=]+@[^\s@<>\"'(){}\[\],;:=]+\.\w+|\+\d{7,15}\b|(?<=%2B)\d{7,15}\b")


class Scrubbed(logging.Formatter):
    """Blanks email addresses and phone numbers, in tracebacks too: databases and mail servers quote them in errors."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without addresses."""
        return ADDRESS.sub("…", super().format(record))
