"""Riders: subscriptions that travel in a call about a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from optin_site.lookups import holds
from sms_consent import people
from sms_consent.choices import Channel, State, Told
from sms_consent.models import Subscription
from sms_consent.outbox.marking import MAX_ASKS, locked
from sms_consent.outbox.settling import FREE, fresh, mark_again


def open_riders(addresses: Collection[str]) -> None:
    """Note that a call for these addresses is about to be opened. Load their state after this, not before.

    What the call does not tell, numbers that is, has mostly been noted a moment ago, when their own call was opened:
    before an opt-out that waits to be told or repeated, so with one it is noted anew.
    """
    now = timezone.now()
    travelling = Q(state=State.SUBSCRIBED) | Q(state=State.PENDING, program__channel=Channel.SMS)
    rows = Subscription.objects.filter(travelling, address__among=addresses)
    is_noted = holds(opened_at__gt=now - fresh(), owes_opt_out=False)
    with transaction.atomic():
        people.lock(addresses)
        found = list(rows.values_list("id", is_noted, "program__channel", "state", "told"))
        carried = [pk for pk, _, *how in found if _is_carried(*how)]
        others = [pk for pk, is_noted, *how in found if not is_noted and not _is_carried(*how)]
        _lock([*carried, *others])
        for ids, changes in ((carried, {"told": Told.UNKNOWN}), (others, {})):
            if ids:
                Subscription.objects.filter(pk__among=ids).update(opened_at=now, **changes)


def _is_carried(channel: str, state: str, told: str) -> bool:
    """Whether the call is the one that tells it: so it is with emails, while numbers have a call of their own."""
    return channel == Channel.EMAIL and state == State.SUBSCRIBED and told != Told.SUBSCRIBED


def _lock(ids: Collection[int]) -> dict[int, int]:
    """Lock these, all at once: in the order of their ids, whatever is done to each. Return their versions by id."""
    rows = Subscription.objects.filter(pk__among=ids).order_by("pk").select_for_update()
    return dict(rows.values_list("pk", "version")) if ids else {}


def open_rides(subscriptions: Collection[int]) -> None:
    """Count a call about a person that is to start these requests, before it is made."""
    if subscriptions:
        _count_rides(Subscription.objects.filter(pk__among=subscriptions), 1)


def close_rides(subscriptions: Collection[int]) -> None:
    """Take back the count of a call that Braze says has failed."""
    if subscriptions:
        _count_rides(Subscription.objects.filter(pk__among=subscriptions, rides__gt=0), -1)


@transaction.atomic
def _count_rides(rows: QuerySet[Subscription], more: int) -> None:
    Subscription.objects.filter(pk__in=locked(rows)).update(rides=F("rides") + more)


def settle_riders(
    versions: Mapping[int, int],
    addresses: Collection[str],
    *,
    accepted: Collection[int],
    started: Collection[int] = (),
) -> None:
    """Settle subscriptions of these addresses that travelled in people's calls.

    `versions` maps each one's id to its version when it was loaded; `accepted` are the ids of the email
    consents that Braze took, `started` those of the requests that no call need carry any more. Whatever changed
    meanwhile is marked again: the call may land after it.
    """
    with transaction.atomic():
        people.lock(addresses)
        found = Subscription.objects.filter(pk__among=versions).values_list("id", "version")
        changed = [pk for pk, version in found if version != versions[pk]]
        now_at = _lock([*changed, *accepted, *started])
        mark_again([pk for pk, version in now_at.items() if version != versions[pk]])
        same = [pk for pk in accepted if now_at.get(pk) == versions[pk]]
        if same:
            changes = {"told": Told.SUBSCRIBED, "told_at": timezone.now(), "due_at": None, "is_recheck": False, **FREE}
            Subscription.objects.filter(pk__among=same).update(**changes)
        same = [pk for pk in started if now_at.get(pk) == versions[pk]]
        if same:
            Subscription.objects.filter(pk__among=same).update(rides=MAX_ASKS)
