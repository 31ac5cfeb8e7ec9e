"""`python -m tests.benchmarks.reconcile SUBSCRIPTIONS [DATABASE]`: how long a run takes, and how much memory."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import Any
from urllib.request import Request, urlopen

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.inside import address
from tests.benchmarks.processes import EMAIL_GROUP, KEY, Sandbox, environment, inside, measured, sandbox

ONE_LEFT_OF = 20_000
PER_CALL = 75


def main(count: int, database: str) -> None:
    """Seed both sides, run the command once, print what it said and took."""
    with DATABASES[database]() as made, sandbox() as braze:
        env = environment(made.url, braze=braze.url)
        inside("subscribe", str(count), env=env)
        _tell(braze, count)
        used = measured("reconcile_braze", env=env)
        print(f"{database}: {count:,} subscriptions in {used.seconds:.1f} s, at most {used.memory} MiB")


def _tell(braze: Sandbox, count: int) -> None:
    """Have Braze hold a profile per address, of which a few have left."""
    people = (_person(number) for number in range(count))
    while attributes := list(islice(people, PER_CALL)):
        body = json.dumps({"attributes": attributes}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        urlopen(Request(f"{braze.url}/users/track", body, headers), timeout=30).close()


def _person(number: int) -> dict[str, Any]:
    state = "unsubscribed" if number % ONE_LEFT_OF == 7 else "subscribed"
    group = {"subscription_group_id": EMAIL_GROUP, "subscription_state": state}
    return {"external_id": f"person-{number}", "email": address(number), "subscription_groups": [group]}


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "SQLite")
