"""How long sealing and verifying take, and how much memory: `python -m tests.benchmarks.proof RECORDS [DATABASE]`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.benchmarks.databases import DATABASES, Database
from tests.benchmarks.processes import Used, environment, inside, measured
from tests.benchmarks.report import Figure

TITLE = "Proof of {:,} records"
RUNS = {"sealing": "seal_ledger", "verifying": "verify_ledger"}
HOW = """\
`manage.py seal_ledger`, then `manage.py verify_ledger`: each process from start to exit, Python and Django included.
{records:,} records of one email program, each with the evidence of a sign-up, written in bulk before. Processor
time is that of the process alone: PostgreSQL's own is not in it. MiB: the largest resident size of the process."""


@dataclass(frozen=True)
class Plan:
    """How many records."""

    records: int = 1_000_000


QUICK = Plan(records=20_000)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return rate, processor time and MiB of each command."""
    env = environment(database.url)
    inside("write_down", str(plan.records), env=env)
    return [
        figure
        for label, command in RUNS.items()
        for figure in _figures(label, measured(command, env=env), database, plan.records)
    ]


def _figures(label: str, used: Used, database: Database, records: int) -> list[Figure]:
    title = TITLE.format(records)
    return [
        Figure(title, f"{label}, records", database.name, records / used.seconds, "/s"),
        Figure(title, f"{label}, records per second of processor time", database.name, records / used.processor, "/s"),
        Figure(title, f"{label}, memory", database.name, used.memory, " MiB"),
    ]


def main(count: int, name: str) -> None:
    """Measure on one database and print it."""
    with DATABASES[name]() as made:
        for figure in measure(made, Plan(count)):
            print(f"{figure.database}: {count:,} records, {figure.label}: {figure}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "SQLite")
