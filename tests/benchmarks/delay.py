"""How long after a sign-up's commit Braze hears of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from tests.benchmarks.databases import Database
from tests.benchmarks.processes import Sandbox, environment, gunicorn, sandbox, worker
from tests.benchmarks.report import Figure
from tests.benchmarks.visitors import Answer, Browser, strangers

TITLE = "From sign-up to Braze, {:g} sign-ups a second"
HOW = """\
gunicorn -w 2, `manage.py sync_braze` and a sandbox that answers at once and records, each a real process;
sign-ups at a steady pace ({plan}), started on the clock
whether or not those before were answered. First call: the sandbox's time of the first status/set or track call
that names the person, minus the time when the sign-up's answer began to arrive (the
commit comes just before it, so this may be negative) or its request was sent. Both calls: until the later of
the two was answered. Everybody is waited for; whoever never arrives is an error."""
CLIENTS = 16
POLL = 0.25  # seconds
LAST_CALL = 30.0
STATUS, TRACK = "/subscription/status/set", "/users/track"


@dataclass(frozen=True)
class Plan:
    """Sign-ups a second, and for how many seconds."""

    paces: tuple[tuple[int, int], ...] = ((20, 20), (50, 10))

    def __str__(self) -> str:
        """In words."""
        return ", ".join(f"{pace} a second for {seconds} s" for pace, seconds in self.paces)


QUICK = Plan(((20, 4),))


@dataclass
class Watcher:
    """Reads the sandbox's calls while they come: when each number was first named, by path."""

    braze: Sandbox
    revision: int = 0
    begun: dict[tuple[str, str], float] = field(default_factory=dict)
    ended: dict[tuple[str, str], float] = field(default_factory=dict)

    def look(self) -> None:
        """Take in what is new. The sandbox gives at most 200 calls at a time."""
        for call in self.braze.ask(f"calls?since={self.revision}"):
            self.revision = max(self.revision, call["revision"])
            for phone in _phones(call):
                key = call["path"], phone
                self.begun[key] = min(call["at"], self.begun.get(key, call["at"]))
                if call["status"] == 201:
                    self.ended.setdefault(key, call["at"] + call["seconds"])

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look every now and then, in a thread."""
        stop = threading.Event()
        thread = threading.Thread(target=lambda: [self.look() for _ in iter(lambda: stop.wait(POLL), True)])
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def arrival(self, phone: str) -> tuple[float, float]:
        """Return when the first call for a number came, and when both were answered; KeyError if not yet."""
        first = min(self.begun[STATUS, phone], self.begun[TRACK, phone])
        return first, max(self.ended[STATUS, phone], self.ended[TRACK, phone])


def _phones(call: dict[str, Any]) -> list[str]:
    body = call["body"] or {}
    if call["path"] == STATUS:
        phone = body.get("phone", [])
        return [phone] if isinstance(phone, str) else phone
    return [one["phone"] for one in body.get("attributes", []) if one.get("phone")]


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return the delays at each pace."""
    people = strangers()
    figures = []
    with sandbox(keep_calls=5000) as braze:
        env = environment(database.url, braze=braze.url)
        with gunicorn(env) as address, worker(env):
            browser = Browser(address)
            for _ in range(20):
                browser.sign_up(next(people))
            for pace, seconds in plan.paces:
                figures += _at(pace, seconds, browser, people, Watcher(braze), database)
    return figures


def _at(pace: int, seconds: int, browser: Browser, people: Any, watcher: Watcher, database: Database) -> list[Figure]:
    with watcher.watching():
        started = time.time()
        answers = _sign_up_steadily(browser, people, pace, pace * seconds)
        lasted = max(one.answered_at for one in answers) - started
        _wait_for(answers, watcher)
    title = TITLE.format(pace)
    arrivals = [(one, *watcher.arrival(one.visitor.phone)) for one in answers]
    delays = {
        "first call, after the answer": [first - one.answered_at for one, first, _ in arrivals],
        "first call, after the request": [first - one.sent_at for one, first, _ in arrivals],
        "both calls accepted, after the answer": [both - one.answered_at for one, _, both in arrivals],
        "the site's answer, after the request": [one.answered_at - one.sent_at for one in answers],
    }
    achieved = Figure(title, "sign-ups answered per second", database.name, len(answers) / lasted, "/s")
    return [
        achieved,
        *(one for label, values in delays.items() for one in _spread(title, label, database, values)),
    ]


def _spread(title: str, label: str, database: Database, seconds: list[float]) -> list[Figure]:
    cuts = quantiles([1000 * one for one in seconds], n=100, method="inclusive")
    points = {"p50": cuts[49], "p95": cuts[94], "max": 1000 * max(seconds)}
    return [Figure(title, f"{label}: {name}", database.name, value, " ms") for name, value in points.items()]


def _sign_up_steadily(browser: Browser, people: Any, pace: int, count: int) -> list[Answer]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        started, sent = time.perf_counter(), []
        for number in range(count):
            time.sleep(max(0.0, started + number / pace - time.perf_counter()))
            sent.append(pool.submit(browser.sign_up, next(people)))
        return [one.result() for one in sent]


def _wait_for(answers: list[Answer], watcher: Watcher) -> None:
    until = time.monotonic() + LAST_CALL
    wanted = {(path, one.visitor.phone) for one in answers for path in (STATUS, TRACK)}
    while missing := wanted - set(watcher.ended):
        if time.monotonic() > until:
            raise RuntimeError(f"{len(missing)} calls never came")
        time.sleep(POLL)
