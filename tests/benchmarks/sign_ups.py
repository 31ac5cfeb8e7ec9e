"""How many sign-ups a second the site takes over HTTP, beside two other ways to take them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.benchmarks.databases import Database
from tests.benchmarks.processes import environment, gunicorn, sandbox
from tests.benchmarks.report import Figure, of_runs
from tests.benchmarks.visitors import Browser, Visitor, strangers

TITLE = "Sign-ups per second"
HOW = """\
{rounds} alternating runs of {seconds:g} s each, the median; in brackets this site's rate as a multiple of that
one. gunicorn -w 2 (sync), production settings, RATE_LIMITS=off; {threads} client threads on the same machine, the
token and hidden fields of one page used again, a new email address and number each, both boxes ticked; only
302 counts. Mails stay in the queue, no worker runs. "Both calls inline": the same sign-up with a post_save
that posts both to a sandbox, in the request and its transaction, over a connection kept open; it leaves out
the statement that marks the person. "Bare view": same form and middleware, one row inserted; no consent, no
evidence, no mail, no outbox."""
WARM_UP = 10  # sign-ups a server


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int = 3
    seconds: float = 3.0
    threads: int = 8


QUICK = Plan(rounds=2, seconds=1.0)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return sign-ups per second of each way, on one database that fills up."""
    runs: dict[str, list[float]] = defaultdict(list)
    people = strangers()
    with _servers(database) as browsers:
        for browser in browsers.values():
            for _ in range(WARM_UP):
                browser.sign_up(next(people))
        for _ in range(plan.rounds):
            for label, browser in browsers.items():
                runs[label].append(_rate(browser, people, plan))
    return of_runs(TITLE, database.name, 1, runs)


@contextmanager
def _servers(database: Database) -> Iterator[dict[str, Browser]]:
    with ExitStack() as running:
        prompt = running.enter_context(sandbox()).url
        slow = running.enter_context(sandbox(latency_ms=50)).url
        ways = {
            "this site": environment(database.url),
            "both calls inline, Braze answers at once": _variant(database, "inline", prompt),
            "both calls inline, Braze takes 50 ms": _variant(database, "inline", slow),
            "bare view": _variant(database, "bare", prompt),
        }
        starting = {label: running.enter_context(gunicorn(env)) for label, env in ways.items()}
        yield {label: Browser(address) for label, address in starting.items()}


def _variant(database: Database, name: str, braze: str) -> dict[str, str]:
    return environment(database.url, braze=braze, settings=f"variants.{name}_settings")


def _rate(browser: Browser, people: Iterator[Visitor], plan: Plan) -> float:
    """Return the sign-ups answered per second, all threads together, until the last one's answer."""
    started = time.perf_counter()
    until = started + plan.seconds

    def visit(_: int) -> int:
        done = 0
        while time.perf_counter() < until:
            browser.sign_up(next(people))
            done += 1
        return done

    with ThreadPoolExecutor(plan.threads) as pool:
        done = sum(pool.map(visit, range(plan.threads)))
    return done / (time.perf_counter() - started)
