"""What must hold when all is quiet again: between people's diaries, the ledger and the fake Braze."""

from __future__ import annotations

import calendar
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.diary import Page

AFTERMATH = 5.0  # seconds for which a cut connection is noticed by whoever had it
ANSWER = re.compile(r"\[(\S+) [^]]*\] (\d+) (\d+) (\w+)")


class Books:
    """The ledger's and Braze's side, by address."""

    def __init__(self, books: Mapping[str, Any], braze: Mapping[str, Any]) -> None:
        self.rows: list[list[str]] = books["rows"]
        self.people: dict[str, list[str]] = books["people"]
        self.email_groups: list[str] = books["emails"]
        self.records: int = books["records"]
        self.profiles: list[dict[str, Any]] = braze["profiles"]
        self.state = {row[0]: row[2] for row in self.rows}
        self.at_braze: dict[tuple[str, str], set[str]] = {}
        for address, key, state in self._said(braze):
            self.at_braze.setdefault((address, key), set()).add(state.lower())

    @property
    def in_the_end(self) -> Counter[str]:
        """How many addresses stand where, by channel."""
        return Counter(f"{'email' if '@' in row[0] else 'number'} {row[2]}" for row in self.rows)

    def _said(self, braze: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield what Braze says of each address, whether somebody holds it or it is kept for whoever will."""
        for one in self.profiles:
            for group, state in one["states"].items():
                yield one["email" if group in self.email_groups else "phone"] or one["external_id"], group, state
            if one["email"]:
                yield one["email"], "email_subscribe", one["email_subscribe"]
        for parked in braze["parked"]:
            yield parked["address"], parked["key"], parked["state"]


def violations(books: Books, pages: Iterable[Page]) -> Iterator[str]:
    """Yield what is wrong, in words; nothing if all is as it must be."""
    yield from _diaries(books, pages)
    yield from _copies(books)
    yield from _unknown_to_us(books)
    yield from _profiles(books)


def _diaries(books: Books, pages: Iterable[Page]) -> Iterator[str]:
    for page in pages:
        state = books.state.get(page.address, "none")
        if state not in page.states:
            kind = "CONSENT LOST" if page.states == {"subscribed"} else "wrong"
            kind = "OPT-OUT LOST" if "subscribed" not in page.states and state == "subscribed" else kind
            yield f"{kind}: {page.address} did {', '.join(page.acts)}, and is {state} in the ledger"


def _copies(books: Books) -> Iterator[str]:
    """The rows against their records, and Braze against the rows."""
    for address, group, state, folded in books.rows:
        if state != folded:
            yield f"{address}: the row says {state}, its records {folded}"
        said = books.at_braze.get((address, group), set())
        if state != "subscribed" and "subscribed" in said:
            yield f"SUBSCRIBED AT BRAZE: {address} is {state} in the ledger"
        elif state == "subscribed" and said != {"subscribed"}:
            yield f"not subscribed at Braze: {address} is {state} in the ledger, {said or 'unknown'} there"
        if "@" in address and state in ("subscribed", "unsubscribed"):
            expected = {"subscribed": "opted_in", "unsubscribed": "unsubscribed"}[state]
            is_global = books.at_braze.get((address, "email_subscribe"), {expected})
            if is_global != {expected}:
                yield f"{address} is {state} in the ledger, {is_global} in general at Braze"


def _unknown_to_us(books: Books) -> Iterator[str]:
    for (address, group), said in books.at_braze.items():
        if "subscribed" in said and group != "email_subscribe" and address not in books.state:
            yield f"SUBSCRIBED AT BRAZE: nobody here knows {address}"


def _profiles(books: Books) -> Iterator[str]:
    """Addresses that Braze has and that are not, or no longer, the person's here."""
    for one in books.profiles:
        email, phone = books.people.get(one["external_id"], [None, None])
        if one["external_id"] and (one["email"] not in (None, email) or one["phone"] not in (None, phone)):
            yield f"Braze has {one['email']} {one['phone']} for whom we know as {email} {phone}"


def by_status(logs: Iterable[Path]) -> Counter[str]:
    """Count what the site answered, to people and hooks alike."""
    return Counter(f"{status}" for _, _, status in _answers(logs))


def errors(logs: Iterable[Path], cuts: Sequence[float]) -> tuple[int, int]:
    """Return how many 5xx were answered while the database was away, and how many otherwise."""
    found = [(began, ended) for began, ended, status in _answers(logs) if status >= 500]
    excused = sum(any(began - AFTERMATH <= cut <= ended + 1 for cut in cuts) for began, ended in found)
    return excused, len(found) - excused


def _answers(logs: Iterable[Path]) -> Iterator[tuple[float, float, int]]:
    for log in logs:
        for line in log.read_text().splitlines():
            if found := ANSWER.match(line):
                ended = calendar.timegm(time.strptime(found[1], "%d/%b/%Y:%H:%M:%S"))
                yield ended - int(found[2]) / 1e6, ended, int(found[3])
