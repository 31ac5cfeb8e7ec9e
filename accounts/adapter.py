"""How django-allauth is bent to this site: its sign-up is closed, ours is open."""

from __future__ import annotations

import logging
from functools import cache
from ipaddress import ip_address
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from optin_site.context import brand

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in by code for people who signed up here."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        # Who asks for codes too often has not failed at anything, and there is no “login” on our pages.
        "too_many_login_attempts": _("Too many tries. Please wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep allauth's own sign-up shut at every one of its doors."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the visitor's address: what the outermost of our proxies saw, never what a client claims.

        A request with fewer hops than TRUSTED_PROXY_COUNT came round the proxies; then it is the peer's. An IPv4
        address that a socket for both kinds wraps into IPv6 is unwrapped: limits take all those for one network.
        """
        proxies = settings.TRUSTED_PROXY_COUNT
        said = request.headers.get("X-Forwarded-For", "")
        hops = said.split(",") if said else []
        seen = hops[-proxies] if 0 < proxies <= len(hops) else ""
        if len(hops) < proxies or (hops and not proxies):
            _warn_once(proxies)
        found = clean_client_ip(seen) or clean_client_ip(request.META.get("REMOTE_ADDR", "")) or ""
        mapped = getattr(ip_address(found), "ipv4_mapped", None) if found else None
        return str(mapped or found)

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether a `next` stays on this site; what is no URL at all does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Let allauth's mails name the brand as ours do: subjects are rendered without a request."""
        super().send_mail(template_prefix, email, brand() | context)


@cache
def _warn_once(proxies: int) -> None:
    """Say that the count of proxies seems wrong; every visitor shares one address and its limits then."""
    logger.warning(
        "TRUSTED_PROXY_COUNT is %d, but a request has %s in X-Forwarded-For: the IP address in evidence and limits may "
        "be your proxy's, not the visitor's. Said once by each process (docs/operations.md).",
        proxies,
        "fewer addresses" if proxies else "addresses",
    )
