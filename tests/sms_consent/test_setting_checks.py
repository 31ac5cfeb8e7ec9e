"""Slips in single settings, with which a site starts: the deploy check names each."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

RIGHT = {
    "TRUSTED_PROXY_COUNT": 1,
    "JURISDICTIONS": ["US", "GB"],
    "STORAGE_LOCATIONS": ["IE"],
    "SUPPORT_EMAIL": "support@example.com",
    "SMS_NUMBER": "+1 202-555-0100",
    "TERMS_URL": "https://example.com/terms",
    "PRIVACY_URL": "http://example.com/privacy?a=b",
    "METRICS_TOKEN": "m" * 16,
    "BRAZE_WEBHOOK_TOKEN": "h" * 16,
}
SLIPS = {f"sms_consent.W{number:03}" for number in range(11, 17)}


def said(settings: Any, **changes: Any) -> list[str]:
    """Return what the deploy check says of slips, with these changes to what is right."""
    for name, value in (RIGHT | changes).items():
        setattr(settings, name, value)
    return [found.msg for found in run_checks(include_deployment_checks=True) if found.id in SLIPS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXY_COUNT", 0),
        ("JURISDICTIONS", ["US", "GERMANY"]),
        ("JURISDICTIONS", ["UK"]),
        ("STORAGE_LOCATIONS", ["EU-WEST-1"]),
        ("SUPPORT_EMAIL", "https://example.com/help"),
        ("SMS_NUMBER", "(202) 555-0100"),
        ("SMS_NUMBER", "+1202555"),
        ("TERMS_URL", "example.com/terms"),
        ("PRIVACY_URL", "javascript:alert(1)"),
        ("METRICS_TOKEN", "s3cret"),
        ("BRAZE_WEBHOOK_TOKEN", "s3cret"),
    ],
)
def test_a_slip_is_named_alone(settings: Any, name: str, value: object) -> None:
    (words,) = said(settings, **{name: value})
    assert (words.startswith(f"{name} "), "s3cret" in words) == (True, False), words


@pytest.mark.parametrize("empty", ["", "SMS_NUMBER TERMS_URL PRIVACY_URL METRICS_TOKEN BRAZE_WEBHOOK_TOKEN"])
def test_what_is_right_or_may_be_empty_is_not(settings: Any, empty: str) -> None:
    assert said(settings, **dict.fromkeys(empty.split(), "")) == []
    assert said(settings, SMS_NUMBER="12345") == []
