"""Django's entry to the app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import register
from django.db.models.signals import post_migrate, post_save


class SmsConsentConfig(AppConfig):
    """Consent."""

    name = "sms_consent"
    verbose_name = "Consent"

    def ready(self) -> None:
        """Connect the signal, the triggers, the checks and the chores, and make a lookup known; nothing else."""
        import optin_site.lookups  # noqa: F401
        from sms_consent import checks, lapses, retention, sealing, setting_checks, signals, upkeep

        person = apps.get_model(settings.AUTH_USER_MODEL)
        post_save.connect(signals.person_saved, sender=person, dispatch_uid="sms_consent.person_saved")
        post_migrate.connect(install_triggers, sender=self, dispatch_uid="sms_consent.install_triggers")
        upkeep.add(lapses.lapse, every=timedelta(minutes=1))
        upkeep.add(sealing.seal_new, every=timedelta(minutes=1))
        upkeep.add(sealing.seal_rest, every=timedelta(days=1))
        upkeep.add(retention.tidy, every=timedelta(days=1))
        for check, tags in checks.CHECKS:
            register(check, *tags)
        register(checks.production, deploy=True)
        register(setting_checks.production, deploy=True)


def install_triggers(using: str, **kwargs: Any) -> None:
    """(Re)install what keeps the ledger append-only, after every migrate and flush."""
    from sms_consent import triggers

    triggers.install(using)
