"""What tests of erasures share: waiting until one is through, and looking for what is left."""

from __future__ import annotations

from django.apps import apps

from sms_consent.models import Disclosure, Evidence, Keyword
from sms_consent.people import subject
from tests.people import Deliver
from tests.sms_consent.delivery.helpers import SIX_MINUTES, later

DELETE = "/users/delete"


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
    """Return the tables and columns that still hold one of these strings, in whatever form; of all that there are."""
    found = []
    for model in set(apps.get_models()) - {Disclosure, Keyword}:  # everybody reads those
        for row in model._default_manager.values():
            found += [f"{model.__name__}.{name}" for name, it in row.items() if any(one in str(it) for one in names)]
    return sorted(set(found))
