"""System checks: misconfiguration is loud, and each message says how to mend it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning
from django.db import connections
from django.http.request import validate_host

from sms_consent import triggers

# https://www.braze.com/docs/api/basics (braze.md §2)
BRAZE_HOST = re.compile(
    r"^https://rest\.(iad-0[1-8]\.braze\.com|us-(09|10)\.braze\.com|fra-0[12]\.braze\.eu"
    r"|(au|id|jp|kr)-01\.braze\.com)$"
)


def ledger_is_guarded(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Report triggers that are missing from tables that exist, or not what their names say (LED-1)."""
    if sys.argv[1:2] == ["migrate"]:
        return []  # it is what puts them right, and must not refuse to because they are not
    found: list[CheckMessage] = []
    for using in databases or []:
        tables = set(connections[using].introspection.table_names())
        if {guard.table for guard in triggers.GUARDS} <= tables:
            found += [
                Error(
                    f"The ledger is not protected: trigger {name} is missing from database {using!r}, or altered.",
                    hint="Run `manage.py migrate`, which puts it right, and find out who did it.",
                    id="sms_consent.E001",
                )
                for name in triggers.missing(using)
            ]
    return found


def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report what a site with real visitors must not have (design.md §7).

    Errors break a law, open a door to strangers or lose what cannot be brought back. Warnings are right for some
    sites: of one process, of one channel.
    """
    return [*_places(), *_limits(), *_periods(), *_missing()]


def _places() -> Iterator[CheckMessage]:
    if not BRAZE_HOST.match(settings.BRAZE_REST_URL):
        hint = "Use your workspace's REST address, for example https://rest.iad-03.braze.com."
        yield Error("BRAZE_REST_URL is not one of Braze's https addresses.", hint=hint, id="sms_consent.E008")
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Mailed links are made from the host of the request: name yours."
        yield Error("ALLOWED_HOSTS lets anyone choose the host.", hint=hint, id="sms_consent.E004")
    site = urlsplit(settings.SITE_URL)
    if site.scheme != "https" or not validate_host(site.hostname or "", settings.ALLOWED_HOSTS):
        hint = "Unsubscribe links begin with it: https (RFC 8058 asks for it) and one of ALLOWED_HOSTS."
        yield Error("SITE_URL is not where this site answers.", hint=hint, id="sms_consent.E006")


def _limits() -> Iterator[CheckMessage]:
    if not settings.RATE_LIMITS:
        yield Error("RATE_LIMITS is off.", hint="It is for load tests only.", id="sms_consent.E002")
    if settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        hint = "Set CACHE_URL to a cache that all processes share, or each of them counts for itself."
        yield Warning("Limits are counted per process.", hint=hint, id="sms_consent.W005")


def _periods() -> Iterator[CheckMessage]:
    for name, least, why in (("EVIDENCE_YEARS", 5, "US-7"), ("OPT_OUT_YEARS", 10, "US-9")):
        if getattr(settings, name) < least:
            hint = "Proof that is gone cannot be brought back: have your lawyer say so first (docs/compliance.md)."
            yield Error(f"{name} is less than {least} ({why}).", hint=hint, id="sms_consent.E007")


def _missing() -> Iterator[CheckMessage]:
    hint = "See .env.example."
    if not settings.BRAND_ADDRESS:
        yield Error("BRAND_ADDRESS is not set.", hint=hint, id="sms_consent.E003")
    for name in ("BRAZE_SMS_SUBSCRIPTION_GROUP_ID", "BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID"):
        if not getattr(settings, name):
            yield Warning(f"{name} is not set.", hint=hint, id="sms_consent.W003")


CHECKS = ((ledger_is_guarded, (Tags.database,)),)
