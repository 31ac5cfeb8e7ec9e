"""How django-allauth is bent to this site: its sign-up is closed, ours is open."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from optin_site.context import brand


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by code for people who signed up here."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep allauth's own sign-up shut at every one of its doors."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Let allauth's mails name the brand as ours do: subjects are rendered without a request."""
        super().send_mail(template_prefix, email, brand() | context)
