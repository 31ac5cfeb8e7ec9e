"""`python -m tests.benchmarks.cost [DATABASE] [COUNT]`: what one sign-up takes of processors, and how many statements.

Where a machine is shared, rates scatter more than processor time does. One process, no sockets: Django's test client
posts the form, both boxes ticked, a new address and number each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import environment, run
from tests.benchmarks.visitors import FORWARDED_FOR, Visitor, hidden_fields, strangers

WARM_UP = 30


def inside(count: int) -> dict[str, float]:
    """Take so many sign-ups within the site; return milliseconds for each, ours and the database server's."""
    import django

    django.setup()
    import logging

    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    logging.disable(logging.INFO)  # a line for each would be all that is seen
    client = Client(headers={"host": "127.0.0.1", "x-forwarded-proto": "https", "x-forwarded-for": FORWARDED_FOR})
    fields = hidden_fields(client.get("/").content.decode()) | {"program_sms": "on", "program_email": "on"}
    people = strangers()
    _post(client, fields, islice(people, WARM_UP))
    with CaptureQueriesContext(connection) as caught:
        _post(client, fields, islice(people, 1))
    statements = len(caught)  # later requests empty the log
    ours, servers = time.process_time(), _used(connection)
    _post(client, fields, islice(people, count))
    ours, servers = time.process_time() - ours, _used(connection) - servers
    return {"statements": statements, "ours": ours * 1000 / count, "server's": servers * 1000 / count}


def _post(client: Any, fields: dict[str, str], people: Iterator[Visitor]) -> None:
    for one in people:
        answer = client.post("/", fields | {"email": one.email, "phone": one.phone})
        if answer.status_code != 302:
            raise RuntimeError(f"a sign-up was not taken: {answer.status_code}")


def _used(connection: Any) -> float:
    """Return the processor time that the server's process for us has taken; SQLite has none."""
    if connection.vendor != "postgresql":
        return 0.0
    process = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(process.read_text().split()[0]) / 1e9


def main(name: str = "PostgreSQL", count: str = "400") -> None:
    """Measure on a new database of this kind, and print it."""
    with DATABASES[name]() as database:
        said = run("-W", "ignore", "-m", "tests.benchmarks.cost", "inside", count, env=environment(database.url))
    print(f"{name}: {', '.join(f'{what} {it:.3g}' for what, it in json.loads(said.splitlines()[-1]).items())}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(inside(int(sys.argv[2]))))
    else:
        main(*sys.argv[1:])
