"""Programs: what people can agree to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import get_text_list

from sms_consent import outbox, selectors
from sms_consent.admin.base import ConsentAdmin, minute
from sms_consent.admin.paths import OPT_IN_PATHS, opt_in_paths
from sms_consent.choices import Door, Meaning
from sms_consent.models import Disclosure, Keyword, Program

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline

# What published words may quote; they stay as they were when these change.
QUOTED = ("brand", "purpose", "frequency", "sender")
NOT_OFFERED = "None: not offered"

ON_FORMS = Disclosure.objects.filter(program=OuterRef("pk"), door=Door.FORM, published_at__isnull=False)
# What opts in without words on a form of the site.
PHONE_FORMS = Disclosure.objects.filter(program=OuterRef("pk"), door=Door.PHONE_FORM, published_at__isnull=False)
KEYWORDS = Keyword.objects.filter(
    program=OuterRef("pk"), meaning=Meaning.OPT_IN, is_active=True, disclosure__published_at__isnull=False
)


class DisclosureInline(TabularInline):
    """Every version of the words, to read; what came with imports, which may be very much, is in the list of words."""

    model = Disclosure
    verbose_name_plural = "Words beside its box, its button and its keywords"
    extra = 0
    can_delete = False
    fields = readonly_fields = ("open", "door", "language", "label", "published")
    ordering = ("language", "-version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Bring along what a version is called by."""
        return super().get_queryset(request).exclude(door=Door.IMPORT).select_related("program")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Words are drafted on their own page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Words are edited on their own page."""
        return False

    @admin.display(description="Version")
    def open(self, disclosure: Disclosure) -> SafeString:
        """Link to the version."""
        url = reverse("admin:sms_consent_disclosure_change", args=[disclosure.pk])
        return format_html('<a href="{}">{}</a>', url, disclosure.version)

    @admin.display(description="Published (UTC)")
    def published(self, disclosure: Disclosure) -> str:
        """When, or that it is a draft."""
        return minute(disclosure.published_at) if disclosure.published_at else "Draft"


@admin.register(Program)
class ProgramAdmin(ConsentAdmin):
    """Marketers edit these. What was agreed to is kept with each record and does not change with them."""

    change_form_template = "admin/sms_consent/program/change_form.html"
    change_list_template = "admin/sms_consent/program/change_list.html"
    empty_note = "No programs yet. Add one, then draft and publish its words; only then is it offered."
    list_display = ("name", "slug", "channel", "words_in_force", "sign_ups", "is_active")
    list_filter = ("channel", "is_active")
    ordering = ("position", "id")
    inlines = (DisclosureInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "channel", "is_active", "position")}),
        (
            "What people are told",
            {
                "fields": QUOTED,
                "description": "Published words keep what they say; publish a new version to change it.",
            },
        ),
        ("How it works", {"fields": ("confirm_sign_ups", "takes_brazes_word", "subscription_group_id")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the page of all ways in."""
        view = self.admin_site.admin_view(opt_in_paths)
        return [path("paths/", view, {"site": self.admin_site}, name=OPT_IN_PATHS), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring along which version is shown now, and by which other ways one joins."""
        shown = Q(
            disclosures__published_at__isnull=False,
            disclosures__language=settings.LANGUAGE_CODE,
            disclosures__door=Door.FORM,
        )
        found = super().get_queryset(request).annotate(in_force=Max("disclosures__version", filter=shown))
        spoken = {f"in_{code}": Exists(ON_FORMS.filter(language=code)) for code, _ in settings.LANGUAGES}
        return found.annotate(**spoken, has_phone_form=Exists(PHONE_FORMS), has_keyword=Exists(KEYWORDS))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Box names and channels are what addresses and forms are tied to: fixed once there is a program."""
        return ("slug", "channel") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Sequence[str]]:
        """Suggest a slug for a new program."""
        return {} if obj else {"slug": ("name",)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        """Say what moving to another group means, where it is done; name what the model names clumsily."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "subscription_group_id":
            field.help_text = f"{field.help_text} Changing it tells Braze about everybody in the program again."
        if field and db_field.name == "position":
            field.help_text = "Boxes are shown in this order."
        if field and db_field.name == "confirm_sign_ups":
            field.label = "Confirm sign-ups"
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a program that is no longer offered is made inactive, and keeps its records."""
        return False

    def save_model(self, request: HttpRequest, obj: Program, form: Any, change: bool) -> None:
        """Save; that the group is a new one is noted with it, and the worker tells everything again."""
        super().save_model(request, obj, form, change)
        transaction.on_commit(selectors.forget_offers)
        if change and "subscription_group_id" in form.changed_data:
            outbox.forget_group(obj.pk)
            outbox.wake()
            messages.info(request, "The group has changed: Braze is told again about everybody in this program.")
        published = Disclosure.objects.filter(program=obj, published_at__isnull=False)
        if published.exists() and set(QUOTED) & set(form.changed_data):
            words = "Published words still say what they said. Draft and publish a new version to change them."
            messages.warning(request, words)
        if self.words_in_force(self.get_queryset(request).get(pk=obj.pk)) == NOT_OFFERED:
            messages.info(request, "Not offered yet: draft and publish its words.")

    @admin.display(description="A ticked box counts")
    def sign_ups(self, program: Program) -> str:
        """Whether a sign-up waits for the person."""
        return "Once confirmed" if program.confirm_sign_ups else "At once"

    @admin.display(description="Words in force")
    def words_in_force(self, program: Any) -> str:
        """The version that visitors see, whatever they read; where there is none, how one joins all the same."""
        if program.in_force:
            return f"Version {program.in_force}"
        return f"Only {', or '.join(ways)}" if (ways := _other_ways(program)) else NOT_OFFERED


def _other_ways(program: Any) -> list[str]:
    """Name what is offered without words in the site's own language: on forms in others, and without a form."""
    languages = [name for code, name in settings.LANGUAGES if getattr(program, f"in_{code}")]
    doors = (("phone form", program.has_phone_form), ("keyword", program.has_keyword))
    named = (("in", languages), ("by", [door for door, is_there in doors if is_there]))
    return [f"{how} {get_text_list(ways, 'and')}" for how, ways in named if ways]
