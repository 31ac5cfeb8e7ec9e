"""Filters for the words that people agree to, and for fields that point to them."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.conf import settings
from django.forms import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from sms_consent import disclosures
from sms_consent.models import Program
from sms_consent.models.keywords import shown

register = template.Library()

LINK_STARTS = ("https://", "http://", "mailto:", "tel:")


@register.filter
def disclosure_words(words: str, base_url: str = "") -> SafeString:
    """Return words as safe HTML with their links; `base_url` makes those to our own pages absolute, for mails.

    Everything is escaped, and what is neither a page of ours nor an ordinary link stays plain text.
    """
    return format_html_join("", "{}", ((_piece(text, link, base_url),) for text, link in disclosures.links(words)))


@register.filter
def words_on_paper(words: str) -> SafeString:
    """Return words as safe HTML whose links lead somewhere from wherever they are kept: printed, or saved."""
    return disclosure_words(words, settings.SITE_URL)


def _piece(text: str, link: str, base_url: str) -> str:
    if link.startswith("/") and not link.startswith("//"):
        return format_html('<a href="{}{}">{}</a>', base_url, link, text)
    if link.lower().startswith(LINK_STARTS):
        return format_html('<a href="{}" rel="noopener">{}</a>', link, text)
    return text


@register.filter
def disclosure_text(words: str, base_url: str = "") -> str:
    """Return words as plain text with their links written out, for mails."""
    return disclosures.plain_text(words, base_url)


@register.filter
def as_read(number: str) -> str:
    """Return a number in groups, as people read it; a short code or a sender's name as it is."""
    return shown(number)


@register.filter
def in_language(code: str) -> SafeString:
    """Return the attributes of an element whose words are in this language, whatever that of the page."""
    is_rtl = code.partition("-")[0] in settings.LANGUAGES_BIDI
    return format_html('lang="{}" dir="{}"', code, "rtl" if is_rtl else "ltr")


@register.filter
def translated(words: str) -> str:
    """Return a program's name, purpose or frequency in the language of the page if the catalogs know it.

    They know those of the default programs; what marketers wrote themselves stays as they wrote it.
    """
    return gettext(words)


@register.filter
def names(programs: Iterable[Program]) -> str:
    """Return the names of programs, as they stand in a sentence."""
    return ", ".join(gettext(program.name) for program in programs)


@register.filter
def described_by(field: BoundField, ids: str) -> SafeString:
    """Render a field's widget, described by the elements with these ids, and first by its errors if it has any."""
    described = f"{field.auto_id}_error {ids}" if field.errors else ids
    return field.as_widget(attrs={"aria-describedby": described})
