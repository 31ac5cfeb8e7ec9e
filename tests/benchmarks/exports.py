"""How long an export takes, and how much memory: `python -m tests.benchmarks.exports RECORDS [DATABASE]`."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.databases import DATABASES, Database
from tests.benchmarks.processes import Used, environment, inside, measured
from tests.benchmarks.report import Figure

TITLE = "Export of {:,} records"
RUNS = {
    "consent records, CSV": (),
    "consent records, JSON Lines": ("--format", "jsonl"),
    "who is subscribed now, CSV": ("--what", "subscribed"),
}
HOW = """\
`manage.py export_consents --output FILE`, the process from start to exit, Python and Django included. {records:,}
records of one email program, each with the evidence of a sign-up, of an address of its own that is subscribed by it;
the ledger's own functions made the first, SQL copied them. Processor: user and system time of the process, without the
database server's. MiB: its largest resident size."""


@dataclass(frozen=True)
class Plan:
    """How many records."""

    records: int = 1_000_000


QUICK = Plan(records=20_000)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return seconds and MiB of each export."""
    env, figures = environment(database.url), []
    inside("write_down", str(plan.records), env=env)
    for label, options in RUNS.items():
        used = _run(env, options, plan.records)
        title = TITLE.format(plan.records)
        figures += [
            Figure(title, f"{label}: from start to exit", database.name, used.seconds, " s"),
            Figure(title, f"{label}: processor", database.name, used.processor, " s"),
            Figure(title, f"{label}: memory", database.name, used.memory, " MiB"),
        ]
    return figures


def _run(env: dict[str, str], options: tuple[str, ...], records: int) -> Used:
    with tempfile.TemporaryDirectory(prefix="optin-benchmark-") as folder:
        file = Path(folder) / "export"
        used = measured("export_consents", "--output", str(file), *options, env=env)
        with file.open(newline="") as text:
            lines = sum(1 for _ in text)
    if lines - ("jsonl" not in options) != records:
        raise RuntimeError(f"{lines} lines for {records} records")
    return used


def main(count: int, name: str) -> None:
    """Measure on one database and print it."""
    with DATABASES[name]() as made:
        for figure in measure(made, Plan(count)):
            print(f"{figure.database}: {count:,} records, {figure.label} {figure}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "SQLite")
