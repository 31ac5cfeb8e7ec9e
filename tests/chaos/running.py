"""One run: harm while people act, then quiet, then the accounts."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.benchmarks.processes import ROOT, run
from tests.benchmarks.visitors import fictional_numbers
from tests.chaos import checks
from tests.chaos.monkey import Monkey
from tests.chaos.people import Person, Town
from tests.chaos.plan import Plan
from tests.chaos.post import Post
from tests.chaos.processes import World, world

NOT_UP_YET = -signal.SIGTERM  # it was started a moment before, and was told to stop while it still read its settings
ADDRESS = re.compile(r"\+\d{8,}|[\w.]+@[\w.]+\w|[0-9a-f-]{36}")  # or the external_id of who has none
PATIENCE = 180.0  # seconds for all to become quiet, beside what is to be said again later


@dataclass
class Outcome:
    """What there was, what was wrong, and what is known of the addresses that it was about."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)


def chaos(database_url: str, plan: Plan) -> Outcome:
    """Run it on an empty site's database."""
    with tempfile.TemporaryDirectory(prefix="optin-chaos-") as folder, ExitStack() as stack:
        there = stack.enter_context(world(database_url, plan, Path(folder)))
        _wait_for(there)
        post = stack.enter_context(Post(there.sandbox))
        town = Town(there.url, there.sandbox, post, fictional_numbers())
        with Monkey(there, plan) as monkey:
            people, troubles = _live(town, plan)
        said = troubles + _calm_down(there, plan)
        return _accounts(there, town, people, monkey, said)


def _wait_for(there: World) -> None:
    """Wait until the site serves: harm that comes before it harms nothing."""
    with urlopen(f"{there.url}/readyz", timeout=PATIENCE) as answer:
        answer.read()


def _live(town: Town, plan: Plan) -> tuple[list[Person], list[str]]:
    """Have people act, each in one of the threads, until the time is up; new ones come evenly over the whole of it.

    Return them, and what kept any thread from going on: whoever acts no more proves nothing.
    """
    random.Random(plan.seed).shuffle(town.numbers)
    until = time.monotonic() + plan.seconds
    shares: list[list[Person]] = [[] for _ in range(plan.clients)]
    with ThreadPoolExecutor(plan.clients) as threads:
        acting = [threads.submit(_act, town, plan, number, until, share) for number, share in enumerate(shares)]
    troubles = [f"somebody could not go on: {trouble!r}" for one in acting if (trouble := one.exception())]
    return [person for share in shares for person in share], troubles


def _act(town: Town, plan: Plan, number: int, until: float, people: list[Person]) -> None:
    chance, most, began = random.Random(plan.seed * 1000 + number), -(-plan.people // plan.clients), time.monotonic()
    while (now := time.monotonic()) < until:
        due = most * min(1.0, 1.25 * (now - began) / (until - began))
        free = [person for person in people if person.free_at <= time.time()]
        if len(people) < due and (not free or chance.random() < 0.5):
            people.append(Person(town, number + plan.clients * len(people), chance))
            people[-1].act()
        elif free:
            chance.choice(free).act()
        else:
            time.sleep(0.05)


def _calm_down(there: World, plan: Plan) -> list[str]:
    """Start what was harmed anew and wait until nothing is left to be told; return what went wrong with that."""
    statuses = {service.name: service.stop() for service in there.services if service not in there.web}
    for service in there.services:
        if service not in there.web:
            service.start()
    inside(there, "hurry")
    until = time.monotonic() + PATIENCE + plan.recheck * 3
    while (left := _unsettled(there)) and time.monotonic() < until:
        time.sleep(0.5)
    for service in there.workers:
        service.stop()
    return [
        *(
            f"{name} ended with {status} when asked to"
            for name, status in statuses.items()
            if status not in (0, NOT_UP_YET)
        ),
        *([f"never quiet: {left}"] if left else []),
        *_fails(there, "sync_braze", "--once"),
        *_fails(there, "seal_ledger"),
        *_fails(there, "verify_ledger"),
    ]


def _unsettled(there: World) -> dict[str, int]:
    """Look at Braze first: what it has not applied or told yet makes more work for the site."""
    pending = there.sandbox.ask("state?since=999999999")["pending"]
    hooks = there.sandbox.ask("hooks/flush", {"timeout": 5})["waiting"]
    left: dict[str, int] = inside(there, "unsettled")
    return left | {name: count for name, count in (("pending", pending), ("hooks", hooks)) if count}


def _fails(there: World, *command: str) -> Iterator[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], env=there.env, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        yield f"{' '.join(command)} exits {done.returncode}: {(done.stdout + done.stderr)[-500:].strip()}"


def inside(there: World, step: str, *arguments: str) -> Any:
    """Run a step of `inside.py` within the site."""
    said = run("-W", "ignore", "-m", "tests.chaos.inside", step, *arguments, env=there.env)
    return json.loads(said.splitlines()[-1])


def _accounts(there: World, town: Town, people: Sequence[Person], monkey: Monkey, wrong: list[str]) -> Outcome:
    books = checks.Books(inside(there, "books"), there.sandbox.ask("people"))
    pages = [page for person in people for page in person.diary.pages.values()]
    wrong = wrong + list(checks.violations(books, pages))
    excused, errors = checks.errors(there.access_logs, monkey.cuts)
    answers = checks.by_status(there.access_logs)
    if not answers:
        wrong.append("nothing was written down of what was served")
    if errors:
        wrong.append(f"{errors} errors (5xx) were served while the database was there")
    troubles = {"monkey": monkey.trouble, "post": town.post.trouble}
    wrong += [f"the {name} itself failed: {trouble!r}" for name, trouble in troubles.items() if trouble]
    counts = {"people": len(people), "addresses": len(pages), "consent records": books.records}
    counts |= {f"acts: {name}": count for name, count in sorted(town.done.items())}
    counts |= {f"harm: {name}": count for name, count in sorted(monkey.done.items())}
    counts |= {f"answered {status}": n for status, n in sorted(answers.items())}
    counts |= {"errors while the database was away": excused, "requests without an answer": town.lost}
    counts |= {f"{state} in the end": n for state, n in sorted(books.in_the_end.items())}
    addresses = {address for line in wrong for address in ADDRESS.findall(line)}
    did = [f"{page.address} did {', '.join(page.acts)}" for page in pages if page.address in addresses]
    return Outcome(counts | {"violations": len(wrong)}, wrong, did + inside(there, "histories", *sorted(addresses)))
