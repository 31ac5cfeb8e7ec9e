"""`manage.py sandbox`"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sms_consent.sandbox.__main__ import main

SITE = "http://127.0.0.1:8000"


class Command(BaseCommand):
    """A fake Braze, a phone and a mailbox on this machine."""

    help = "Run the sandbox: a fake Braze, a phone and a mailbox, in one page on this machine."

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen where the settings expect Braze and the mail server to be; send hooks with their secrets."""
        braze = urlsplit(settings.BRAZE_REST_URL)
        if braze.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise CommandError("BRAZE_REST_URL is not on this machine; the sandbox is for development only.")
        arguments = ["--host", braze.hostname, "--port", str(80 if braze.port is None else braze.port)]
        arguments += ["--smtp-port", str(settings.EMAIL_PORT), "--key", settings.BRAZE_REST_KEY]
        arguments += ["--sms-group", settings.BRAZE_SMS_SUBSCRIPTION_GROUP_ID]
        arguments += ["--email-group", settings.BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID]
        arguments += ["--sms-number", settings.SMS_NUMBER] if settings.SMS_NUMBER else []
        arguments += ["--hooks-url", SITE, "--hooks-token", settings.BRAZE_WEBHOOK_TOKEN]
        arguments += ["--twilio-token", settings.TWILIO_AUTH_TOKEN]
        arguments += ["--site-url", SITE, "--limits"]
        main(arguments)
