"""Files from another system, and importing them as an operator does."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sms_consent.models import ConsentRecord, Evidence
from sms_consent.people import subject
from tests.commands import Ran, run
from tests.people import ALICE, ALICES_PHONE

Cells = Mapping[str, str]
T1, T2, T3 = "2020-01-01T10:00:00Z", "2021-01-01T10:00:00Z", "2022-01-01T10:00:00Z"


def email(act: str = "granted", address: str = ALICE, **cells: str) -> dict[str, str]:
    """Return a row about the program of emails."""
    return {"email": address, "phone": "", "program": "email", "act": act, "occurred_at": T1} | cells


def text(act: str = "granted", address: str = ALICES_PHONE, **cells: str) -> dict[str, str]:
    """Return a row about the program of texts."""
    return {"email": "", "phone": address, "program": "sms", "act": act, "occurred_at": T1} | cells


def write_csv(path: Path, rows: Sequence[Cells]) -> Path:
    """Write rows with a column for everything that any of them says."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(folder: Path, *rows: Cells, options: Sequence[str] = ()) -> Ran:
    """Import these rows; the first is line 2."""
    return run("import_consents", str(write_csv(folder / "rows.csv", rows)), *options)


def refused(folder: Path) -> dict[int, str]:
    """Return the reasons that the error file gives, by line."""
    path = folder / "rows.csv.errors.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {int(row["line"]): row["reason"] for row in csv.DictReader(file)}


def evidence(address: str) -> dict[str, Any]:
    """Return the evidence of an address's only record."""
    return json.loads(Evidence.objects.get(record=record(address)).payload)  # type: ignore[no-any-return]


def record(address: str) -> ConsentRecord:
    """Return an address's only record."""
    return ConsentRecord.objects.get(subject=subject(address))
