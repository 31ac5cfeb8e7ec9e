"""Sending them: by a stranger, by a member and by staff, to a site that has something to show."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.test import Client

from accounts.models import User
from sms_consent import unsubscribe_links
from sms_consent.models import ConsentRecord
from tests.fuzz.requests import Request, requests, routes


def addresses() -> list[str]:
    """Return every address of the site, with keys of what is there put in where it takes some."""
    person = User.objects.exclude(email=None).earliest("pk")
    ids = ConsentRecord.objects.earliest("pk").pk, person.pk, 0, 10**30
    known = [unsubscribe_links.of_person(person.external_id).split("/")[-2], "x", "%00", "START"]
    return sorted({path for route in routes() for path in _filled(route, [str(pk) for pk in ids], known)})


def _filled(route: str, ids: list[str], words: list[str]) -> Iterator[str]:
    """Yield the route with its arguments filled in. Patterns that are regular expressions are Django's catch-alls."""
    if "(?P" in route or "$" in route:
        yield "/admin/nothing/here"
        return
    for value in (*ids, *words) if "<" in route else ("",):
        is_number = "<int:" in route
        if not is_number or value.isdigit():
            yield _put(route, value)


def _put(route: str, value: str) -> str:
    while "<" in route:
        before, _, rest = route.partition("<")
        route = before + value + rest.partition(">")[2]
    return route


def fuzz(clients: list[Client], count: int, seed: int) -> Iterator[tuple[Request, int]]:
    """Send so many requests; yield each with the status that it got."""
    for number, request in enumerate(islice(requests(addresses(), seed), count)):
        yield request, send(clients[number % len(clients)], request)


def send(client: Client, request: Request) -> int:
    """Send one; return its status."""
    answer: Any = client.generic(
        request.method, request.path, request.body, content_type=request.content_type, headers=request.headers
    )
    if answer.streaming:
        list(answer.streaming_content)
    return int(answer.status_code)
