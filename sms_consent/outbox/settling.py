"""Settling: what came of a call, by version, and only under a live lease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from optin_site import bulk
from optin_site.lookups import holds
from sms_consent import people
from sms_consent.choices import Channel, State, Told
from sms_consent.models import BrazeProfile, GlobalEmail, Outgoing, Subscription
from sms_consent.outbox.claims import Claim
from sms_consent.outbox.holders import ONE_OR_ANOTHER
from sms_consent.outbox.marking import MAX_ASKS, UNSEEN, forget_email_state, locked, new_version


@dataclass(frozen=True)
class Outcome:
    """What came of a claim: accepted, to be tried again at `retry_at`, or parked with `reason`.

    `is_known` says that Braze certainly did not apply the call, so that what it was told before still holds.
    `is_answered` says that Braze itself called it failed. `counts` is false where the row is not to blame: a stopped
    line, a rate limit.
    """

    accepted: bool = False
    retry_at: datetime | None = None
    reason: str = ""
    is_known: bool = True
    is_answered: bool = True
    counts: bool = True


def settle_subscriptions(told: str, outcomes: Mapping[Claim, Outcome]) -> None:
    """Write down what came of calls that carried `told` for these subscriptions: `unknown` where nothing was told."""
    with transaction.atomic():
        people.lock(claim.address for claim in outcomes)  # services lock rows in orders of their own, but these before
        live, overtaken = _sort(Subscription, outcomes)
        mark_again(overtaken)
        for outcome, claims in _group(live).items():
            if outcome.accepted:
                _accept(claims, told)
            else:
                _give_back(claims, outcome, is_looked=told != Told.UNKNOWN)


def _accept(claims: list[Claim], told: str) -> None:
    now = timezone.now()
    later = now + settings.BRAZE_RECHECK_AFTER
    again = Q(pk__in=[])
    if told == Told.ASKED:
        again = Q(asked__lt=MAX_ASKS)
    if told == Told.UNSUBSCRIBED:
        # Braze applies calls in any order: whatever else was sent may still land after this (rule 7).
        again = _is_to_be_repeated(claims)
    # A request that was made before the opt-out before it had been told has waited for this.
    asks = Q(state=State.PENDING, program__channel=Channel.SMS) if told == Told.UNSUBSCRIBED else Q(pk__in=[])
    asking = list(_rows(Subscription, claims).filter(asks).exclude(again).values_list("pk", flat=True))
    _rows(Subscription, claims).update(
        told=told,
        told_at=now,
        looked_at=Coalesce(F("looked_at"), Value(now)),  # of what is said there from here on, see `note_looked`
        due_at=Case(
            When(again, then=Value(later)),
            When(pk__in=asking, then=Value(now)),
            default=None,
            output_field=models.DateTimeField(),
        ),
        is_recheck=Case(When(again, then=True), default=False),
        owes_opt_out=Case(When(again, then=F("owes_opt_out")), default=False),
        **UNSEEN,
        **FREE,
    )


def _give_back(claims: list[Claim], outcome: Outcome, *, is_looked: bool) -> None:
    rows = _rows(Subscription, claims)
    looked = {"looked_at": Coalesce(F("looked_at"), Value(timezone.now()))} if is_looked else {}
    rows.update(**_failure(outcome), **looked)
    if not outcome.is_answered:
        # Nobody knows whether it was applied. A prompt is not asked for again before the second look.
        pending = rows.filter(state=State.PENDING, owes_opt_out=False)
        later = max(claim.claimed_at for claim in claims) + settings.BRAZE_RECHECK_AFTER
        pending.filter(asked__lt=MAX_ASKS).update(due_at=later, is_recheck=True)
        pending.filter(asked__gte=MAX_ASKS).update(due_at=None, is_recheck=False)
        return
    before = {
        claim: (claim.told if outcome.is_known else Told.UNKNOWN, claim.asked, claim.was_recheck) for claim in claims
    }
    for (told, asked, was_recheck), same in _group(before).items():
        _rows(Subscription, same).update(told=told, asked=asked, is_recheck=was_recheck)


def settle_global_emails(outcomes: Mapping[Claim, Outcome]) -> None:
    """Write down what came of telling global email opt-outs. One that was overtaken may undo the opt-in since."""
    with transaction.atomic():
        people.lock(_rows(GlobalEmail, outcomes).values_list("address", flat=True))
        live, overtaken = _sort(GlobalEmail, outcomes)
        for outcome, claims in _group(live).items():
            if outcome.accepted:
                _accept_global_emails(claims)
            else:
                _rows(GlobalEmail, claims).update(**_failure(outcome))
        addresses = GlobalEmail.objects.filter(pk__among=overtaken).values_list("address", flat=True)
        forget_email_state(list(addresses))


def _accept_global_emails(claims: list[Claim]) -> None:
    now = timezone.now()
    since = _five_minutes_before(claims)
    opened = Subscription.objects.filter(address=OuterRef("address"))
    lately, exactly = (Exists(opened.filter(opened_at__gt=at)) for at in (since - fresh(), since))
    again = Q(lately, is_recheck=False) | Q(exactly)
    _rows(GlobalEmail, claims).update(
        told_at=now,
        due_at=Case(
            When(again, then=Value(now + settings.BRAZE_RECHECK_AFTER)),
            default=None,
            output_field=models.DateTimeField(),
        ),
        is_recheck=Case(When(again, then=True), default=False),
        **FREE,
    )


def note_left(subscription: int) -> None:
    """Braze itself said that this one has left: there is nothing to tell it."""
    rows = Subscription.objects.filter(pk=subscription, state=State.UNSUBSCRIBED)
    rows.update(
        told=Told.UNSUBSCRIBED, told_at=timezone.now(), due_at=None, is_recheck=False, owes_opt_out=False, **FREE
    )


@transaction.atomic
def note_looked(claims: Collection[Claim]) -> None:
    """Braze's state of these was read, or is about to be our own doing: what it says later is nobody's earlier STOP.

    Written down before opt-outs, and before prompts, since Braze keeps a number that it asks unsubscribed. Of consents
    it is written down with what came of the call: of those it says what they are, or what the handset has said since.
    """
    unchanged = _rows(Subscription, claims).filter(version__among=[claim.version for claim in claims])
    Subscription.objects.filter(pk__in=locked(unchanged)).update(looked_at=timezone.now())


def settle_profiles(
    outcomes: Mapping[Claim, Outcome], accepted: Mapping[int, Mapping[str, Any]], again: Mapping[int, timedelta]
) -> None:
    """Write down what came of calls about people. `accepted` maps a profile's id to what Braze has of it from now on.

    That is what it had when the call was built, and what the call has changed: any other change makes a new version.
    `again` says after how long some are told again: at once what there is more, later everything once more (rule 7).
    """
    with transaction.atomic():
        live, overtaken = _sort(BrazeProfile, outcomes)
        if overtaken:
            BrazeProfile.objects.filter(pk__among=overtaken).update(
                is_unknown=True, is_recheck=False, due_at=timezone.now()
            )
        for outcome, claims in _group(live).items():
            if outcome.accepted:
                _accept_profiles(claims, accepted)
                _tell_again(claims, again)
            else:
                _rows(BrazeProfile, claims).update(**_failure(outcome), is_recheck=False)
                known = [claim for claim in claims if outcome.is_known and not claim.was_unknown]
                _rows(BrazeProfile, known).update(is_unknown=False)


def settle_identities(outcomes: Mapping[Claim, Outcome]) -> None:
    """Write down what came of giving people the profiles that texts made. Who has theirs is told of next.

    Braze merges a nameless profile into a person's whichever of the two calls it applies first (P-identify). The
    person's has its number from then on, and its states.
    """
    with transaction.atomic():
        for outcome, claims in _group(_sort(BrazeProfile, outcomes)[0]).items():
            if not outcome.accepted:
                _rows(BrazeProfile, claims).update(**_failure(outcome))
                continue
            accepted = {}
            for pk, before, came, phone in _rows(BrazeProfile, claims).values_list(
                "pk", "accepted", "claims_phone", "person__phone"
            ):
                brought = ONE_OR_ANOTHER if came == phone else came  # which is to be taken away then
                accepted[pk] = {**before, "phone": before.get("phone") or brought}
            bulk.update(BrazeProfile, "accepted", accepted, {"claims_phone": "", "due_at": timezone.now(), **FREE})


def _accept_profiles(claims: list[Claim], accepted: Mapping[int, Mapping[str, Any]]) -> None:
    same = {"accepted_at": timezone.now(), "is_unknown": False, "is_recheck": False, "due_at": None, **FREE}
    changed = {claim.id: accepted[claim.id] for claim in claims if claim.id in accepted}
    bulk.update(BrazeProfile, "accepted", changed, same)
    if len(changed) < len(claims):
        _rows(BrazeProfile, [claim for claim in claims if claim.id not in changed]).update(**same)


def _tell_again(claims: list[Claim], again: Mapping[int, timedelta]) -> None:
    for after, some in _group({claim: again[claim.id] for claim in claims if claim.id in again}).items():
        is_repeat = bool(after)
        due_at = timezone.now() + after
        _rows(BrazeProfile, some).update(is_unknown=is_repeat, is_recheck=is_repeat, due_at=due_at)


# --- Shared -------------------------------------------------------------------------------------------


def fresh() -> timedelta:
    """Return how old `opened_at` may be when another call is opened, so that it is not written for each anew."""
    return settings.BRAZE_RECHECK_AFTER / 5


def _five_minutes_before(claims: Iterable[Claim]) -> datetime:
    return min(claim.claimed_at for claim in claims) - settings.BRAZE_RECHECK_AFTER


def _is_to_be_repeated(claims: Iterable[Claim]) -> Q:
    """Whether an opt-out is told once more. The last such call may be younger than `opened_at` says.

    Not so when it is told for the second time: every call since the first was noted (`open_riders`).
    """
    since = _five_minutes_before(claims)
    return Q(opened_at__gt=since - fresh(), is_recheck=False) | Q(opened_at__gt=since)


FREE: dict[str, Any] = {"attempts": 0, "marked_at": None, "lease": None, "leased_until": None}


def _failure(outcome: Outcome) -> dict[str, Any]:
    changes: dict[str, Any] = {"lease": None, "leased_until": None}
    changes["attempts"] = F("attempts") + (1 if outcome.counts else 0)
    if outcome.retry_at is None:
        return changes | {"parked_at": timezone.now(), "park_reason": outcome.reason}
    return changes | {"due_at": outcome.retry_at}


def _sort(model: type[Outgoing], outcomes: Mapping[Claim, Outcome]) -> tuple[dict[Claim, Outcome], list[int]]:
    """Return the outcomes that still count, and the ids of rows to be marked again.

    Those are the rows that changed meanwhile, or whose lease has gone, and whose call may have been applied.
    """
    rows = _rows(model, outcomes).select_for_update().order_by("pk")  # all of them: what is marked again is locked here
    is_held = holds(leased_until__gt=timezone.now())
    held = {tuple(row) for *row, is_live in rows.values_list("pk", "version", "lease", is_held) if is_live}
    live = {claim: out for claim, out in outcomes.items() if (claim.id, claim.version, claim.lease) in held}
    overtaken = {claim: out for claim, out in outcomes.items() if claim not in live}
    _release(model, overtaken)
    return live, [claim.id for claim, out in overtaken.items() if out.accepted or not out.is_known]


def _release(model: type[Outgoing], claims: Iterable[Claim]) -> None:
    for lease, same in _group({claim: claim.lease for claim in claims}).items():
        model._default_manager.filter(pk__among=[claim.id for claim in same], lease=lease).update(
            lease=None, leased_until=None
        )


def mark_again(ids: Collection[int]) -> None:
    """Make overtaken subscriptions due again, with what Braze knows of them unknown. The caller has locked them.

    Under a new version: a call that is in flight for one of them now was opened before this one ended, so
    its answer settles nothing.
    """
    if not ids:
        return
    rows = Subscription.objects.filter(pk__among=ids)
    rows.update(told=Told.UNKNOWN, **UNSEEN)
    rows.filter(state=State.PENDING, left_at__isnull=False).update(owes_opt_out=True)
    left = Q(state=State.UNSUBSCRIBED) | Q(owes_opt_out=True)
    emails = rows.filter(left, program__channel=Channel.EMAIL).values_list("address", flat=True)
    GlobalEmail.objects.filter(address__in=list(emails)).update(
        due_at=timezone.now(), is_recheck=False, version=new_version()
    )
    rows.filter(left | Q(state=State.SUBSCRIBED)).update(due_at=timezone.now(), is_recheck=False, version=new_version())


def _rows(model: type[Outgoing], claims: Iterable[Claim]) -> models.QuerySet[Any]:
    return model._default_manager.filter(pk__among=[claim.id for claim in claims])


def _group(items: Mapping[Claim, Any]) -> dict[Any, list[Claim]]:
    groups: dict[Any, list[Claim]] = defaultdict(list)
    for claim, key in items.items():
        groups[key].append(claim)
    return groups
