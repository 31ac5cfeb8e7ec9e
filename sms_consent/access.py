"""Writing down who of the staff saw whose address, and who took data out (SEC-11)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from sms_consent import people
from sms_consent.models import AccessRecord

LONGEST_DETAIL = 500
Action = AccessRecord.Action


def agent(request: HttpRequest) -> str:
    """Return what the ledger calls the member of staff who does something for somebody."""
    return str(getattr(request.user, "email", "") or getattr(request.user, "external_id", ""))


def note(
    request: HttpRequest,
    action: str,
    what: str,
    *,
    object_id: Any = "",
    address: str = "",
    subject: str = "",
    detail: str = "",
) -> None:
    """Write one access down: of `address`, which is kept as its keyed hash, or of many. `detail` names no address.

    Whoever has only the keyed hash gives that, as `subject`.
    """
    write(
        str(getattr(request.user, "external_id", "")),
        action,
        what,
        object_id=object_id,
        subject=people.subject(address) if address else subject,
        detail=detail,
        ip=get_adapter().get_client_ip(request),
    )


def write(
    staff: str, action: str, what: str, *, object_id: Any = "", subject: str = "", detail: str = "", ip: str = ""
) -> None:
    """Write down what did not come by a web request: `staff` says who it was, or from where."""
    AccessRecord.objects.bulk_create(
        [
            AccessRecord(
                staff=staff,
                action=action,
                what=what,
                object_id=str(object_id),
                subject=subject,
                detail=detail[:LONGEST_DETAIL],
                ip=ip,
            )
        ]
    )
