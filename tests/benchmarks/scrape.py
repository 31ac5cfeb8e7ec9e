"""`python -m tests.benchmarks.scrape RECORDS`: how long /metrics takes over so many rows of each kind, on PostgreSQL.

The median of five, in the process, without the network; then again with every row of the outbox due, as after an
import. Ten years of tallies stand in the table that opt-ins and opt-outs are read from.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import environment, run

TIMES = 5
TOKEN = "benchmark"
TALLIES = """
INSERT INTO sms_consent_tally (day, program_id, act, source, language, count)
SELECT current_date - day, program.id, act, source, language, 100
FROM generate_series(1, 3650) AS day, sms_consent_program AS program,
    unnest(ARRAY['granted', 'requested', 'confirmed', 'withdrawn']) AS act,
    unnest(ARRAY['sign_up', 'phone_form', 'keyword', 'preference_page']) AS source,
    unnest(ARRAY['en', 'es']) AS language
ON CONFLICT DO NOTHING
"""
ALL_DUE = ("UPDATE sms_consent_subscription SET due_at = now()", "UPDATE sms_consent_brazeprofile SET due_at = now()")


def main(count: int) -> None:
    """Make the database, scrape it, print what it took."""
    with DATABASES["PostgreSQL"]() as made:
        env = environment(made.url) | {"METRICS_TOKEN": TOKEN}
        answer = run("-W", "ignore", "-m", "tests.benchmarks.scrape", "inside", str(count), env=env)
    for what, seconds in json.loads(answer.splitlines()[-1]).items():
        print(f"{seconds * 1000:8.1f} ms  {what}")


def inside(count: int) -> None:
    """Fill the database that the environment names and scrape it; print JSON: what to seconds."""
    import django

    django.setup()
    from django.db import connection

    from tests.benchmarks.desk import _fill

    _fill(count)
    with connection.cursor() as cursor:
        cursor.execute(TALLIES)
        cursor.execute("SELECT count(*) FROM sms_consent_tally")
        found = {f"{count:,} of each, one in 1,000 due, {cursor.fetchone()[0]:,} tallies": _seconds()}
        for statement in ALL_DUE:
            cursor.execute(statement)
        cursor.execute("ANALYZE")
    found["the same, all of them due"] = _seconds()
    print(json.dumps(found))


def _seconds() -> float:
    from django.test import Client

    headers = {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1"}
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        assert Client().get("/metrics", headers=headers).status_code == 200
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    (inside if sys.argv[1] == "inside" else main)(int(sys.argv[-1].replace(",", "")))
