"""How an offer is shown in an app."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from sms_consent import disclosures
from sms_consent.selectors import Offer


def shown(offer: Offer) -> dict[str, Any]:
    """Return an offer with everything that must stand beside its box or button (CTA-6, CTA-15)."""
    program, words = offer.program, offer.disclosure
    return {
        "program": program.slug,
        "name": program.name,
        "channel": program.channel,
        "sender": program.sender,
        "disclosure": offer.version,
        "language": words.language,
        "label": words.label,
        "button": words.button_label,
        "words": words.words,
        "pieces": [{"text": text, "url": absolute(link)} for text, link in disclosures.links(words.words)],
    }


def absolute(link: str) -> str:
    """Return a link as it works from outside a browser."""
    return f"{settings.SITE_URL}{link}" if link.startswith("/") else link
