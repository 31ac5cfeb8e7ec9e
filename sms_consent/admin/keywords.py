"""Keywords: what people text to a number, and where it is advertised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, Max, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from sms_consent.admin.base import ConsentAdmin
from sms_consent.choices import Door, Meaning
from sms_consent.models import Disclosure, Keyword, Program

BEGINNING = 70  # characters of the words, to choose by

if TYPE_CHECKING:
    ModelChoiceField = forms.ModelChoiceField[Disclosure]
else:
    ModelChoiceField = forms.ModelChoiceField


class WordsField(ModelChoiceField):
    """Words, by what they are for and how they begin."""

    def label_from_instance(self, obj: Any) -> str:
        """Tell versions apart without opening each."""
        begins = Truncator(f"{obj.label} {obj.words}").chars(BEGINNING)
        return f"{obj}, {obj.get_door_display()}: “{begins}”"


@admin.register(Keyword)
class KeywordAdmin(ConsentAdmin):
    """Marketers edit these. What a text was sent under is kept with its record and does not change with them."""

    empty_note = "No keywords yet. Publish words for keywords first, then add the word that people are to text."
    list_display = ("word_shown", "number_shown", "meaning", "program", "words", "place", "active")
    list_select_related = ("program", "disclosure")
    list_filter = ("is_active", "meaning", "program", "language", "number")
    ordering = ("position", "id")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("word", "number", "meaning", "is_active", "position")}),
        ("What it opts in to", {"fields": ("program", "language", "disclosure", "asks_confirmation")}),
        (
            "Where it is advertised",
            {
                "fields": ("place", "incentive", "campaign"),
                "description": "Kept as evidence with every text by this word. For another campaign, add another word.",
            },
        ),
    )
    shared = ("To share and to print", {"fields": ("page", "qr_code", "link")})

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring along whether newer words have been published."""
        newer = Q(
            program__disclosures__door=Door.KEYWORD,
            program__disclosures__language=F("language"),
            program__disclosures__published_at__isnull=False,
        )
        return super().get_queryset(request).annotate(newest=Max("program__disclosures__version", filter=newer))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what to share once there is something."""
        is_shown = obj and obj.meaning == Meaning.OPT_IN and obj.is_active and obj.program.is_active
        return (*self.fieldsets, self.shared) if is_shown else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is only shown."""
        return ("page", "qr_code", "link")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        """Offer the site's languages, and as a number the one that texts come from."""
        if db_field.name == "language":
            return forms.ChoiceField(choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "number":
            field.initial = settings.SMS_NUMBER
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what can be chosen: text programs, and published words for keywords."""
        if db_field.name == "program":
            kwargs["queryset"] = Program.objects.filter(channel="sms")
        if db_field.name == "disclosure":
            published = Disclosure.objects.filter(door=Door.KEYWORD, published_at__isnull=False)
            kwargs |= {"queryset": published.select_related("program"), "form_class": WordsField}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: posters outlive campaigns, and the word of an old one must not come to mean something else."""
        return False

    def save_model(self, request: HttpRequest, obj: Keyword, form: Any, change: bool) -> None:
        """Save; say so where the word is not shown although it is active."""
        super().save_model(request, obj, form, change)
        if obj.is_active and obj.program and not obj.program.is_active:
            messages.warning(request, f"Not advertised: “{obj.program}” is not active.")

    @admin.display(description="Word")
    def word_shown(self, keyword: Keyword) -> str:
        """As posters print it."""
        return keyword.shown_word

    @admin.display(description="Number")
    def number_shown(self, keyword: Keyword) -> str:
        """As people read it."""
        return keyword.shown_number

    @admin.display(description="Active", boolean=True)
    def active(self, keyword: Keyword) -> bool:
        """Whether it opts in."""
        return keyword.is_active

    @admin.display(description="Words beside it")
    def words(self, keyword: Any) -> str:
        """Which version, and whether there is a newer one to look at."""
        if keyword.disclosure is None:
            return "None"
        version = keyword.disclosure.version
        return f"Version {version}" + (f", {keyword.newest} is newer" if (keyword.newest or 0) > version else "")

    @admin.display(description="Page")
    def page(self, keyword: Keyword) -> SafeString:
        """Its own address, which prints as a poster."""
        url = reverse("keyword", args=[keyword.word])
        note = "Share this address, or print it as a poster: number, word, code and words stand on it."
        return format_html('<a href="{}">{}</a><div class="small quiet">{}</div>', url, url, note)

    @admin.display(description="QR code")
    def qr_code(self, keyword: Keyword) -> SafeString:
        """For a layout of one's own."""
        note = "Click to download it for print, in any size. The words must stand beside it."
        return format_html(
            '<a href="{0}" download="{1}.svg"><img class="qr" src="{0}" alt="QR code of {2}"></a>'
            '<div class="small quiet">{3}</div>',
            reverse("keyword_qr", args=[keyword.pk]),
            keyword.word,
            keyword,
            note,
        )

    @admin.display(description="Link")
    def link(self, keyword: Keyword) -> SafeString:
        """For an app or a mail."""
        note = "Opens the message, ready to send, on a phone. The words must stand beside it."
        return format_html('<code>{}</code><div class="small quiet">{}</div>', keyword.sms_link, note)
