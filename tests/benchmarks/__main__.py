"""`python -m tests.benchmarks [--quick] [--only NAME] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks import delay, delivery, exports, imports, proof, sign_ups
from tests.benchmarks.databases import DATABASES, MissingError
from tests.benchmarks.processes import end_on_signals
from tests.benchmarks.report import Report

BENCHMARKS: dict[str, Any] = {
    "sign-ups": sign_ups,
    "delivery": delivery,
    "delay": delay,
    "exports": exports,
    "imports": imports,
    "proof": proof,
}


def main() -> int:
    """Measure what was asked for, and print it; return 1 if anything went wrong."""
    options = _options()
    end_on_signals()
    report = Report(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    went_well = True
    for name in options.only or BENCHMARKS:
        plan = BENCHMARKS[name].QUICK if options.quick else BENCHMARKS[name].Plan()
        for database in options.database or DATABASES:
            went_well &= _measure(name, database, plan, report)
    print(report)
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_json(), indent=2) + "\n")
    return 0 if went_well else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the site.")
    parser.add_argument("--quick", action="store_true", help="less of everything, in about 90 s")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="one benchmark; may be repeated")
    parser.add_argument("--database", action="append", choices=DATABASES, help="one of them; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, single runs included")
    return parser.parse_args()


def _measure(name: str, database: str, plan: Any, report: Report) -> bool:
    """Return whether it went well. What was measured before is not lost if it did not."""
    benchmark, started = BENCHMARKS[name], time.monotonic()
    sys.stderr.write(f"{name} on {database} ... ")
    sys.stderr.flush()
    report.how[name] = textwrap.fill(benchmark.HOW.format(plan=plan, **vars(plan)), 110)
    try:
        with DATABASES[database]() as made:
            report.figures += [replace(one, benchmark=name) for one in benchmark.measure(made, plan)]
    except (MissingError, RuntimeError) as error:
        report.missing.append(f"{name} on {database}: {error}")
        return isinstance(error, MissingError)
    sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
