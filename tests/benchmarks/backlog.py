"""`python -m tests.benchmarks.backlog [PEOPLE] [DATABASE] [--parts …] [--workers N]`: people new to Braze.

in-flight   how fast they are told at 50 ms, by the number of calls side by side; what those would allow if each took no
            longer, and for how much of the time as many were on their way
limits      the worker under Braze's documented limits, until all are told: calls made, calls refused
scarce      the same where status/set gets 100 calls a minute, so that the limit is what holds it up
opt-out     how long an opt-out takes to Braze that comes after all of them
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from tests.benchmarks.databases import DATABASES, Database
from tests.benchmarks.processes import SMS_GROUP, Sandbox, environment, inside, sandbox, worker
from tests.benchmarks.visitors import crowd

LATENCY = 50  # ms
IN_FLIGHT = (4, 8, 16, 24, 32, 48, 96)
CALLS, BATCH = 3, 50  # the look at what Braze knows of a number, and the two calls of the pair
ALLOWED = 5_000 * BATCH / 60  # people a second: status/set is the scarcest
SCARCE = 100  # calls a minute
POLL = 0.1  # seconds


def in_flight(database: Database, people: int, workers: int) -> None:
    """Drain at each number of calls side by side, of all workers together."""
    with sandbox(latency_ms=LATENCY) as braze:
        for number in IN_FLIGHT:
            env = _environment(database, braze, workers) | {"BRAZE_REQUESTS_IN_FLIGHT": str(number // workers)}
            braze.ask("reset", {})
            inside("rewind", env=env)
            seconds, processor, in_the_air = _drained(env, workers)
            rate, ceiling = people / seconds, number * BATCH * 1000 / LATENCY / CALLS
            each, busy = 1e6 * processor / people, in_the_air / seconds / number
            print(
                f"{number} in flight: {rate:,.0f}/s, {rate / ceiling:.0%} of {ceiling:,.0f}/s, "
                f"on the way {busy:.0%} of the time; {each:.0f} us each"
            )


def _drained(env: dict[str, str], workers: int) -> tuple[float, float, float]:
    """Let so many workers drain it at once.

    Return how long the last of them took, their processor time, and how long their calls took one after the other.
    """
    with ThreadPoolExecutor(workers) as pool:
        used = list(pool.map(lambda _: inside("drain", env=env), range(workers)))
    return max(it["seconds"] for it in used), sum(it["processor"] for it in used), sum(it["in_the_air"] for it in used)


def _environment(database: Database, braze: Sandbox, workers: int) -> dict[str, str]:
    return environment(database.url, braze=braze.url) | {"BRAZE_WORKERS": str(workers)}


def limits(database: Database, people: int, workers: int) -> None:
    """Let the workers run under the documented limits."""
    _limited(database, people, workers, {}, ALLOWED)


def scarce(database: Database, people: int, workers: int) -> None:
    """Let them run under a limit that they come to at once."""
    pools = {"status/set": {"requests": SCARCE, "seconds": 60}}
    _limited(database, people, workers, pools, SCARCE * BATCH / 60)


def _limited(database: Database, people: int, workers: int, pools: dict[str, Any], allowed: float) -> None:
    used: dict[int, int] = {}
    with sandbox(limits=True) as braze, ExitStack() as started, ThreadPoolExecutor(1) as pool:
        braze.ask("limits", {"pools": pools})
        env = _environment(database, braze, workers)
        inside("rewind", env=env)
        began = pool.submit(_until, lambda: _note(braze, used) > 0)
        for _ in range(workers):
            started.enter_context(worker(env))
        ended = _until(lambda: _note(braze, used) * BATCH >= people and braze.people == people)
        seconds = ended - began.result()
        rate = people / seconds
        print(f"{people:,} people in {seconds:.1f} s: {rate:,.0f}/s, {rate / allowed:.0%} of {allowed:,.0f}/s")
        print("  status/set by window:", *used.values(), "|", _counts(braze))


def opt_out(database: Database, people: int, workers: int) -> None:
    """Have the last of them say STOP while the first are being told."""
    *_, last = crowd(people)
    with sandbox(latency_ms=LATENCY, keep_calls=200) as braze:
        env = _environment(database, braze, 1)
        inside("rewind", env=env)
        with worker(env):
            _until(lambda: braze.people > 0)
            committed = inside("leave", last.phone, env=env)
            arrived: list[float] = []
            _until(lambda: arrived.extend(_told(braze, last.phone)) or bool(arrived))
            print(f"opt-out: at Braze {arrived[0] - committed:.2f} s after its commit, {braze.people:,} told before")


def _told(braze: Sandbox, phone: str) -> list[float]:
    calls = [call for call in braze.ask("calls") if (call["body"] or {}).get("subscription_group_id") == SMS_GROUP]
    return [
        call["at"]
        for call in calls
        if call["body"]["subscription_state"] == "unsubscribed" and phone in call["body"]["phone"]
    ]


def _until(is_so: Callable[[], bool]) -> float:
    """Return when it was so."""
    while not is_so():
        time.sleep(POLL)
    return time.perf_counter()


def _note(braze: Sandbox, used: dict[int, int]) -> int:
    """Note how many calls of status/set each window has had; return how many there were in all."""
    pool = braze.ask("limits")["pools"]["status/set"]
    used[pool["window"]] = pool["used"]
    return int(pool["passed"])


def _counts(braze: Sandbox) -> str:
    pools = braze.ask("limits")["pools"].items()
    return "; ".join(f"{name}: {it['passed']} calls, {it['refused']} refused" for name, it in pools if it["passed"])


PARTS: dict[str, Callable[[Database, int, int], None]] = {
    "in-flight": in_flight,
    "limits": limits,
    "scarce": scarce,
    "opt-out": opt_out,
}


def main() -> None:
    """Seed once, then measure each part."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.backlog")
    parser.add_argument("people", type=int, nargs="?", default=100_000)
    parser.add_argument("database", nargs="?", choices=DATABASES, default="PostgreSQL")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with DATABASES[options.database]() as made:
        inside("backlog", str(options.people), env=environment(made.url))
        for part in options.parts:
            PARTS[part](made, options.people, options.workers)


if __name__ == "__main__":
    main()
