"""`python -m tests.benchmarks.imports ROWS [DATABASE]`: how fast consents are imported, and in how much memory.

Of five rows three are email consents of three people with words, IP address and browser, one is the opt-out of the last
of them, and one is a number's consent. There are 38,100 fictional numbers; more rows than that say more about them.
"""

from __future__ import annotations

import csv
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import ROOT, environment
from tests.benchmarks.visitors import fictional_numbers

COLUMNS = (
    *("email", "phone", "program", "act", "occurred_at", "source", "method", "wording", "language"),
    *("ip", "user_agent", "external_id"),
)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = "By ticking this box I agree to receive promotional messages from Example Brand. I can leave at any time."
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


def main(count: int, database: str) -> None:
    """Write a file, run the command on it twice, print what each run took."""
    with DATABASES[database]() as made, tempfile.TemporaryDirectory(prefix="optin-benchmark-") as folder:
        path = Path(folder) / "consents.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_rows(count))
        for title in ("import of", "again, of"):
            began = time.perf_counter()
            used = _run(path, environment(made.url))
            seconds, processor = time.perf_counter() - began, used.ru_utime + used.ru_stime
            took = f"{seconds:.1f} s, {processor:.1f} s of them processor time"
            memory = f"at most {used.ru_maxrss // 1024} MiB"
            print(f"{database}: {title} {count:,} rows: {took}, {count / seconds:,.0f} a second, {memory}", flush=True)


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


def _run(path: Path, env: Mapping[str, str]) -> resource.struct_rusage:
    """Run the command; return what it used. Raises RuntimeError if it refused a row."""
    command = [sys.executable, str(ROOT / "manage.py"), "import_consents", str(path)]
    _, status, used = os.wait4(os.posix_spawn(sys.executable, command, env), 0)
    if status:
        raise RuntimeError("import_consents failed")
    return used


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "SQLite")
