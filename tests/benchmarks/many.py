"""`python -m tests.benchmarks.many PEOPLE [PROCESSES…]`: people a second to Braze by so many processes of Celery.

PostgreSQL, a broker at 127.0.0.1:5672 (or TEST_BROKER_URL), a sandbox that takes 50 ms: from the first person that it
has until the last one. Beat, workers, database, broker and sandbox share the machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import environment, inside, running, sandbox

BROKER = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
PATIENCE = 300.0  # seconds


def main(people: int, *processes: int) -> None:
    """Print one line for each number of processes."""
    with DATABASES["PostgreSQL"]() as made, sandbox(latency_ms=50) as braze:
        env = environment(made.url, braze=braze.url) | {"CELERY_BROKER_URL": BROKER}
        inside("seed", str(people), env=env)
        for count in processes:
            braze.ask("reset", {})
            inside("rewind", env=env)
            seconds = _seconds(count, env, lambda: braze.people, people)
            print(f"{count} processes: {people / seconds:6.0f} people/s", flush=True)


def _seconds(count: int, env: dict[str, str], told: Callable[[], int], people: int) -> float:
    env = env | {"CELERY_QUEUES": f"benchmark-{uuid.uuid4()}"}
    celery = ["-W", "ignore", "-m", "celery", "-A", "optin_site"]
    with ExitStack() as started, tempfile.TemporaryDirectory() as folder:
        started.enter_context(running([*celery, "worker", "-c", str(count), "-n", f"{uuid.uuid4()}@here"], env))
        started.enter_context(running([*celery, "beat", "-s", f"{folder}/beat"], env))
        _until(lambda: told() > 0)
        began = time.perf_counter()
        _until(lambda: told() >= people)
        return time.perf_counter() - began


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > end:
            raise RuntimeError("they never arrived")
        time.sleep(0.05)


if __name__ == "__main__":
    main(*(int(word.replace(",", "")) for word in sys.argv[1:2]), *(map(int, sys.argv[2:] or (1, 2, 4))))
