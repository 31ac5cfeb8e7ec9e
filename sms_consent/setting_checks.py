"""Deploy checks of single settings: slips with which a site starts, and is wrong all the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from sms_consent.models.keywords import kept_number

LEAST = 16  # characters of a token
VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
SECRETS = ("SECRET_KEY", "LEDGER_KEY", "BRAZE_REST_KEY", "BRAZE_WEBHOOK_TOKEN", "TWILIO_AUTH_TOKEN", "METRICS_TOKEN")


def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report settings that are most likely slips; those that may be empty are looked at where they are not."""
    return [*_proxies(), *_countries(), *_contacts(), *_pages(), *_tokens(), *_variables()]


def _proxies() -> list[CheckMessage]:
    if settings.TRUSTED_PROXY_COUNT:
        return []
    hint = "Say how many proxies of yours stand in front, or all visitors have the proxy's IP address."
    return [Warning("TRUSTED_PROXY_COUNT is 0.", hint=hint, id="sms_consent.W011")]


def _countries() -> list[CheckMessage]:
    hint = "List two-letter countries of ISO 3166, for example US,GB: receipts name them."
    return [
        Warning(f"{name} has {code!r}, which is no country.", hint=hint, id="sms_consent.W012")
        for name in ("JURISDICTIONS", "STORAGE_LOCATIONS")
        for code in getattr(settings, name)
        if code not in phonenumbers.SUPPORTED_REGIONS
    ]


def _contacts() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not _is(settings.SUPPORT_EMAIL, validate_email):
        hint = "People write there, and mails come from it, for example support@example.com."
        found.append(Warning("SUPPORT_EMAIL is no email address.", hint=hint, id="sms_consent.W013"))
    number = re.sub(r"[\s-]", "", settings.SMS_NUMBER)
    if number and kept_number(number) != number:
        hint = "Give it with its country, for example +12025550100, or as a short code."
        found.append(Warning("SMS_NUMBER is no number that can be texted.", hint=hint, id="sms_consent.W014"))
    return found


def _pages() -> list[CheckMessage]:
    is_url = URLValidator(schemes=["https", "http"])
    return [
        Warning(f"{name} is no address of a page.", hint="It begins with https://.", id="sms_consent.W015")
        for name in ("TERMS_URL", "PRIVACY_URL")
        if getattr(settings, name) and not _is(getattr(settings, name), is_url)
    ]


def _tokens() -> list[CheckMessage]:
    return [
        Warning(f"{name} is shorter than {LEAST} characters.", hint="It can be guessed.", id="sms_consent.W016")
        for name in ("METRICS_TOKEN", "BRAZE_WEBHOOK_TOKEN")
        if 0 < len(getattr(settings, name)) < LEAST
    ]


def _variables() -> list[CheckMessage]:
    hint = "Nothing is put in place of a variable: write the value itself."
    return [
        Warning(f"{name} is the name of a variable.", hint=hint, id="sms_consent.W017")
        for name in SECRETS
        if VARIABLE.fullmatch(getattr(settings, name))
    ]


def _is(value: str, validate: Callable[[str], object]) -> bool:
    try:
        validate(value)
    except ValidationError:
        return False
    return True
