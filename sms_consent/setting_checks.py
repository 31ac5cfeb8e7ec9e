"""Deploy checks of single settings: what a site starts with and is wrong all the same."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report settings that are most likely slips."""
    return [*_proxies()]


def _proxies() -> list[CheckMessage]:
    if settings.TRUSTED_PROXY_COUNT:
        return []
    hint = "Say how many proxies of yours stand in front, or all visitors have the proxy's IP address."
    return [Warning("TRUSTED_PROXY_COUNT is 0.", hint=hint, id="sms_consent.W011")]
