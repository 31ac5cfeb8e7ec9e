"""What a web request tells about how an act was done."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

from optin_site.logs import without_tokens
from optin_site.storable import storable
from sms_consent.ledger import Circumstances

LONGEST = 500


def of_request(request: HttpRequest, *, boxes: Mapping[str, bool] | None = None, campaign: str = "") -> Circumstances:
    """Return the evidence of a form: IP by TRUSTED_PROXY_COUNT, never by what a client wrote (US-3)."""
    headers = request.headers
    return Circumstances(
        ip=_kept(get_adapter().get_client_ip(request)),
        user_agent=_clean(headers.get("User-Agent", "")),
        accept_language=_clean(headers.get("Accept-Language", "")),
        language=getattr(request, "LANGUAGE_CODE", ""),
        page=_clean(without_tokens(request.build_absolute_uri(request.path))),
        referrer=_clean(without_tokens(headers.get("Referer", ""))),
        boxes=dict(boxes or {}),
        campaign=campaign,
        person=getattr(request.user, "external_id", ""),
    )


def _kept(ip: str) -> str:
    """Return an address as IP_ADDRESSES has it kept: whole, its network (IPv4 /24, IPv6 /48), or not at all (REC-7)."""
    if not ip or settings.IP_ADDRESSES == "off":
        return ""
    if settings.IP_ADDRESSES == "store":
        return ip
    prefix = 24 if ipaddress.ip_address(ip).version == 4 else 48
    return str(ipaddress.ip_network((ip, prefix), strict=False).network_address)


def _clean(text: str) -> str:
    """Cut what is too long; drop what no database text column takes."""
    return storable(text)[:LONGEST]
