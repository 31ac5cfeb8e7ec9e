"""Which language a page is in: what its address asks for, else what was chosen before, else the browser's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.text import capfirst

PARAMETER = "lang"  # ?lang=es on any page, so that a campaign's link can name the language
ENGLISH_ONLY = ("/admin/", "/accounts/second-factor/", "/hooks/")  # staff and machines


@dataclass(frozen=True)
class Language:
    """A language that the page can be read in: by `link` from the page itself, by `address` from anywhere."""

    code: str
    name: str
    link: str
    address: str


class LanguageMiddleware(LocaleMiddleware):
    """Django's own, which also takes the language from the address and remembers it in a cookie, and nowhere else."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language of this request."""
        language = asked(request) or translation.get_language_from_request(request)
        is_english = request.path.startswith(ENGLISH_ONLY)
        translation.activate(settings.LANGUAGE_CODE if is_english else language)
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Remember what the address asked for; tell caches what the page depends on."""
        super().process_response(request, response)
        patch_vary_headers(response, ("Cookie",))
        if chosen := _chosen(request, response):
            _remember(response, chosen)
        return response


def asked(request: HttpRequest) -> str:
    """Return the language that the address names, if it is one of ours: es-MX is es. Anything else is nothing."""
    try:
        return translation.get_supported_language_variant(request.GET.get(PARAMETER, ""))
    except LookupError:
        return ""


def _chosen(request: HttpRequest, response: HttpResponseBase) -> str:
    """Return what the address asked for, if that is worth a cookie: it is not what would be shown anyway.

    Forms name the language of their page, and so does what scripts ask for; the latter chooses nothing.
    """
    is_page = "html" in response.headers.get("Content-Type", "")
    language = asked(request)
    return language if is_page and language != translation.get_language_from_request(request) else ""


def _remember(response: HttpResponseBase, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


def in_this_language(url: str) -> str:
    """Return an address of ours that opens in the language of now: mails are often read in another browser."""
    return f"{url}?{urlencode({PARAMETER: translation.get_language() or settings.LANGUAGE_CODE})}"


def choices(request: HttpRequest) -> dict[str, Any]:
    """Let every template offer the languages; worked out only where one does.

    `as_shown` goes behind the address of a form, which is then read and answered in the language that it was shown in,
    whatever was chosen in another tab since.
    """
    shown_in = translation.get_language() or settings.LANGUAGE_CODE
    return {"languages": partial(_languages, request), "as_shown": partial(_link, request, shown_in)}


def _languages(request: HttpRequest) -> list[Language]:
    return [
        Language(
            code,
            capfirst(str(translation.get_language_info(code)["name_local"])),
            _link(request, code),
            f"{settings.SITE_URL}{request.path}?{urlencode({PARAMETER: code})}",
        )
        for code, _ in settings.LANGUAGES
    ]


def _link(request: HttpRequest, code: str) -> str:
    """Return this page in another language, with all else that its address says."""
    query = request.GET.copy()
    query[PARAMETER] = code
    return f"?{query.urlencode()}"
