"""Where addresses stand and what Braze was told about them; and the one thing staff may write: an opt-out."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sms_consent import outbox, people
from sms_consent.admin.base import ReadOnlyAdmin, moment, outbox_state
from sms_consent.admin.came_in import list_link
from sms_consent.admin.evidence import ERASED, holders, record_link
from sms_consent.admin.exporting import ExportsLists
from sms_consent.admin.opt_outs import record_opt_out
from sms_consent.admin.searching import SubjectSearch
from sms_consent.admin.timeline import ShowsTimeline
from sms_consent.choices import State
from sms_consent.models import BrazeLine, Subscription

# Endpoints at Braze, by which lines are called. The admin knows Braze by what the worker wrote down only.
SET_STATUS, TRACK, USER_STATUS = "/subscription/status/set", "/users/track", "/subscription/user/status"


class OutboxFilter(admin.SimpleListFilter):
    """Whether Braze has still to be told."""

    title = "what Braze knows"
    parameter_name = "outbox"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the three states a person would ask for."""
        return [
            ("parked", "Parked: Braze refused it"),
            ("due", "Waiting to be sent"),
            ("done", "Nothing left to tell"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the choice."""
        conditions = {
            "parked": Q(parked_at__isnull=False),
            "due": Q(parked_at__isnull=True, due_at__isnull=False),
            "done": Q(parked_at__isnull=True, due_at__isnull=True),
        }
        condition = conditions.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset


class BrazeSaysFilter(admin.SimpleListFilter):
    """Where Braze was last seen to say something else than the ledger."""

    title = "what Braze says"
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both ways of differing."""
        return [
            ("unproven", "Subscribed at Braze without proof here"),
            ("left", "Unsubscribed at Braze, subscribed here"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the choice."""
        seen = {"unproven": State.SUBSCRIBED, "left": State.UNSUBSCRIBED}.get(self.value() or "")
        return queryset.filter(seen_at__isnull=False, seen=seen) if seen else queryset


def stopped_lines(row: Subscription) -> QuerySet[BrazeLine]:
    """Return the stopped lines that hold up what is to be told about a subscription."""
    if row.due_at is None or row.parked_at or row.is_recheck:
        return BrazeLine.objects.none()
    lane = BrazeLine.Lane.OPT_OUTS if _is_opt_out(row) else BrazeLine.Lane.REST
    return BrazeLine.objects.filter(lane=lane, name__in=(row.program.slug, *_endpoints(row))).order_by("name")


def _is_opt_out(row: Subscription) -> bool:
    return row.owes_opt_out or row.state in (State.UNSUBSCRIBED, State.NONE)


def _endpoints(row: Subscription) -> tuple[str, ...]:
    """Name what carries it to Braze. A number is looked up there before the first word, and before it is asked again;
    an email consent travels with its person.
    """
    if _is_opt_out(row):
        return (SET_STATUS,)
    if not row.program.is_sms:
        return (TRACK,)
    needs_a_look = row.looked_at is None or (row.asked > 0 and row.state == State.PENDING)
    return (SET_STATUS, USER_STATUS) if needs_a_look else (SET_STATUS,)


@admin.action(description="Send again to Braze", permissions=["send_again"])
def send_again(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
    """Mark these to be told again. The worker sends; nothing is sent from here."""
    chosen = queryset.count()
    with transaction.atomic():
        marked = outbox.send_again(queryset)
        outbox.wake()
    modeladmin.message_user(request, f"{marked} of {chosen} will be sent again.", messages.SUCCESS)
    if marked < chosen:
        rest = "The rest has nothing to send: no consent, or a request that still waits for the person."
        modeladmin.message_user(request, rest, messages.INFO)


class SendsAgain(ReadOnlyAdmin):
    """Offers “Send again” to whoever has the model's change permission."""

    actions = (send_again,)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may have things sent again."""
        return request.user.has_perm(f"sms_consent.change_{self.opts.model_name}")


@admin.register(Subscription)
class SubscriptionAdmin(ExportsLists, SubjectSearch, ShowsTimeline, SendsAgain):
    """One address and one program a page, with all that the address ever did."""

    change_form_template = "admin/sms_consent/subscription/change_form.html"

    change_list_template = "admin/sms_consent/subscription/change_list.html"
    empty_note = "No address has a history yet."
    list_display = ("address_masked", "program", "stands", "told", "outbox_says")
    list_select_related = ("program",)
    list_filter = (OutboxFilter, BrazeSaysFilter, "program", "state")
    ordering = ("-pk",)
    sortable_by = ()
    fieldsets = (
        (
            None,
            {"fields": ("address_full", "program", "state", "left", "stopped_when", "rests_on", "records", "came_in")},
        ),
        ("Braze", {"fields": ("told", "told_at_utc", "outbox_says", "held_up", "braze_says", "attempts", "asked")}),
        ("Who", {"fields": ("known_as", "subject")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the page for opt-outs."""
        view = self.admin_site.admin_view(record_opt_out)
        own = path("record-opt-out/", view, {"site": self.admin_site}, name="sms_consent_record_opt_out")
        return [own, *super().get_urls()]

    def addresses(self, row: Subscription) -> tuple[str, ...]:
        """Whose it is; none where it was erased."""
        return (row.address,)

    def subjects(self, obj: Subscription) -> list[str]:
        """Whose timeline it is, also where the address was erased."""
        return [obj.subject]

    @admin.display(description="Address")
    def address_masked(self, row: Subscription) -> str:
        """Enough to recognise an address one already knows."""
        return people.mask(row.address) or ERASED

    @admin.display(description="Address")
    def address_full(self, row: Subscription) -> str:
        """In full: opening this page is recorded."""
        return row.address or ERASED

    @admin.display(description="State")
    def stands(self, row: Subscription) -> str:
        """Where it stands, and whether only the handset can opt in again."""
        return f"{row.get_state_display()}{', stopped' if row.stopped_at else ''}"

    @admin.display(description="Told")
    def told_at_utc(self, row: Subscription) -> SafeString | str:
        """When Braze last accepted something about it."""
        return moment(row.told_at)

    @admin.display(description="Left to tell Braze")
    def outbox_says(self, row: Subscription) -> str:
        """Whether Braze has still to be told, or why not."""
        return outbox_state(row)

    @admin.display(description="Stopped lines that it waits for")
    def held_up(self, row: Subscription) -> SafeString | str:
        """Why nothing of it is sent although it is due, and where to look."""
        rows = (
            (reverse("admin:sms_consent_brazeline_change", args=[line.pk]), line, line.reason)
            for line in stopped_lines(row)
        )
        return format_html_join("", '<div><a href="{}">{}</a>: {}</div>', rows) or "None"

    @admin.display(description="What Braze says")
    def braze_says(self, row: Subscription) -> SafeString | str:
        """What it was last seen to say, where that differs."""
        if row.seen_at is None:
            return "Nothing that differs was seen."
        return format_html(
            "{} when seen at {}; it differs from the ledger.", row.get_seen_display(), moment(row.seen_at)
        )

    @admin.display(description="Last opted out")
    def left(self, row: Subscription) -> SafeString | str:
        """The newest opt-out."""
        return moment(row.left_at)

    @admin.display(description="Stopped by the handset")
    def stopped_when(self, row: Subscription) -> SafeString | str:
        """By text, by the carrier or at Braze."""
        return moment(row.stopped_at) if row.stopped_at else "No: any door may opt it in again."

    @admin.display(description="Rests on")
    def rests_on(self, row: Subscription) -> SafeString | str:
        """The record that asked for, or gave, the consent."""
        return record_link(row.request)

    @admin.display(description="Everything it did")
    def records(self, row: Subscription) -> SafeString:
        """Link to its part of the ledger."""
        url = reverse("admin:sms_consent_consentrecord_changelist")
        return format_html('<a href="{}?q={}">Consent records of this address</a>', url, row.subject)

    @admin.display(description="What came in from it")
    def came_in(self, row: Subscription) -> SafeString:
        """Link to its texts, also those that were no act."""
        return list_link(row.subject)

    @admin.display(description="People known by it today")
    def known_as(self, row: Subscription) -> SafeString | str:
        """The consent is the address's; this only helps to find the person."""
        return holders(row.address)
