"""Writing down who of the staff saw whose address, and who took data out (SEC-11)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from sms_consent import people
from sms_consent.models import AccessRecord

LONGEST_DETAIL = 500
Action = AccessRecord.Action


def note(
    request: HttpRequest, action: str, what: str, *, object_id: Any = "", address: str = "", detail: str = ""
) -> None:
    """Write one access down: of `address`, which is kept as its keyed hash, or of many. `detail` names no address."""
    AccessRecord.objects.bulk_create(
        [
            AccessRecord(
                staff=str(getattr(request.user, "external_id", "")),
                action=action,
                what=what,
                object_id=str(object_id),
                subject=people.subject(address) if address else "",
                detail=detail[:LONGEST_DETAIL],
                ip=get_adapter().get_client_ip(request),
            )
        ]
    )
