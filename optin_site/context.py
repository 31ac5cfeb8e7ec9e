"""What every template may use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def brand(request: HttpRequest | None = None) -> dict[str, str]:
    """Return the brand's name and contacts, and where its terms and privacy policy are."""
    return {
        "brand_name": settings.BRAND_NAME,
        "brand_address": settings.BRAND_ADDRESS,
        "support_email": settings.SUPPORT_EMAIL,
        "support_phone": settings.SUPPORT_PHONE,
        "sms_number": settings.SMS_NUMBER,
        "site_url": settings.SITE_URL,
        "terms_url": settings.TERMS_URL or "/terms/",
        "privacy_url": settings.PRIVACY_URL or "/privacy/",
    }
