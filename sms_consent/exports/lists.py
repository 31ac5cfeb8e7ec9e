"""Who is subscribed now, and who must be left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, Min, Q, QuerySet
from django.db.models.functions import Cast

from sms_consent.choices import Act, State
from sms_consent.exports.paging import attach, pages
from sms_consent.exports.writing import Row, utc
from sms_consent.models import ConsentRecord, Subscription

SUBSCRIBED_COLUMNS = ("address", "channel", "program", "since", "request", "external_id")
SUPPRESSED_COLUMNS = ("address", "subject", "program", "left_at", "stopped")


def subscribed() -> QuerySet[Any]:
    """Return the subscriptions that stand subscribed, and no others (EM-15)."""
    return Subscription.objects.filter(state=State.SUBSCRIBED)


def suppressed() -> QuerySet[Any]:
    """Return the subscriptions whose address has left a program and has not come back.

    Whoever asked to join again after an opt-out and has not confirmed it, or let it lapse, has not come back.
    """
    has_left = Q(state=State.UNSUBSCRIBED) | Q(left_at__isnull=False)
    return Subscription.objects.filter(has_left).exclude(state=State.SUBSCRIBED)


def subscribed_pages(subscriptions: QuerySet[Any]) -> Iterator[list[Row]]:
    """Yield who is subscribed to what and since when, in pages; six queries a page."""
    for page in pages(subscriptions.select_related(None).only("program", "address", "request")):
        attach(page, "program")
        since, holders = _since(row.request_id for row in page), _holders(page)
        yield [_subscribed(row, since.get(row.request_id), holders[row.address]) for row in page]


def _subscribed(row: Subscription, since: datetime | None, holders: list[str]) -> Row:
    return {
        "address": row.address,
        "channel": row.program.channel,
        "program": row.program.slug,
        "since": utc(since),
        "request": row.request_id,
        "external_id": " ".join(holders),
    }


def _since(requests: Iterable[int | None]) -> dict[int | None, datetime]:
    """Return when each of these requests was confirmed or, without that, made."""
    ids = [one for one in requests if one]
    made = ConsentRecord.objects.filter(pk__among=ids).values_list("pk", "occurred_at")
    answers = ConsentRecord.objects.filter(act=Act.CONFIRMED, request__id__among=ids).order_by()
    return dict(made) | dict(answers.values_list("request").annotate(Min("occurred_at")))


def _holders(page: list[Subscription]) -> dict[str, list[str]]:
    """Return the external_ids of whoever has these addresses today; families share numbers.

    The database compares the addresses and casts them to text: parsing each number here would take longer than all
    the rest.
    """
    holders = defaultdict[str, list[str]](list)
    here = Subscription.objects.filter(pk__in=[row.pk for row in page]).values("address")
    for name in ("email", "phone"):
        found = get_user_model()._default_manager.filter(**{f"{name}__in": here}).order_by("pk")
        for address, external_id in found.values_list(Cast(name, CharField()), "external_id"):
            holders[address].append(external_id)
    return holders


def suppressed_pages(subscriptions: QuerySet[Any]) -> Iterator[list[Row]]:
    """Yield what keeps an address from being written to, in pages, and nothing else of it (EM-15).

    The address is empty where it was erased. Its keyed hash is how this site knows it again.
    """
    needed = ("program", "address", "subject", "left_at", "stopped_at")
    for page in pages(subscriptions.select_related(None).only(*needed)):
        attach(page, "program")
        yield [
            {
                "address": row.address,
                "subject": row.subject,
                "program": row.program.slug,
                "left_at": utc(row.left_at),
                "stopped": row.stopped_at is not None,
            }
            for row in page
        ]
