"""The chaos run in its short form. `make chaos` is the long one: docs/faults.md."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.benchmarks.databases import DATABASES
from tests.chaos.__main__ import table
from tests.chaos.plan import SHORT
from tests.chaos.running import chaos

SEED = 7


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nobody_is_told_wrong() -> None:
    name = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    with DATABASES[name]() as database:
        outcome = chaos(database.url, replace(SHORT, seed=SEED))
    print(table(f"{name}, seed {SEED}", outcome))
    assert outcome.wrong == [], outcome.known
    assert outcome.counts["people"] > 0
