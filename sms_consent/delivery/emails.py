"""The global state of email addresses, told by address in the opt-outs' own lane (design.md §4.2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q

from sms_consent import outbox
from sms_consent.braze.client import EMAIL_STATUS
from sms_consent.choices import Channel, State, Told
from sms_consent.delivery.jobs import ACCEPTED, CallJob, by_luck
from sms_consent.delivery.pipeline import Courier, Job
from sms_consent.models import GlobalEmail, Subscription
from sms_consent.outbox import Claim, Outcome


def global_email_jobs(courier: Courier, limit: int) -> tuple[list[Job], int]:
    """Return the calls for addresses that are due, up to 50 each, and how many rows were claimed."""
    claims = courier.took(outbox.claim_global_emails(limit)) if courier.is_open(EMAIL_STATUS) else []
    return [GlobalEmailJob(courier=courier, claims=some) for some in by_luck(claims)], len(claims)


@dataclass(kw_only=True)
class GlobalEmailJob(CallJob):
    """`/email/status` for up to 50 addresses.

    Who is still on an email program stays as they are, and so does who has left none: saying "this wasn't me" to a
    request must not end what an address gets from elsewhere (rule 11).
    """

    endpoint = EMAIL_STATUS

    def settle(self, outcomes: Mapping[Claim, Outcome]) -> None:
        """Write outcomes down."""
        self.courier.settlements.add(outbox.settle_global_emails, outcomes)

    def build(self) -> Callable[[], Any] | None:
        """Load the addresses, and leave out who has not left everything."""
        by_id = {claim.id: claim for claim in self.claims}
        rows = GlobalEmail.objects.filter(pk__in=by_id)
        loaded = {by_id[row.pk]: row.address for row in rows if row.version == by_id[row.pk].version}
        self.give_back(claim for claim in self.claims if claim not in loaded)
        gone = _gone_for_good(loaded.values())
        self.finish({claim: ACCEPTED for claim, address in loaded.items() if address not in gone})
        emails = [loaded[claim] for claim in self.claims]
        return partial(self.courier.client.unsubscribe_emails, emails) if emails else None


def _gone_for_good(addresses: Collection[str]) -> set[str]:
    """Return those that have left an email program, whatever was asked for since, and are on none."""
    rows = Subscription.objects.filter(program__channel=Channel.EMAIL, address__in=addresses)
    has_left = Q(state=State.UNSUBSCRIBED) | Q(owes_opt_out=True) | Q(told=Told.UNSUBSCRIBED)
    on = set(rows.filter(state=State.SUBSCRIBED).values_list("address", flat=True))
    return set(rows.filter(has_left).values_list("address", flat=True)) - on
