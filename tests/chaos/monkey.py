"""Whoever harms the processes, the database and the way to Braze, at random and without rest."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.chaos.plan import Plan
from tests.chaos.processes import Service, World

DEAD = 6.0  # seconds for which no mail is taken, at most
FEW = (1, 12)  # calls that one fault strikes
ENDPOINTS = (None, "/subscription/status/set", "/users/track", "/subscription/user/status")
HARMS = {"kill": 3, "suspend": 3, "braze": 10, "mailbox": 1, "hooks": 2, "cut": 2}  # how often each
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Monkey:
    """Runs in a thread until stopped; `cuts` are the moments at which the database was gone."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world, self._plan = world, plan
        self._random = random.Random(plan.seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monkey")
        self._timers: list[threading.Timer] = []
        self.done: Counter[str] = Counter()
        self.cuts: list[float] = []
        self.trouble: BaseException | None = None

    def __enter__(self) -> Monkey:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Make everything whole again, and let what was suspended go on."""
        self._stop.set()
        self._thread.join()
        for timer in self._timers:
            timer.join()
        self._world.sandbox.ask("faults/clear", {})
        self._world.sandbox.ask("mailbox", {"mode": "up"})
        self._world.sandbox.ask("hooks", {"copies": 1, "order": "emitted", "delay": 0})

    def _run(self) -> None:
        harms: Mapping[str, Callable[[], str]] = {name: getattr(self, f"_{name}") for name in HARMS}
        names = [name for name in HARMS if name != "cut" or self._is_postgresql]
        try:
            while not self._stop.wait(self._random.uniform(*self._plan.pause)):
                (name,) = self._random.choices(names, [HARMS[name] for name in names])
                self.done[harms[name]()] += 1
        except Exception as error:  # noqa: BLE001 - a thread's error would go unseen
            self.trouble = error

    @property
    def _is_postgresql(self) -> bool:
        return self._world.env["DATABASE_URL"].startswith("postgres")

    def _kill(self) -> str:
        victim = self._victim()
        victim.kill()
        victim.start()
        return f"{_kind(victim)} killed"

    def _suspend(self) -> str:
        """Stop a process for a while; workers for longer than their lease lasts, now and then."""
        victim = self._victim()
        longest = self._plan.lease * 1.5 if victim in self._world.workers else 3.0
        victim.send(signal.SIGSTOP)
        self._later(self._random.uniform(0.2, longest), victim.send, signal.SIGCONT)
        return f"{_kind(victim)} suspended"

    def _later(self, seconds: float, act: Callable[..., object], *words: object) -> None:
        timer = threading.Timer(seconds, act, words)
        timer.start()
        self._timers.append(timer)

    def _victim(self) -> Service:
        return self._random.choice(self._world.services)

    def _cut(self) -> str:
        """End every connection to the database."""
        import psycopg

        with psycopg.connect(self._world.env["DATABASE_URL"], autocommit=True) as connection:
            self.cuts.append(time.time())
            connection.execute(CUT)
        return "database connections cut"

    def _braze(self) -> str:
        fault: dict[str, Any] = self._random.choice(
            [
                {"kind": "status", "status": 429, "seconds": 0.5, "form": self._random.choice(("epoch", "delta"))},
                {"kind": "status", "status": 500},
                {"kind": "status", "status": 503},
                {"kind": "slow", "seconds": self._random.uniform(0.1, 2) * self._plan.timeout},
                {"kind": "latency", "seconds": self._random.uniform(0.1, 2) * self._plan.timeout},
                {"kind": "drop_before"},
                {"kind": "drop_after"},
                {"kind": "drop_after"},
                {"kind": "garbage"},
                {"kind": "late", "seconds": self._plan.latest, "is_random": True},
                {"kind": "late", "seconds": self._plan.latest, "is_random": True},
            ]
        )
        times, endpoint = self._random.randint(*FEW), self._random.choice(ENDPOINTS)
        self._world.sandbox.ask("faults/clear", {})  # or else one that nobody meets holds up the next
        self._world.sandbox.ask("faults", fault | {"times": times, "endpoint": endpoint})
        return f"Braze: {fault.get('status', fault['kind'])}"

    def _mailbox(self) -> str:
        """Have the mail server refuse everything for a while, and not for long: who gets no mail changes nothing."""
        self._world.sandbox.ask("mailbox", {"mode": "dead"})
        self._later(self._random.uniform(1.0, DEAD), self._world.sandbox.ask, "mailbox", {"mode": "up"})
        return "mailbox dead"

    def _hooks(self) -> str:
        order = self._random.choice(("emitted", "reverse", "random"))
        delay = self._random.choice((0, 1.0))
        self._world.sandbox.ask("hooks", {"copies": self._random.randint(1, 2), "order": order, "delay": delay})
        return "hooks late, twice or in another order"


def _kind(service: Service) -> str:
    return service.name.rstrip("0123456789")
