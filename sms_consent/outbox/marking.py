"""Marking: done by whoever changes something, in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, F, Q, When
from django.utils import timezone

from optin_site import bulk, together
from sms_consent.choices import Channel, State, Told
from sms_consent.models import BrazeProfile, GlobalEmail, GroupMove, Outgoing, Subscription

NOTIFY_CHANNEL = "optin_outbox"
MOST_AT_ONCE = 500  # rows in a transaction: SQLite has one writer, and nobody may wait for it longer than 50 ms
MAX_ASKS = 2  # one prompt, and one more after a second look
UNSEEN: dict[str, Any] = {"seen": "", "seen_at": None}  # what Braze said before a change is no news after it


def new_version() -> int:
    """Return a token that no earlier version of a row had."""
    return secrets.randbits(62)


def touch(subscription: Subscription, *, before: str, is_sms: bool, now: datetime) -> None:
    """Mark a subscription whose state has changed from `before`; the caller saves it.

    What came to be known late may turn a consent into a request: Braze, which was told of a consent, hears of an
    opt-out then, as it had if everything had come in order. An opt-out takes the row out of whatever lease it is under:
    it waits for nobody (rule 4), and the worker that had it will find its lease gone and mark the row again (rule 7).
    """
    state = subscription.state
    renew(subscription, now)
    subscription.seen, subscription.seen_at = "", None
    if state == State.SUBSCRIBED and subscription.told == Told.SUBSCRIBED:
        subscription.told = Told.UNKNOWN  # there and back again: whatever was sent in between may still land
    if state == State.PENDING:
        subscription.asked = subscription.rides = 0
    if state == State.UNSUBSCRIBED:
        subscription.lease = subscription.leased_until = None
    if state in (State.SUBSCRIBED, State.UNSUBSCRIBED):
        subscription.owes_opt_out = state == State.UNSUBSCRIBED
    elif before == State.SUBSCRIBED and subscription.told not in (Told.NOTHING, Told.UNSUBSCRIBED):
        subscription.owes_opt_out = True
    is_no_news = state == State.NONE or (state == State.PENDING and not is_sms)  # a lapse, a mail's button to come
    if is_no_news and not subscription.owes_opt_out:
        subscription.due_at = None


RENEWED = ["version", "due_at", "marked_at", "attempts", "parked_at", "park_reason", "is_recheck"]


def renew(row: Outgoing, now: datetime) -> None:
    """Make a row due under a new version; the caller saves it."""
    for name, value in {"version": new_version(), **_since(now)}.items():
        setattr(row, name, value)


def mark(*people: models.Model) -> None:
    """Say that Braze may be out of date about these people. One statement; lifts parks."""
    each: dict[str, list[Any]] = {
        "person": [one.pk for one in people],
        "external_id": [one.external_id for one in people],  # type: ignore[attr-defined]
        "version": [new_version() for _ in people],
    }
    bulk.add(BrazeProfile, each, same=_since(timezone.now()), unique=["person"], update=RENEWED)


def mark_joined(emails: Iterable[str]) -> None:
    """Mark email addresses that have opted in: their holders, and whatever was about to be told of an opt-out."""
    joined = list(emails)
    opt_outs = GlobalEmail.objects.filter(pk__in=locked(GlobalEmail.objects.filter(address__among=joined)))
    opt_outs.update(version=new_version(), due_at=None, is_recheck=False)
    holders = locked(BrazeProfile.objects.filter(person__email__among=joined))
    _mark_profiles(BrazeProfile.objects.filter(pk__in=holders))


def locked(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Return a subquery that locks rows in the order of their ids, as workers do: an update has an order of its own."""
    return rows.order_by("pk").select_for_update(of=("self",)).values("pk")


def mark_left(*emails: str) -> None:
    """Mark email addresses that have opted out: their global state is told by address, at once.

    It waits for no lease that the row is under, and lifts a park.
    """
    each: dict[str, list[Any]] = {"address": [*emails], "version": [new_version() for _ in emails]}
    anew = [*RENEWED, "lease", "leased_until"]
    bulk.add(GlobalEmail, each, same=_since(timezone.now()), unique=["address"], update=anew)
    forget_email_state(emails)


def forget_email_state(emails: Collection[str]) -> None:
    """What Braze last accepted of the global state of whoever has these addresses holds no longer: tell it again."""
    holders = BrazeProfile.objects.filter(person__email__among=list(emails)).order_by("pk")
    found = list(holders.select_for_update(of=("self",)))  # not the person: a sign-up locks it the other way round
    now = timezone.now()
    for profile in found:
        if isinstance(profile.accepted, dict):  # or somebody's hand was in it, which is no reason to refuse an opt-out
            profile.accepted.pop("email_subscribe", None)
        renew(profile, now)
    if found:
        BrazeProfile.objects.bulk_update(found, ["accepted", *RENEWED])


def mark_waiting(limit: int, *, closed: Collection[int] = ()) -> int:
    """Mark up to `limit` people whose email consent has not reached Braze although their profile has; return how many.

    That is so after a stopped line, a changed group id, or a call that landed after it was overtaken. The worker does
    it in every turn that leaves nobody waiting: whoever makes an email consent due need not think of its holder.
    """
    waiting = Subscription.objects.filter(
        program__channel=Channel.EMAIL, state=State.SUBSCRIBED, due_at__lte=timezone.now(), parked_at__isnull=True
    )
    emails = waiting.exclude(told=Told.SUBSCRIBED).exclude(program__in=closed).values("address")
    is_settled = Q(due_at__isnull=True) | Q(is_recheck=True, leased_until=None)
    settled = BrazeProfile.objects.filter(is_settled, person__email__in=emails)
    ids = list(settled.values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    with transaction.atomic():
        rows = BrazeProfile.objects.select_for_update(skip_locked=True).filter(is_settled, pk__in=ids)
        return _mark_profiles(BrazeProfile.objects.filter(pk__in=list(rows.values_list("pk", flat=True))))


def _mark_profiles(profiles: models.QuerySet[BrazeProfile]) -> int:
    return profiles.update(**_renewed())


def erase(person: Any) -> None:
    """Have a person's profile deleted once their opt-outs are there; nothing else is told of them any more.

    Where Braze may have a nameless profile of theirs, made by a text, it becomes this one first and goes with it; who
    was to be merged into them goes as well.
    """
    # Only to be said again: the last call was answered, and tells until when something may land.
    BrazeProfile.objects.filter(person=person, is_recheck=True).update(is_unknown=False)
    mark(person)
    nameless = ~Q(claims_phone="")
    BrazeProfile.objects.filter(person=person).update(
        is_to_delete=True, is_unknown=Case(When(nameless, then=True), default=F("is_unknown"))
    )
    merging = BrazeProfile.objects.filter(person=None, merge_into=person.external_id)
    merging.update(merge_into="", is_to_delete=True, **_renewed())


def forget_erased(external_id: str) -> None:
    """Drop the profile of somebody whom Braze has deleted."""
    BrazeProfile.objects.filter(external_id=external_id, is_to_delete=True).delete()


def forget_emails(emails: Iterable[str]) -> None:
    """Drop global opt-outs that Braze has been told of, because their addresses are not kept any more."""
    GlobalEmail.objects.filter(address__in=list(emails), due_at=None).delete()


def delete_away(profiles: models.QuerySet[BrazeProfile]) -> None:
    """Have these people's Braze profiles deleted; their rows here are about to go."""
    profiles.update(person=None, is_to_delete=True, **_renewed())


def forget_group(program_id: int) -> None:
    """A program moved to another subscription group: what its old group was told is unknown for the new one.

    Only says so, with the change and in its transaction; `forget_some` does it, however long that takes.
    """
    GroupMove.objects.bulk_create(
        [GroupMove(program_id=program_id)], update_conflicts=True, unique_fields=["program"], update_fields=["done_to"]
    )


def moving() -> set[str]:
    """Return the slugs of programs of which `forget_some` has something left to forget."""
    return set(GroupMove.objects.values_list("program__slug", flat=True))


def forget_some() -> bool:
    """Forget what the old group was told of the next subscriptions of a program that moved; False if none did.

    How far that has got is noted in the same transaction: whoever comes next, after a crash too, goes on from there.
    """
    if not GroupMove.objects.exists():  # looked at in every round: not for that a write transaction
        return False
    with transaction.atomic():
        move = GroupMove.objects.select_for_update().order_by("pk").first()
        return move is not None and _go_on(move)


def _go_on(move: GroupMove) -> bool:
    # Of whatever program: the primary key finds these at once, whatever the database knows of the table.
    following = Subscription.objects.filter(pk__gt=move.done_to).order_by("pk")
    window = list(following.values_list("pk", "program_id")[:MOST_AT_ONCE])
    if not window:
        move.delete()
        return True
    _forget([pk for pk, program in window if program == move.program_id])
    GroupMove.objects.filter(pk=move.pk).update(done_to=window[-1][0])
    return True


def _forget(ids: list[int]) -> None:
    rows = Subscription.objects.filter(pk__in=ids)
    list(rows.select_for_update().order_by("pk").values_list("pk"))  # in the order in which services lock them
    told = _tellable(rows).exclude(told=Told.NOTHING, due_at=None)
    told.update(told=Told.UNKNOWN, **UNSEEN, **_renewed())
    rows.update(told_at=None, looked_at=None, asked=0, rides=0)


def send_again(rows: models.QuerySet[Any]) -> int:
    """Lift the parks of these rows and make them due; return how many. Only marks, never sends."""
    if rows.model is Subscription:
        rows = _tellable(rows).exclude(state=State.PENDING, asked__gte=MAX_ASKS)  # nobody is asked a third time
        return rows.update(told=Told.UNKNOWN, **UNSEEN, **_renewed())
    unsure = {"is_unknown": True} if rows.model is BrazeProfile else {}
    return rows.update(**unsure, **_renewed())


def insist(subscription: int) -> None:
    """Have Braze told `unsubscribed` where it says otherwise and there is no consent here.

    Due with the state `none` means just that; it takes no record, for nobody has done anything.
    """
    _insist(subscription, State.UNSUBSCRIBED, State.NONE)


def insist_later(subscriptions: Collection[int], at: datetime) -> None:
    """Have Braze told once more of these opt-outs: a handset has answered there what it was asked before it left.

    It did so at `at`: what has been asked for since then waits for that, as for every opt-out. In five minutes, for the
    word that opts in anew, and that the answer belongs to, may be on its way to us. What is being told at this moment
    was built before, and is told again.
    """
    asked_since = Q(state=State.PENDING, left_at__isnull=False, requested_at__gt=at)
    known = Subscription.objects.filter(pk__in=subscriptions, parked_at=None).exclude(address="")  # not who was erased
    rows = known.filter(Q(state=State.UNSUBSCRIBED) | asked_since)
    later = timezone.now() + settings.BRAZE_RECHECK_AFTER
    rows.filter(due_at=None).update(version=new_version(), owes_opt_out=True, due_at=later, is_recheck=True)
    rows.filter(due_at__lt=later).update(version=new_version(), owes_opt_out=True)


def insist_on_consent(subscription: int) -> bool:
    """Have Braze told `subscribed` where it said otherwise and there is consent here; return whether there is."""
    return _insist(subscription, State.SUBSCRIBED)


def _insist(subscription: int, *states: State) -> bool:
    rows = Subscription.objects.filter(pk=subscription, state__in=states)
    return bool(rows.update(told=Told.UNKNOWN, **UNSEEN, **_renewed()))


def _renewed() -> dict[str, Any]:
    return {"version": new_version(), **_since(timezone.now())}


def _since(now: datetime) -> dict[str, Any]:
    return {"due_at": now, "marked_at": now, "attempts": 0, "parked_at": None, "park_reason": "", "is_recheck": False}


def _tellable(rows: models.QuerySet[Subscription]) -> models.QuerySet[Subscription]:
    """Leave out what is no news for Braze (see `touch`, and `insist`), and whose address was erased."""
    known = rows.exclude(address="").exclude(state=State.NONE, due_at=None)
    return known.exclude(state=State.PENDING, program__channel=Channel.EMAIL)


def wake() -> None:
    """Tell waiting workers that something is due, when this transaction commits. PostgreSQL only."""
    if connection.vendor == "postgresql":
        together.ask("SELECT pg_notify(%s, '')", [NOTIFY_CHANNEL])
