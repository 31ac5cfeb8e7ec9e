"""What Braze last accepted about people, and the lines to it that have stopped."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sms_consent import outbox, people
from sms_consent.admin.base import ReadOnlyAdmin, minute, moment, outbox_state
from sms_consent.admin.searching import FOUND_AT_MOST, AddressSearch
from sms_consent.admin.subscriptions import OutboxFilter, SendsAgain
from sms_consent.models import BrazeLine, BrazeProfile, GlobalEmail, Program


def at_braze(profile: BrazeProfile) -> list[str]:
    """Return the addresses of a person that Braze last took: email and phone, empty where it took none."""
    return [str(profile.accepted.get(name) or "") for name in ("email", "phone")]


@admin.register(BrazeProfile)
class BrazeProfileAdmin(AddressSearch, SendsAgain):
    """One person a page: the attributes that Braze took, as it took them."""

    empty_note = "Braze has not been told about anybody yet."
    search_help_text = "An exact phone number, email address or id in Braze."
    other_names = "the id in Braze"
    list_display = ("id_masked", "accepted_when", "unknown", "outbox_says")
    list_filter = (OutboxFilter,)
    ordering = ("-pk",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("external_id", "person_link", "merged")}),
        ("Braze", {"fields": ("outbox_says", "attempts", "accepted_at_utc", "sure", "accepted_pretty")}),
    )

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Find by id, or by an address of the person."""
        named = Q(external_id=text)
        if not address:
            return rows.filter(named)
        # Looked up first: an OR across the two tables could use no index, and would read every profile.
        known = get_user_model()._default_manager.filter(Q(email=address) | Q(phone=address))
        return rows.filter(named | Q(person__in=list(known.values_list("pk", flat=True)[:FOUND_AT_MOST])))

    def addresses(self, row: BrazeProfile) -> list[str]:
        """What Braze took of the person, and their id if it is one."""
        return [*at_braze(row), people.named_by(row.external_id)]

    @admin.display(description="Id in Braze")
    def id_masked(self, row: BrazeProfile) -> str:
        """For the list (SEC-11)."""
        return people.mask_name(row.external_id)

    @admin.display(description="Accepted (UTC)")
    def accepted_when(self, row: BrazeProfile) -> str:
        """When Braze last took something about the person."""
        return minute(row.accepted_at)

    @admin.display(description="Last accepted")
    def accepted_at_utc(self, row: BrazeProfile) -> SafeString | str:
        """When Braze last took something about the person."""
        return moment(row.accepted_at)

    @admin.display(description="Sure")
    def unknown(self, row: BrazeProfile) -> str:
        """Whether a call may have changed it without an answer."""
        return "In doubt" if row.is_unknown else "Yes"

    @admin.display(description="Sure")
    def sure(self, row: BrazeProfile) -> str:
        """The same in words."""
        if row.is_unknown:
            return "No: a call was opened or broke off, so everything will be sent again with the next one."
        return "Yes: Braze answered the last call."

    @admin.display(description="Left to tell Braze")
    def outbox_says(self, row: BrazeProfile) -> str:
        """Whether Braze has still to be told, or why not."""
        return outbox_state(row)

    @admin.display(description="Person")
    def person_link(self, row: BrazeProfile) -> SafeString | str:
        """Whose profile it is."""
        if row.person_id is None:
            return "Nobody any more"
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:accounts_user_change", args=[row.person_id]),
            row.external_id,
        )

    @admin.display(description="To be merged into")
    def merged(self, row: BrazeProfile) -> str:
        """The profile that this one becomes part of."""
        return "Nobody: it is to be deleted" if row.is_to_delete else row.merge_into or "–"

    @admin.display(description="What Braze last accepted")
    def accepted_pretty(self, row: BrazeProfile) -> SafeString | str:
        """Names and values as Braze has them."""
        if not row.accepted:
            return "Nothing yet"
        pretty = json.dumps(row.accepted, indent=2, sort_keys=True, ensure_ascii=False)
        note = "Of a link only the SHA-256 is kept: whoever has it may leave in the person's name."
        return format_html('<pre class="as-sent">{}</pre><div class="small quiet">{}</div>', pretty, note)


@admin.register(GlobalEmail)
class GlobalEmailAdmin(AddressSearch, SendsAgain):
    """Addresses that have opted out: whether Braze's global state of them has followed."""

    empty_note = "No email address has opted out yet."
    list_display = ("masked", "told_when", "outbox_says")
    list_filter = (OutboxFilter,)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("address", "told_when", "outbox_says", "attempts")

    def find(self, rows: QuerySet[Any], address: str, text: str) -> QuerySet[Any]:
        """Find by the address."""
        return rows.filter(address=address)

    def addresses(self, row: GlobalEmail) -> tuple[str, ...]:
        """The one that opted out."""
        return (row.address,)

    @admin.display(description="Address")
    def masked(self, row: GlobalEmail) -> str:
        """Enough to recognise an address one already knows (SEC-11)."""
        return people.mask(row.address)

    @admin.display(description="Told (UTC)")
    def told_when(self, row: GlobalEmail) -> str:
        """When Braze last took it."""
        return minute(row.told_at)

    @admin.display(description="Left to tell Braze")
    def outbox_says(self, row: GlobalEmail) -> str:
        """Whether Braze has still to be told, or why not."""
        return outbox_state(row)


@admin.action(description="Try now", permissions=["try_now"])
def try_now(modeladmin: Any, request: HttpRequest, queryset: QuerySet[BrazeLine]) -> None:
    """Have the worker's next round try these lines. Nothing is sent from here."""
    with transaction.atomic():
        lines = queryset.update(probe_at=timezone.now())
        outbox.wake()
    modeladmin.message_user(request, f"The worker tries {lines} again in its next round.", messages.SUCCESS)


@admin.register(BrazeLine)
class BrazeLineAdmin(ReadOnlyAdmin):
    """What Braze refuses as a whole, in its own words, and when it is tried again."""

    empty_note = "All lines to Braze are open."
    list_display = ("name", "lane", "reason", "stopped_when", "next_try")
    list_filter = ("lane",)
    ordering = ("name", "lane")
    sortable_by = ()
    fields = ("name", "lane", "program", "reason", "stopped_when", "next_try", "probes")
    actions = (try_now,)

    def has_try_now_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may have a line tried."""
        return request.user.has_perm("sms_consent.change_brazeline")

    @admin.display(description="Program whose group to check")
    def program(self, line: BrazeLine) -> SafeString | str:
        """Link to the program that the line is called by."""
        program = Program.objects.filter(slug=line.name).first()
        if program is None:
            return "None: it is an endpoint, so check the key, its permissions and the host."
        url = reverse("admin:sms_consent_program_change", args=[program.pk])
        group = program.subscription_group_id or "none"
        return format_html('<a href="{}">{}</a>, group <code>{}</code>', url, program, group)

    @admin.display(description="Stopped (UTC)")
    def stopped_when(self, line: BrazeLine) -> str:
        """Since when."""
        return minute(line.stopped_at)

    @admin.display(description="Tried again (UTC)")
    def next_try(self, line: BrazeLine) -> str:
        """When; sooner if the refused setting changes."""
        return f"{line.probe_at:%Y-%m-%d %H:%M:%S}"
