"""How many sign-ups a second the site takes over HTTP, beside other ways to take them, and when it has many people.

`python -m tests.benchmarks.sign_ups PEOPLE [DATABASE]`: beside itself with so many people, and with none.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice

from tests.benchmarks import rivals
from tests.benchmarks.databases import DATABASES, Database, MissingError, analyse
from tests.benchmarks.processes import environment, gunicorn, inside, run, sandbox
from tests.benchmarks.report import Figure, of_runs
from tests.benchmarks.visitors import MOST, Browser, Visitor, crowd, strangers

TITLE = "Sign-ups per second"
HOW = """\
{rounds} alternating runs of {seconds:g} s each, the median; in brackets this site's rate as a multiple of that
one. gunicorn -w 2 (sync), production settings, RATE_LIMITS=off; {threads} client threads on the same machine, the
token and hidden fields of one page used again, a new email address and number each, both boxes ticked; only
302 counts. Mails stay in the queue, no worker runs. "Both calls inline": the same sign-up with a post_save
that posts both to a sandbox, in the request and its transaction, over a connection kept open; it leaves out
the statement that marks the person. "Bare view": same form and middleware, one row inserted; no consent, no
evidence, no mail, no outbox. On PostgreSQL each database is analysed before each round, as autovacuum would.
django-newsletter 1.2.1 and django-allauth 65.21.1: their own subscription and sign-up by address alone, mails
dropped, each on such a database of its own, opened in the same way."""
RIVALS = {"django-newsletter": "newsletter", "django-allauth": "allauth"}
WARM_UP = 10  # sign-ups a server


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int = 5
    seconds: float = 3.0
    threads: int = 8


QUICK = Plan(rounds=2, seconds=1.0)


def measure(database: Database, plan: Plan) -> list[Figure]:
    """Return sign-ups per second of each way, on one database that fills up."""
    with _servers(database) as browsers:
        return of_runs(TITLE, database.name, 1, _alternating(browsers, strangers(), plan))


def _alternating(browsers: dict[str, Browser], people: Iterator[Visitor], plan: Plan) -> dict[str, list[float]]:
    runs: dict[str, list[float]] = defaultdict(list)
    for browser in browsers.values():
        for _ in range(WARM_UP):
            browser.sign_up(next(people))
    for _ in range(plan.rounds):
        analyse()
        for label, browser in browsers.items():
            runs[label].append(_rate(browser, people, plan))
    return runs


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
        browsers = {label: Browser(address) for label, address in starting.items()}
        for label, name in RIVALS.items():
            try:
                browsers[label] = running.enter_context(rivals.site(name, database.name))
            except MissingError as error:
                sys.stderr.write(f"{error} ... ")
        yield browsers


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


def _fill(database: Database, count: int) -> None:
    env = environment(database.url)
    if database.name == "PostgreSQL":
        run("-W", "ignore", "-m", "tests.benchmarks.desk", "fill", str(count), env=env, stderr=None)
    else:
        inside("seed", str(count), env=env)


def among(count: int, name: str) -> None:
    """Measure beside so many people and beside none, in turns, and print both."""
    people = islice(crowd(MOST), count, None)
    with DATABASES[name]() as empty, DATABASES[name]() as full, ExitStack() as running:
        _fill(full, count)
        ways = {"none": empty, f"{count:,}": full}
        servers = {label: running.enter_context(gunicorn(environment(it.url))) for label, it in ways.items()}
        browsers = {label: Browser(address) for label, address in servers.items()}
        for figure in of_runs(f"{TITLE} beside", name, 1, _alternating(browsers, people, Plan())):
            print(f"{name}: beside {figure.label} people {figure}; runs: {' '.join(f'{it:.0f}' for it in figure.runs)}")


if __name__ == "__main__":
    among(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "PostgreSQL")
