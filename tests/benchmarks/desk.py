"""`python -m tests.benchmarks.desk RECORDS`: how long each page of the admin takes over so many rows, on PostgreSQL.

Every list, each choice of each of its filters, a search, a page of one row, the person's page and the dashboard, as
an auditor opens them; the median of three, in the process, without the network.
"""

from __future__ import annotations

import itertools
import json
import logging
import statistics
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from tests.benchmarks.databases import DATABASES
from tests.benchmarks.processes import environment, run

TIMES = 3
LIMIT = 0.2  # seconds
EMAIL, PHONE = "dana@example.com", "+12025550101"


def main(count: int) -> None:
    """Make the database, open every page, print what each took."""
    with DATABASES["PostgreSQL"]() as made:
        answer = run(
            "-W", "ignore", "-m", "tests.benchmarks.desk", "inside", str(count), env=environment(made.url), stderr=None
        )
    times: dict[str, float] = json.loads(answer.splitlines()[-1])
    for page, seconds in sorted(times.items(), key=lambda one: one[1]):
        print(f"{seconds * 1000:8.1f} ms  {page}")
    slow = sum(seconds > LIMIT for seconds in times.values())
    print(f"{len(times)} pages at {count:,} records; {slow} took longer than {LIMIT * 1000:.0f} ms")


def inside(count: int) -> None:
    """Fill the database that the environment names and open the pages; print JSON: page to seconds."""
    logging.disable()
    fill(count)
    client = _staff()
    print(json.dumps({page: _seconds(client, page) for page in _pages(client)}))


def fill(count: int) -> None:
    """Fill the database that the environment names, PostgreSQL's."""
    import django

    django.setup()
    from django.db import connection

    from tests.benchmarks import filling
    from tests.benchmarks.desk_rows import ROWS

    with connection.cursor() as cursor:
        filling.fill(cursor, ROWS, {"count": count})
    _one_person()


def _one_person() -> None:
    """Add somebody as a sign-up leaves them, who goes on and off sixty times."""
    from django.db import transaction

    from accounts.models import User
    from sms_consent import people, selectors, services
    from sms_consent.choices import Source
    from sms_consent.ledger import Circumstances
    from sms_consent.services import Choice

    User.objects.create_user(EMAIL, phone=PHONE)
    how = Circumstances(ip="192.0.2.7", user_agent="Mozilla/5.0", boxes={"sms": True, "email": True})
    for _ in range(60):
        choices = [
            Choice(it.program, it.disclosure, PHONE if it.program.is_sms else EMAIL) for it in selectors.offers("en")
        ]
        with transaction.atomic():
            people.lock([EMAIL, PHONE])
            services.record_choices(choices, source=Source.SIGN_UP, circumstances=how, proven=True)
        for address in (EMAIL, PHONE):
            services.withdraw(address, source=Source.ADMIN, circumstances=how)


def _staff() -> Any:
    from django.contrib.auth.models import Group
    from django.test import Client

    from accounts.models import User

    client = Client(HTTP_HOST="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.9", HTTP_X_FORWARDED_PROTO="https")
    auditor = User.objects.create_user("auditor@example.com", is_staff=True)
    auditor.groups.set(Group.objects.filter(name="Auditor"))
    client.force_login(auditor)
    return client


def _pages(client: Any) -> Iterator[str]:
    """Yield the path of every page, a search as the list that it leads to."""
    from django.contrib import admin
    from django.urls import reverse

    from accounts.models import User

    yield reverse("admin:index")
    yield from (f"{reverse('desk')}?days={days}" for days in (30, 90, 365))
    yield reverse("admin:sms_consent_program_paths")
    person = User.objects.get(email=EMAIL)
    yield from (reverse(f"admin:accounts_user_{page}", args=[person.pk]) for page in ("change", "print"))
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        path = reverse(f"{name}_changelist")
        answer = client.get(path)
        if answer.status_code != HTTPStatus.OK:  # not an auditor's
            continue
        shown = answer.context_data["cl"]
        choices = [list(spec.choices(shown)) for spec in shown.filter_specs]
        queries = [choice["query_string"] for choice in itertools.chain(*choices)]
        yield from dict.fromkeys([path, f"{path}?p=200", *(f"{path}{query}" for query in queries if query != "?")])
        for text in (EMAIL, PHONE):
            found = client.post(path, {"look_up": text})
            if found.status_code == 302:
                yield found.url
        for row in [*shown.result_list[:1], *model._default_manager.order_by("pk")[:1]]:
            yield reverse(f"{name}_change", args=[row.pk])


def _seconds(client: Any, page: str) -> float:
    from django.db import connection

    taken = []
    for _ in range(TIMES):
        connection.ensure_connection()
        began = time.perf_counter()
        answer = client.get(page)
        taken.append(time.perf_counter() - began)
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{page}: {answer.status_code}")
    return statistics.median(taken)


if __name__ == "__main__":
    step = {"inside": inside, "fill": fill}.get(sys.argv[1], main)
    step(int(sys.argv[-1]))
