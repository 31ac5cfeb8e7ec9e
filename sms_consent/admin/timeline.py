"""What somebody's addresses did, newest first, where they stand now and what Braze was told: on one page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from sms_consent import people
from sms_consent.admin import evidence
from sms_consent.admin.base import ConsentAdmin, moment, outbox_state
from sms_consent.choices import Act, State
from sms_consent.models import ConsentRecord, Subscription

LONGEST = 200
STEPS = {Act.REQUESTED: "Asked", Act.CONFIRMED: "Confirmed", Act.EXPIRED: "Lapsed", Act.INVALIDATED: "Taken back"}


@dataclass(frozen=True)
class Step:
    """One of the two steps of a double opt-in: when, and from where (DOI-6)."""

    record: ConsentRecord

    @property
    def name(self) -> str:
        """Which of the two it is."""
        return STEPS.get(Act(self.record.act), self.record.get_act_display())

    @property
    def when(self) -> SafeString | str:
        """By the provider's clock where there is one."""
        return moment(self.record.occurred_at)

    @property
    def link(self) -> str:
        """The record's own page."""
        return record_url(self.record)

    @cached_property
    def origin(self) -> str:
        """From which IP address, or by which text; or that this was erased, or that nobody did anything."""
        payload = evidence.proof_of(self.record).payload
        if not payload:
            return evidence.ERASED
        said = f"by the text “{payload['body']}”" if payload.get("body") else ""
        seen = f"from {payload['ip']}" if payload.get("ip") else ""
        reported = f"{payload.get('provider', '')} {payload.get('provider_id', '')}".strip()
        return ", ".join(filter(None, (said, seen, reported))) or evidence.where(self.record)


@dataclass(frozen=True)
class Entry:
    """One act. `words` is the disclosure as it was shown, ready to be put on a page; empty if there was none."""

    record: ConsentRecord
    words: str

    @cached_property
    def proof(self) -> evidence.Proof:
        """What the record rests on."""
        return evidence.proof_of(self.record)

    @property
    def when(self) -> SafeString | str:
        """By the provider's clock where there is one."""
        return moment(self.record.occurred_at)

    @property
    def link(self) -> str:
        """The record's own page."""
        return record_url(self.record)

    @property
    def deed(self) -> str:
        """What was done, in plain words, without the address."""
        said = evidence.deed(self.record)
        return f"{said[:1].upper()}{said[1:]}"

    @property
    def where(self) -> str:
        """At which door."""
        return evidence.where(self.record)

    @property
    def acted(self) -> str:
        """Who is known to have acted."""
        return evidence.who_acted(self.record)

    @property
    def circumstances(self) -> SafeString | str:
        """IP address, browser, page and so on."""
        return evidence.pairs(self.proof.payload)

    @property
    def boxes(self) -> SafeString | str:
        """Which boxes were ticked."""
        return evidence.boxes(self.proof.payload)

    @cached_property
    def steps(self) -> list[Step]:
        """Both steps of a double opt-in, the request first; only that one while nobody has answered."""
        if self.record.act == Act.REQUESTED:
            answers = sorted(self.record.answers.all(), key=lambda answer: answer.pk)
            return [Step(self.record), *map(Step, answers)]
        if self.record.request:
            return [Step(self.record.request), Step(self.record)]
        return []


@dataclass(frozen=True)
class Place:
    """Where one address stands on one program, and what Braze knows of it."""

    row: Subscription

    @property
    def address(self) -> str:
        """Enough to tell the person's addresses apart."""
        return people.mask(self.row.address) or evidence.ERASED

    @property
    def stands(self) -> str:
        """The state, and whether only the handset can opt in again."""
        return f"{self.row.get_state_display()}{', stopped by the handset' if self.row.stopped_at else ''}"

    @property
    def since(self) -> SafeString | str:
        """When that began: the opt-out, or the act that the consent rests on."""
        if self.row.state == State.UNSUBSCRIBED:
            return moment(self.row.stopped_at or self.row.left_at)
        return moment(self.row.request.occurred_at if self.row.request else None)

    @property
    def told(self) -> SafeString | str:
        """When Braze last accepted something about it."""
        return moment(self.row.told_at)

    @property
    def left_to_tell(self) -> str:
        """Whether Braze has still to be told, or why it refuses."""
        return outbox_state(self.row)


@dataclass(frozen=True)
class Timeline:
    """All of it. `subjects` are the keyed hashes of the addresses; the two lists cost three queries, however long."""

    subjects: Collection[str]

    @cached_property
    def entries(self) -> list[Entry]:
        """The newest acts, newest first, at most LONGEST."""
        answers = ConsentRecord.objects.select_related("program", "evidence")
        records = (
            ConsentRecord.objects.filter(subject__in=self.subjects)
            .select_related("program", "evidence", "disclosure__program", "request__program", "request__evidence")
            .prefetch_related(Prefetch("answers", answers))
            .order_by("-occurred_at", "-id")[:LONGEST]
        )
        return _entries(list(records))

    @property
    def is_cut(self) -> bool:
        """Whether there may be older acts than are shown."""
        return len(self.entries) == LONGEST

    @cached_property
    def places(self) -> list[Place]:
        """Where each address stands on each program that it ever had to do with."""
        rows = Subscription.objects.filter(subject__in=self.subjects).select_related("program", "request")
        return [Place(row) for row in rows.order_by("program__position", "program_id", "pk")]


def record_url(record: ConsentRecord) -> str:
    """Return the path of a record's page."""
    return reverse("admin:sms_consent_consentrecord_change", args=[record.pk])


def _entries(records: Sequence[ConsentRecord]) -> list[Entry]:
    words = evidence.words_shown(records)
    return [Entry(record, words.get(record.disclosure_id, "")) for record in records]


class ShowsTimeline(ConsentAdmin):
    """A page that ends with the timeline, for staff who may read the ledger."""

    class Media:
        css = {"all": ("css/desk.css",)}  # noqa: RUF012 - Django's own way to say it

    def subjects(self, obj: Any) -> Collection[str]:
        """Return the keyed hashes of the addresses that the page is about."""
        return [people.subject(address) for address in self.addresses(obj) if address]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Hand the page its timeline."""
        if request.user.has_perm("sms_consent.view_consentrecord"):
            context["timeline"] = Timeline(self.subjects(context["original"]))
        return super().render_change_form(request, context, *args, **kwargs)
