"""The mails we write. They go into the queue; `manage.py send_mail` sends them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from sms_consent.models import Disclosure


def send_confirmation(*, email: str, link: str, base_url: str, disclosures: Sequence[Disclosure]) -> None:
    """Queue the mail of a sign-up: the same for every kind of visitor, without a word that they typed (EM-6, SEC-8)."""
    context = {
        "link": link,
        "base_url": base_url,
        "disclosures": disclosures,
        "brand_name": settings.BRAND_NAME,
        "brand_address": settings.BRAND_ADDRESS,
        "support_email": settings.SUPPORT_EMAIL,
    }
    mail = EmailMultiAlternatives(
        subject=render_to_string("accounts/emails/confirm-subject.txt", context).strip(),
        body=render_to_string("accounts/emails/confirm-body.txt", context),
        to=[email],
    )
    mail.attach_alternative(render_to_string("accounts/emails/confirm-body.html", context), "text/html")
    mail.send()
