"""Steps that run within the site, on its database: `python -m tests.chaos.inside STEP` prints JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import django
from django.db.models import F, Q


def unsettled() -> dict[str, int]:
    """Return how much is still to be told to Braze, or mailed; what is parked will not be, and counts."""
    from django.utils import timezone
    from post_office.mail import get_queued

    from sms_consent.models import BrazeLine, BrazeProfile, GlobalEmail, InboundMessage, Subscription

    under_way = Q(leased_until__gt=timezone.now())  # a claim that nobody will settle any more ends by itself
    open_ = under_way | Q(due_at__isnull=False) | Q(parked_at__isnull=False)
    found = {model.__name__: model._default_manager.filter(open_).count() for model in (Subscription, BrazeProfile)}
    found["GlobalEmail"] = GlobalEmail.objects.filter(open_).count()
    found["BrazeLine"] = BrazeLine.objects.count()
    found["hints"] = InboundMessage.objects.filter(outcome=InboundMessage.Outcome.WAITING).count()
    found["mails"] = get_queued().count()
    return {name: count for name, count in found.items() if count}


def hurry() -> int:
    """Let the time pass for which failed calls back off; what is to be said again in five minutes waits for those."""
    from django.utils import timezone

    from sms_consent.models import BrazeProfile, GlobalEmail, Subscription

    now, backing_off = timezone.now(), Q(attempts__gt=0, due_at__gt=timezone.now())
    rows = (Subscription, BrazeProfile, GlobalEmail)
    return sum(model._default_manager.filter(backing_off, is_recheck=False).update(due_at=now) for model in rows)


def books() -> dict[str, Any]:
    """Return what the ledger says of every address, the state that its row says, and how many records there are."""
    from accounts.models import User
    from sms_consent.models import ConsentRecord, Program, Subscription

    rows = Subscription.objects.select_related("program").order_by("pk")
    return {
        "rows": [[row.address, row.program.subscription_group_id, row.state, _folded(row)] for row in rows],
        "people": {one.external_id: [one.email, one.phone_number] for one in User.objects.all()},
        "emails": list(Program.objects.filter(channel="email").values_list("subscription_group_id", flat=True)),
        "records": ConsentRecord.objects.count(),
    }


def _folded(row: Any) -> str:
    """Fold the address's records anew."""
    from sms_consent import states
    from sms_consent.models import ConsentRecord

    names = ("id", "act", "source", "occurred_at", "stops", "proven", "request_id")
    records = ConsentRecord.objects.filter(subject=row.subject, program=row.program)
    found = records.values_list(*names, F("request__occurred_at"))
    return str(states.fold_all(states.Happening(*record) for record in found).state)


def histories(*addresses: str) -> list[str]:
    """Return what is known of these addresses, or of people by their external_id: a line for each record and row."""
    from sms_consent.models import BrazeProfile, ConsentRecord, Subscription
    from sms_consent.people import subject

    lines = []
    for address in addresses:
        for it in ConsentRecord.objects.filter(subject=subject(address)).order_by("id"):
            lines.append(f"{address}: {it.act} ({it.source}) at {it.occurred_at}, recorded at {it.recorded_at}")
        for row in Subscription.objects.filter(address=address):
            moments = ", ".join(
                f"{name} {getattr(row, name)}" for name in ("told_at", "looked_at", "opened_at", "seen_at")
            )
            lines.append(f"{address}: {row.state}, Braze was told {row.told or 'nothing'}; {moments}")
        for it in BrazeProfile.objects.filter(
            Q(external_id=address) | Q(person__email=address) | Q(person__phone=address)
        ):
            lines.append(f"{address}: the profile {it.external_id}, told {it.accepted} at {it.accepted_at}")
    return lines


STEPS: dict[str, Callable[..., Any]] = {step.__name__: step for step in (unsettled, hurry, books, histories)}

if __name__ == "__main__":
    django.setup()
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
