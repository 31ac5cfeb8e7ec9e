"""What tests of erasures share: waiting until one is through, and looking for what is left."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from post_office.models import Email

from accounts.models import Confirmation, User
from sms_consent.models import (
    AccessRecord,
    BrazeProfile,
    ConsentRecord,
    Erasure,
    Evidence,
    GlobalEmail,
    InboundMessage,
    Subscription,
)
from sms_consent.people import subject
from tests.people import Deliver
from tests.sms_consent.delivery.helpers import SIX_MINUTES, later

DELETE = "/users/delete"
TABLES = (User, EmailAddress, Confirmation, Email, LogEntry, BrazeProfile, Erasure, GlobalEmail)
TABLES += (Evidence, InboundMessage, Subscription, ConsentRecord, AccessRecord)


def finish(deliver: Deliver) -> None:
    """Tell the opt-outs, wait until no earlier call can land after them, tell them again, delete, and blank."""
    deliver()
    later(SIX_MINUTES)
    deliver()
    later(SIX_MINUTES)
    assert deliver() == 0


def evidence_of(address: str) -> list[bool]:
    """Return, for each record of an address in turn, whether its evidence is still there."""
    rows = Evidence.objects.filter(record__subject=subject(address)).order_by("pk")
    assert all(bool(row.payload) == bool(row.salt) for row in rows)
    return [bool(row.payload) for row in rows]


def left(*names: str) -> list[str]:
    """Return the tables and columns that still hold one of these strings, in whatever form."""
    found = []
    for model in TABLES:
        for row in model._default_manager.values():
            found += [f"{model.__name__}.{name}" for name, it in row.items() if any(one in str(it) for one in names)]
    return sorted(set(found))
