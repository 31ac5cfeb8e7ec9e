"""What django-allauth asks of the site about second factors."""

from __future__ import annotations

import io
from typing import Any, ClassVar

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings


class Adapter(DefaultMFAAdapter):
    """QR codes are drawn as the site's others are; the app names the brand."""

    error_messages: ClassVar[dict[str, Any]] = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong, or was used already. Take the next one that your app shows.",
    }

    def get_totp_issuer(self) -> str:
        """Return what the app shows above the code."""
        return str(settings.BRAND_NAME)

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code on white in any light."""
        drawing = io.BytesIO()
        segno.make_qr(url, error="m").save(drawing, kind="svg", scale=4, light="#fff", xmldecl=False)
        return drawing.getvalue().decode()
