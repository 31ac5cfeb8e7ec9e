"""Django's entry to the app."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

logger = logging.getLogger(__name__)
CHANGES = ("authenticator_added", "authenticator_removed", "authenticator_reset")  # django-allauth's signals


class AccountsConfig(AppConfig):
    """People."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Hear of mailboxes that django-allauth has seen proven, add the worker's chores, have the roles made."""
        from allauth.account.signals import email_confirmed
        from allauth.mfa import signals as second_factor

        from accounts import erasure, links
        from optin_site import sessions
        from sms_consent import upkeep

        upkeep.add(links.prune, every=timedelta(hours=1))
        upkeep.add(sessions.prune, every=timedelta(hours=1))
        upkeep.add(erasure.carry_on, every=timedelta(0))
        # After the last app's turn: by then every app has its permissions.
        post_migrate.connect(make_roles, sender=apps.get_app_config("sms_consent"), dispatch_uid="accounts.make_roles")
        email_confirmed.connect(mailbox_proven, dispatch_uid="accounts.mailbox_proven")
        for change in CHANGES:
            getattr(second_factor, change).connect(second_factor_changed, dispatch_uid=f"accounts.{change}")


def mailbox_proven(request: Any, email_address: Any, **kwargs: Any) -> None:
    """A sign-in code has proven an address for the first time."""
    from accounts import circumstances, links

    links.prove_by_code(email_address.user, circumstances=circumstances.of_request(request))


def second_factor_changed(signal: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    """Log it: whoever reads a colleague's mail may have done it before them."""
    logger.warning("The second factor of person %d was set up, renewed or removed: %s", user.pk, authenticator.type)


def make_roles(using: str, **kwargs: Any) -> None:
    """Make what staff can be, after every migrate and flush."""
    from accounts import roles

    roles.install(using)
