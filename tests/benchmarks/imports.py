"""`python -m tests.benchmarks.imports ROWS [DATABASE]`: how fast consents are imported, and in how much memory.

Of five rows three are email consents of three people with words, IP address and browser, one is the opt-out of the last
of them, and one is a number's consent. There are 38,100 fictional numbers; more rows than that say more about them.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.databases import DATABASES, Database
from tests.benchmarks.processes import environment, measured
from tests.benchmarks.report import Figure
from tests.benchmarks.visitors import fictional_numbers

HOW = """\
`manage.py import_consents FILE`, the process from start to exit; then the same file again, of which every row is there.
{rows:,} rows: of five, three are email consents of three people with words, IP address and browser, one is the opt-out
of the last of them, one is a number's consent. Processor: user and system time of the process, without the database
server's. MiB: its largest resident size."""
COLUMNS = (
    *("email", "phone", "program", "act", "occurred_at", "source", "method", "wording", "language"),
    *("ip", "user_agent", "external_id"),
)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = "By ticking this box I agree to receive promotional messages from Example Brand. I can leave at any time."
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@dataclass(frozen=True)
class Plan:
    """How many rows."""

    rows: int = 1_000_000


QUICK = Plan(rows=10_000)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Import a file twice; return of both the rate, by the clock and by processor time, and MiB."""
    title, figures = f"Import of {plan.rows:,} rows", []
    with tempfile.TemporaryDirectory(prefix="optin-benchmark-") as folder:
        path = Path(folder) / "consents.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_rows(plan.rows))
        for label in ("the first time", "again"):
            used = measured("import_consents", str(path), env=environment(database.url))
            measures = {
                "rows": (plan.rows / used.seconds, "/s"),
                "rows per second of processor": (plan.rows / used.processor, "/s"),
                "memory": (used.memory, " MiB"),
            }
            figures += [Figure(title, f"{label}, {what}", database.name, *it) for what, it in measures.items()]
    return figures


def main(count: int, name: str) -> None:
    """Measure on one database and print it."""
    with DATABASES[name]() as made:
        for figure in measure(made, Plan(count)):
            print(f"{figure.database}: {figure.title}, {figure.label}: {figure}")


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    numbers = fictional_numbers()
    for row in range(count):
        at = (BEGINNING + timedelta(minutes=row)).isoformat()
        how = ("web form", "checkbox", WORDS, "en", "198.51.100.7", BROWSER)
        kind, number = row % 5, row // 5 % len(numbers)
        if kind == 4:
            yield "", numbers[number], "sms", "granted", at, *how, f"crm-phone-{number}"
        elif kind == 3:
            yield f"person{row - 1}@example.com", "", "email", "withdrawn", at, *how, f"crm-{row - 1}"
        else:
            yield f"person{row}@example.com", "", "email", "granted", at, *how, f"crm-{row}"


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "SQLite")
