"""The words beside a program's box, button or keyword: written as drafts, read once they are published."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from sms_consent import disclosures
from sms_consent.admin.base import ConsentAdmin, moment
from sms_consent.admin.publishing import PUBLISH, as_shown, publish
from sms_consent.choices import Door
from sms_consent.models import Disclosure, Keyword, Program

COPIED = ("program", "door", "language", "label", "draft", "button_label")


class PublishedFilter(admin.SimpleListFilter):
    """Drafts or published words."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("draft", "Draft"), ("published", "Published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the choice."""
        return queryset.filter(published_at__isnull=self.value() == "draft") if self.value() else queryset


@admin.register(Disclosure)
class DisclosureAdmin(ConsentAdmin):
    """Drafts are edited; published words are read."""

    change_form_template = "admin/sms_consent/disclosure/change_form.html"
    empty_note = "No words yet. A program is offered once its words are published."
    list_display = ("__str__", "door", "status", "label")
    list_filter = (PublishedFilter, "program", "door", "language")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which words are looked at once more and published."""
        view = self.admin_site.admin_view(publish)
        own = path("<int:pk>/publish/", view, {"site": self.admin_site}, name=PUBLISH)
        return [own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring along whether a newer version has taken over, and whether a keyword is advertised with it."""
        newer = Disclosure.objects.filter(
            program=OuterRef("program"),
            door=OuterRef("door"),
            language=OuterRef("language"),
            version__gt=OuterRef("version"),
            published_at__isnull=False,
        )
        beside = Keyword.objects.filter(disclosure=OuterRef("pk"), is_active=True)
        found = super().get_queryset(request).select_related("program")
        return found.annotate(is_superseded=Exists(newer), is_beside_a_keyword=Exists(beside))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show published words as they are shown; let drafts be written."""
        written = (None, {"fields": COPIED})
        if obj is None:
            return (written,)
        shown = ("As visitors see it", {"fields": ("status", "preview", "lacks")})
        if obj.published_at:
            proof = {"fields": ("status", "preview", "fingerprint", "published")}
            return (("Frozen", proof), ("Written as", {"fields": COPIED, "classes": ("collapse",)}))
        return (written, shown)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A version is numbered within its program and language, which therefore stay, as does what it is for."""
        if obj is None:
            return ()
        return ("program", "door", "language", "status", "preview", "lacks", "fingerprint", "published")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        """Offer the site's languages; say which placeholders there are."""
        if db_field.name == "language":
            return forms.ChoiceField(choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE)
        if db_field.name == "door":
            kwargs["choices"] = [door for door in Door.choices if door[0] != Door.IMPORT]
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "draft":
            field.help_text = (
                "The disclosure. {brand}, {purpose}, {frequency}, {sender}, {support} and {address} are "
                "filled in; a link is [Terms]({terms}) or [Privacy Policy]({privacy})."
            )
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from another version, or for a program."""
        source = request.GET.get("from", "")
        found = Disclosure.objects.filter(pk=int(source)).first() if source.isdecimal() else None
        if found is None:
            return {"program": request.GET.get("program", "")}
        return {name: getattr(found, f"{name}_id" if name == "program" else name) for name in COPIED}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes what is published."""
        return not (obj and obj.published_at) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft may go, one at a time: the list's own action would try published words too."""
        return bool(obj and not obj.published_at) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Disclosure, form: Any, change: bool) -> None:
        """Number a new version; save a draft."""
        if change:
            super().save_model(request, obj, form, change)
            return
        Program.objects.select_for_update().get(pk=obj.program_id)  # two at once do not take the same number
        drafted = disclosures.draft(
            obj.program,
            door=obj.door,
            language=obj.language,
            text=obj.draft,
            label=obj.label,
            button=obj.button_label,
        )
        obj.pk, obj.version = drafted.pk, drafted.version

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Go on to what was drafted, as visitors will see it."""
        return HttpResponseRedirect(reverse(f"admin:{PUBLISH}", args=[obj.pk]))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """The same after an edit."""
        return HttpResponseRedirect(reverse(f"admin:{PUBLISH}", args=[obj.pk]))

    @admin.display(description="Status")
    def status(self, disclosure: Any) -> str:
        """Draft, in force, or replaced."""
        if not disclosure.published_at:
            return "Draft"
        if disclosure.door == Door.IMPORT:
            return "Imported, offered nowhere"
        if disclosure.door == Door.KEYWORD:
            return "In force beside a keyword" if disclosure.is_beside_a_keyword else "Published, beside no keyword"
        return "Replaced by a newer version" if disclosure.is_superseded else "In force"

    @admin.display(description="Words")
    def preview(self, disclosure: Disclosure) -> str:
        """The words with their links, box and button."""
        words, _ = as_shown(disclosure)
        return render_to_string("admin/sms_consent/_words.html", {"disclosure": disclosure, "words": words})

    @admin.display(description="SHA-256 of the words")
    def fingerprint(self, disclosure: Disclosure) -> str:
        """What every record made under these words holds."""
        return disclosure.sha256

    @admin.display(description="Published")
    def published(self, disclosure: Disclosure) -> SafeString | str:
        """Since when."""
        return moment(disclosure.published_at)

    @admin.display(description="Still missing")
    def lacks(self, disclosure: Disclosure) -> SafeString | str:
        """What keeps the draft from being published, with its requirement number."""
        _, problems = as_shown(disclosure)
        return format_html_join("", "<div>{}</div>", ((problem,) for problem in problems)) or "Nothing"
