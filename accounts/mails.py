"""The mails we write. They go into the queue; `manage.py send_mail` sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from optin_site.context import brand
from optin_site.languages import in_this_language
from sms_consent import receipts
from sms_consent.models import Disclosure


def send_confirmation(*, email: str, link: str, base_url: str, disclosures: Sequence[Disclosure]) -> None:
    """Queue the mail of a sign-up: the same for every kind of visitor, without a word that they typed (EM-6, SEC-8)."""
    receipt = base_url + receipts.path_of(email)
    links = {"link": in_this_language(link), "receipt": in_this_language(receipt)}
    _queue("confirm", email, {**links, "base_url": base_url, "disclosures": disclosures})


def send_code(*, email: str, code: str) -> None:
    """Queue the mail with the code that makes an address somebody's new one."""
    _queue("new-address", email, {"code": code})


def _queue(name: str, email: str, context: dict[str, Any]) -> None:
    context = brand() | context
    mail = EmailMultiAlternatives(
        subject=render_to_string(f"accounts/emails/{name}-subject.txt", context).strip(),
        body=render_to_string(f"accounts/emails/{name}-body.txt", context),
        to=[email],
    )
    mail.attach_alternative(render_to_string(f"accounts/emails/{name}-body.html", context), "text/html")
    mail.send()
