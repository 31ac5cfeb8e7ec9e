"""How much one visitor, one number and one day may ask for; the figures are LIMITS in the settings (SEC-1).

No key depends on whether an address is known here, and every submission counts alike (SEC-6). Windows that slide are
django-allauth's; budgets of a day, which would be lists of thousands there, are counters in Django's cache.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

import phonenumbers
from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sms_consent.services import Choice

logger = logging.getLogger(__name__)

TWO_DAYS = 2 * 24 * 3600  # how long a day's counter is kept


def too_often(request: HttpRequest, action: str) -> HttpResponse | None:
    """Return the page that says "too many tries" if this visitor, or their network, has made too many."""
    return too_many(request) if is_too_often(request, action) else None


def too_many(request: HttpRequest, layout: str = "base.html") -> HttpResponse:
    """Return the page that says "too many tries"."""
    return render(request, "429.html", {"layout": layout}, status=429)


def is_too_often(request: HttpRequest, action: str) -> bool:
    """Count a try, and return whether it is one too many for this IP address or for the network it is in."""
    network = _network(_client_ip(request), 24)
    allowed = ratelimit.consume(request, action=action) and ratelimit.consume(
        request, action="optin_network", key=network
    )
    return not allowed


def may_mail(request: HttpRequest, email: str) -> bool:
    """Return whether one more mail may go to this address today, known or not (EM-7)."""
    return bool(ratelimit.consume(request, action="optin_mail", key=email))


def may_check(request: HttpRequest) -> bool:
    """Return whether this visitor may have one more number looked over as it is typed; networks are not counted."""
    return bool(ratelimit.consume(request, action="optin_check"))


def within(request: HttpRequest, choices: Sequence[Choice], *, asks: bool = False) -> list[Choice]:
    """Return the choices without those for texts, where their number or the day has had too many.

    Nothing at all is to be written about what is left out: a request whose text is withheld would wait for an answer
    that cannot come, and keep the next try from being asked. The visitor sees what everyone sees. `asks`: whatever the
    program says, a text is sent that asks for a yes.
    """
    texts = [choice for choice in choices if choice.program.is_sms]
    prompts = [choice for choice in texts if asks or choice.program.confirm_sign_ups]
    if not texts or _may_submit(request, texts[0].address, is_prompt=bool(prompts)):
        return list(choices)
    return [choice for choice in choices if not choice.program.is_sms]


def _may_submit(request: HttpRequest, number: str, *, is_prompt: bool) -> bool:
    """Count a number that somebody submits. One form is about one number, however many boxes are ticked."""
    if not ratelimit.consume(request, action="optin_number", key=number):
        return False
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    return _few_countries(request, region) and (not is_prompt or _budget_allows(region))


def _few_countries(request: HttpRequest, region: str) -> bool:
    """Whether this visitor still looks like a person: nobody has phones of many countries (SEC-3)."""
    visitor = _network(_client_ip(request), 32)
    is_new = cache.add(_today("country", visitor, region), 1, TWO_DAYS)
    return _spend("optin_countries", visitor, 1 if is_new else 0)


def _budget_allows(region: str) -> bool:
    """Spend one text. Abroad first: what is refused there must not use up everybody's budget."""
    is_abroad = region != settings.PHONE_REGIONS[0]
    return (not is_abroad or _spend("optin_prompts_abroad", region)) and _spend("optin_prompts")


def _spend(action: str, key: str = "", count: int = 1) -> bool:
    """Count against a day's budget (UTC) and return whether it holds; loud, once a day, when it does not (rule 14)."""
    limits = settings.ACCOUNT_RATE_LIMITS
    if not isinstance(limits, dict):
        return True  # RATE_LIMITS=off
    rate = limits[action]
    name = _today(action, key)
    cache.add(name, 0, TWO_DAYS)
    spent = cache.incr(name, count)
    holds = spent <= int(rate.removesuffix("/d"))
    if not holds and cache.add(_today("told", action, key), 1, TWO_DAYS):
        logger.error("The limit %s (%s) is reached: texts are withheld until tomorrow, UTC", action, rate)
    return bool(holds)


def _today(*parts: str) -> str:
    return ":".join(("optin", f"{timezone.now():%Y%m%d}", *parts))


def _client_ip(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))


def _network(ip: str, ipv4_prefix: int) -> str:
    """Return what one visitor, or one provider's rack, has for itself: /32 or /24 of IPv4, /64 of IPv6."""
    if not ip:
        return ""
    prefix = ipv4_prefix if ipaddress.ip_address(ip).version == 4 else 64
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))
