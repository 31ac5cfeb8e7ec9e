"""How many people a second go from the outbox to Braze."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass

from tests.benchmarks import rivals
from tests.benchmarks.databases import Database, MissingError
from tests.benchmarks.processes import Sandbox, environment, inside, run, sandbox
from tests.benchmarks.report import Figure, of_runs

TITLE = "People per second to Braze, which {}"
LATENCIES = {0: "answers at once", 50: "takes 50 ms"}
HOW = """\
{people:,} people as sign-ups with both boxes ticked leave them, created in bulk before; the sandbox in a process
of its own on the same machine, not recording; all of them accepted and none left, or it is an error.
In-process: the worker's `Worker.run_once()`. `sync_braze --once`: the process from start to exit, Python and
Django included. "One by one": both calls for each person in one thread, over a connection kept open, for
{seconds:g} s; nothing written down, no look at what Braze knows. Client libraries: /users/track alone, with
attributes made up on the spot, an email group in them, and no database: what they could do at most. In
brackets the in-process rate as a multiple of that one."""


@dataclass(frozen=True)
class Plan:
    """How much to send."""

    people: int = 5000
    rounds: int = 1
    seconds: float = 3.0


QUICK = Plan(people=400, seconds=1.0)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return people per second of each way, at each latency of Braze."""
    inside("seed", str(plan.people), env=environment(database.url))
    return [figure for latency in LATENCIES for figure in _at(latency, database, plan)]


def _at(latency: int, database: Database, plan: Plan) -> list[Figure]:
    runs: dict[str, list[float]] = defaultdict(list)
    with sandbox(latency_ms=latency) as braze:
        env = environment(database.url, braze=braze.url)
        for _ in range(plan.rounds):
            runs["this site's worker, in-process"].append(_in_process(braze, env, plan))
            runs["manage.py sync_braze --once"].append(_as_process(braze, env, plan))
            runs["one by one"].append(_one_by_one(env, plan))
            for label in rivals.CLIENTS:
                _try(label, braze, plan, runs)
    return of_runs(TITLE.format(LATENCIES[latency]), database.name, 2, runs)


def _try(label: str, braze: Sandbox, plan: Plan, runs: dict[str, list[float]]) -> None:
    try:
        runs[label].append(rivals.people_per_second(label, braze.url, plan.seconds))
    except MissingError as error:
        sys.stderr.write(f"{error} ... ")


def _again(braze: Sandbox, env: dict[str, str]) -> None:
    braze.ask("reset", {})
    inside("rewind", env=env)


def _in_process(braze: Sandbox, env: dict[str, str], plan: Plan) -> float:
    _again(braze, env)
    result = inside("drain", env=env)
    _check(braze, plan, left=result["left"])
    return plan.people / result["seconds"]


def _as_process(braze: Sandbox, env: dict[str, str], plan: Plan) -> float:
    _again(braze, env)
    started = time.perf_counter()
    run("manage.py", "sync_braze", "--once", env=env)  # fails if something is left
    seconds = time.perf_counter() - started
    _check(braze, plan)
    return plan.people / seconds


def _check(braze: Sandbox, plan: Plan, left: int = 0) -> None:
    if left or braze.people != plan.people:
        raise RuntimeError(f"{left} left unsent; Braze knows {braze.people} of {plan.people} people")


def _one_by_one(env: dict[str, str], plan: Plan) -> float:
    result = inside("naive", str(plan.seconds), env=env)
    return float(result["people"] / result["seconds"])
