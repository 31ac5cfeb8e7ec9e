"""The numbers of the dashboard. What happened is read from the tallies, never counted from the records; what is
waiting now from partial indexes, and counted no further than is useful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from sms_consent import outbox
from sms_consent.admin.base import COUNTED_AT_MOST
from sms_consent.choices import Act, Source
from sms_consent.models import BrazeLine, ConsentRecord, InboundMessage, Program, Seal, SealedRecord, Tally

IN, OUT = "in", "out"
KINDS: Mapping[str, str] = {Act.GRANTED: IN, Act.CONFIRMED: IN, Act.WITHDRAWN: OUT, Act.INVALIDATED: OUT}
NEWEST = 1_000
A_WEEK = timedelta(days=7)


@dataclass
class Group:
    """Opt-ins and opt-outs of one day, door, program or language."""

    name: str
    ins: int = 0
    outs: int = 0


@dataclass
class Completion:
    """What became of the requests to one program, by when each act was written down."""

    name: str
    asked: int = 0
    confirmed: int = 0
    lapsed: int = 0
    taken_back: int = 0

    @property
    def share(self) -> str:
        """Confirmations per request; of a short time it can exceed all of them, for requests come before."""
        return f"{self.confirmed / self.asked:.0%}" if self.asked else "–"


@dataclass
class Acts:
    """What happened in some days: UTC days, by when it was written down. Imports stand apart."""

    first: date
    last: date
    days: list[Group] = field(default_factory=list)
    doors: list[Group] = field(default_factory=list)
    programs: list[Group] = field(default_factory=list)
    languages: list[Group] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
    asked_at: list[Group] = field(default_factory=list)
    imported: Group = field(default_factory=lambda: Group("Imported"))

    @property
    def ins(self) -> int:
        """All opt-ins."""
        return sum(group.ins for group in self.days)

    @property
    def outs(self) -> int:
        """All opt-outs."""
        return sum(group.outs for group in self.days)


def acts(days: int) -> Acts:
    """Return what happened in the last so many days, today included. Three queries."""
    last = timezone.now().date()
    found = Acts(last - timedelta(days=days - 1), last)
    tallies = Tally.objects.filter(day__gte=found.first, day__lte=last)
    by_day = tallies.exclude(source=Source.IMPORT).filter(act__in=KINDS).values("day", "act").annotate(n=Sum("count"))
    rows = list(tallies.values("source", "program", "language", "act").annotate(n=Sum("count")))
    own = [row for row in rows if row["source"] != Source.IMPORT]
    names = _program_names()
    found.days = _every_day(found.first, days, _grouped(list(by_day), lambda row: row["day"].isoformat()))
    found.doors = _sorted(_grouped(own, lambda row: Source(row["source"]).label))
    found.programs = _sorted(_grouped(own, lambda row: names[row["program"]]))
    found.languages = _sorted(_grouped(own, lambda row: _language(row["language"])))
    found.completions = _completions(own, names)
    found.asked_at = _asked_at(own)
    imports = [row for row in rows if row["source"] == Source.IMPORT]
    found.imported = _grouped(imports, lambda row: "Imported").get("Imported", found.imported)
    return found


def _grouped(rows: list[dict[str, Any]], name: Callable[[dict[str, Any]], str]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for row in rows:
        if kind := KINDS.get(row["act"]):
            group = groups.setdefault(name(row), Group(name(row)))
            group.ins += row["n"] if kind == IN else 0
            group.outs += row["n"] if kind == OUT else 0
    return groups


def _program_names() -> dict[int, str]:
    """Return what programs are called; those of one name with their slugs, or they would be counted as one."""
    programs = list(Program.objects.values_list("pk", "name", "slug"))
    common = Counter(name for _, name, _ in programs)
    return {pk: f"{name} ({slug})" if common[name] > 1 else name for pk, name, slug in programs}


def _every_day(first: date, days: int, groups: Mapping[str, Group]) -> list[Group]:
    names = [(first + timedelta(days=number)).isoformat() for number in range(days)]
    return [groups.get(name) or Group(name) for name in names]


def _sorted(groups: Mapping[str, Group]) -> list[Group]:
    return sorted(groups.values(), key=lambda group: (-group.ins, -group.outs, group.name))


def _language(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code)) if code else "No words shown"


def _completions(rows: list[dict[str, Any]], names: Mapping[int, str]) -> list[Completion]:
    """By program and not by door: a confirmation's own door is the mail or the text that confirmed."""
    counts: Counter[tuple[int, str]] = Counter()
    for row in rows:
        counts[row["program"], row["act"]] += row["n"]
    every = [
        Completion(name, *(counts[pk, act] for act in (Act.REQUESTED, Act.CONFIRMED, Act.EXPIRED, Act.INVALIDATED)))
        for pk, name in names.items()
    ]
    return [one for one in every if one.asked or one.confirmed]


def _asked_at(rows: list[dict[str, Any]]) -> list[Group]:
    counts: Counter[str] = Counter()
    for row in rows:
        if row["act"] == Act.REQUESTED:
            counts[Source(row["source"]).label] += row["n"]
    return [Group(name, ins=count) for name, count in counts.most_common()]


@dataclass(frozen=True)
class Live:
    """What is waiting now. Counts of COUNTED_AT_MOST mean: so many or more."""

    due: int
    failed: int
    parked: int
    waiting_since: datetime | None
    lines: int
    unmatched: int
    week_ago: datetime
    not_understood: int
    seal: Seal | None
    unsealed: int

    @property
    def waiting(self) -> int:
        """How many wait for Braze: to be told now, or to be tried again."""
        return self.due + self.failed


def live() -> Live:
    """Return it. Each count reads a partial index, or the newest rows only."""
    week_ago = timezone.now() - A_WEEK
    return Live(
        due=outbox.due_now(COUNTED_AT_MOST),
        failed=outbox.failed(COUNTED_AT_MOST),
        parked=outbox.parked(COUNTED_AT_MOST),
        waiting_since=outbox.waiting_since(),
        lines=BrazeLine.objects.count(),
        unmatched=InboundMessage.objects.filter(needs_review=True)[:COUNTED_AT_MOST].count(),
        week_ago=week_ago,
        not_understood=_not_understood(week_ago),
        seal=Seal.objects.first(),
        unsealed=_unsealed(),
    )


def _not_understood(since: datetime) -> int:
    """Return how many of the NEWEST texts that nothing was made of came since then, for a person to read or not."""
    texts = InboundMessage.objects.filter(kind=InboundMessage.Kind.TEXT, outcome=InboundMessage.Outcome.UNKNOWN)
    newest = texts.order_by("-id").values_list("received_at", flat=True)[:NEWEST]
    return sum(at >= since for at in newest)


def _unsealed() -> int:
    """Return how many of the NEWEST records no seal covers yet: all of them, unless sealing has not run for long."""
    newest = list(ConsentRecord.objects.order_by("-id").values_list("id", flat=True)[:NEWEST])
    return len(newest) - SealedRecord.objects.filter(record__in=newest).count()
