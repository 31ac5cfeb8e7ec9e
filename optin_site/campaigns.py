"""Which campaign brought somebody, as its link names it."""

from __future__ import annotations

import re

from django.core.validators import RegexValidator
from django.http import HttpRequest

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
validate = RegexValidator(rf"\A{ID.pattern}\Z", "Use letters, digits, dots, hyphens and underscores.")
PARAMETERS = ("c", "utm_campaign")


def of_request(request: HttpRequest) -> str:
    """Return the campaign id in a page's address, at most 64 characters; empty if there is none or only nonsense."""
    named = (request.GET.get(name, "") for name in PARAMETERS)
    return next((text for text in named if ID.fullmatch(text)), "")
