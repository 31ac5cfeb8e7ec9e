"""Braze over HTTP: knows its calls, its errors and its limits, and nothing of the database."""

from sms_consent.braze.client import BrazeClient
from sms_consent.braze.errors import BrazeError, Misconfigured, Refused, TryLater
from sms_consent.braze.limits import Pace
from sms_consent.braze.reader import Reader

__all__ = ["BrazeClient", "BrazeError", "Misconfigured", "Pace", "Reader", "Refused", "TryLater"]
