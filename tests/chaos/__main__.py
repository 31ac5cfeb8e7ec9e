"""`python -m tests.chaos [--people N] [--minutes N] [--database SQLite|PostgreSQL] [--seed N]`."""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace

from tests.benchmarks.databases import DATABASES, MissingError
from tests.benchmarks.processes import end_on_signals
from tests.chaos.plan import SHORT, Plan
from tests.chaos.running import Outcome, chaos

SHOWN = 40  # violations in words


def main() -> int:
    """Run on each database asked for; return 1 if anything was wrong."""
    options = _options()
    end_on_signals()
    plan = replace(SHORT if options.short else Plan(), seed=options.seed)
    if options.people:
        plan = replace(plan, people=options.people)
    if options.minutes:
        plan = replace(plan, seconds=options.minutes * 60)
    if options.haste:
        plan = replace(plan, haste=options.haste)
    return max(_run(name, plan) for name in options.database or DATABASES)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Try every fault for real.")
    parser.add_argument("--people", type=int)
    parser.add_argument("--minutes", type=float, help="of harm; what comes after it takes about as long as a re-check")
    parser.add_argument("--database", action="append", choices=DATABASES, help="one of them; may be repeated")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="the same harm in the same order")
    parser.add_argument("--haste", type=float, help="how many times sooner than in production everything is repeated")
    parser.add_argument("--short", action="store_true", help="the form that the tests run")
    return parser.parse_args()


def _run(name: str, plan: Plan) -> int:
    try:
        with DATABASES[name]() as database:
            outcome = chaos(database.url, plan)
    except MissingError as error:
        print(f"{name}: {error}")
        return 1
    print(table(f"{name}, seed {plan.seed}", outcome))
    return 1 if outcome.wrong else 0


def table(title: str, outcome: Outcome) -> str:
    """Return the counts as a table, and what was wrong."""
    width = max(map(len, [title, *outcome.counts]))
    lines = [f"| {title:{width}} | {'':>8} |", f"|{'-' * (width + 2)}|{'-' * 9}:|"]
    lines += [f"| {name:{width}} | {count:>8,} |" for name, count in outcome.counts.items()]
    return "\n".join([*lines, *outcome.wrong[:SHOWN], *outcome.known[: SHOWN * 10]])


if __name__ == "__main__":
    sys.exit(main())
