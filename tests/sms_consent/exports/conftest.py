"""The people and staff of the admin's tests, and how a file is read back."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.commands import run
from tests.sms_consent.admin.conftest import alice, boss

__all__ = ["alice", "boss", "exported", "read", "text_of"]


def text_of(answer: Any) -> str:
    """Return a download as text."""
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content).decode()


def read(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column, as they stand in it."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported(*options: str) -> list[Any]:
    """Return what `manage.py export_consents` writes, by JSON Lines or as CSV."""
    done = run("export_consents", *options)
    assert done.code == 0, done.out
    return [json.loads(line) for line in done.out.splitlines()] if "jsonl" in options else read(done.out)
