"""The button in the mail of a sign-up, and "this wasn't me"."""

from __future__ import annotations

import enum

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import numbers
from accounts.models import Confirmation, User
from accounts.services import MakeLink, hash_token, new_link, save_link
from sms_consent import outbox, people
from sms_consent import services as consent
from sms_consent.choices import STANDING, Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Disclosure, Subscription

PRUNED_AT_ONCE = 1000


class Link(enum.Enum):
    """What has become of a link. Only an open one changes anything."""

    OPEN = "open"
    UNKNOWN = "unknown"
    USED = "used"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOID = "void"


def find(token: str) -> Confirmation | None:
    """Return the confirmation of a link, whatever has become of it."""
    return Confirmation.objects.select_related("person").filter(token_hash=hash_token(token)).first()


def state_of(confirmation: Confirmation | None) -> Link:
    """Return what has become of a link. An opt-out since the sign-up voids it (rule 8)."""
    if confirmation is None:
        return Link.UNKNOWN
    if confirmation.refused_at:
        return Link.REFUSED
    if confirmation.used_at:
        return Link.USED
    if confirmation.expires_at <= timezone.now():
        return Link.EXPIRED
    moved = confirmation.person.email != confirmation.email
    void = moved or consent.is_void(confirmation.requests, address=confirmation.email)
    return Link.VOID if void else Link.OPEN


def disclosures_of(confirmation: Confirmation) -> list[Disclosure]:
    """Return the words that the button agrees to: those that stood beside the boxes (EM-2)."""
    asked = ConsentRecord.objects.filter(
        pk__in=confirmation.requests, subject=people.subject(confirmation.email), disclosure__isnull=False
    )
    return list(Disclosure.objects.filter(pk__in=asked.values("disclosure")).select_related("program"))


@transaction.atomic(durable=True)
def press(token: str, *, circumstances: Circumstances) -> Link:
    """Confirm by the button in the mail; return what the link was before (only OPEN changed anything).

    Proves the mailbox, confirms the email requests of that sign-up, and makes that sign-up's number the
    person's. Never confirms a number's consent: that is for its handset (EU-4).
    """
    confirmation = _locked(token)
    state = state_of(confirmation)
    if confirmation is None or state is not Link.OPEN:
        return state
    person, email = confirmation.person, confirmation.email
    addresses = EmailAddress.objects.filter(user=person, email=email)
    was_proven = addresses.filter(verified=True).exists()
    addresses.update(verified=True, primary=True)
    consent.confirm(confirmation.requests, address=email, source=Source.SIGN_UP, circumstances=circumstances)
    if confirmation.phone and not _has_chosen_since(confirmation):
        numbers.give(person, confirmation.phone.as_e164, keep_old=not was_proven, circumstances=circumstances)
    person.save()
    _family(confirmation).update(used_at=timezone.now())
    outbox.wake()
    return state


@transaction.atomic(durable=True)
def refuse(token: str, *, circumstances: Circumstances) -> Link:
    """Take the sign-up back: "this wasn't me" (SEC-12). Returns what the link was before.

    Takes back what that sign-up asked for, even after its button was pressed, and nothing that was agreed
    to before it. A number that the button made theirs goes to a phone-only row, its consent untouched (EU-4).
    """
    confirmation = _locked(token)
    state = state_of(confirmation)
    if confirmation is None or state not in (Link.OPEN, Link.USED):
        return state
    consent.invalidate(
        confirmation.requests, address=confirmation.email, source=Source.SIGN_UP, circumstances=circumstances
    )
    person, phone = confirmation.person, confirmation.phone
    if state is Link.USED and phone and person.phone == phone and not person.phone_proven_at:
        numbers.give(person, "", keep_old=True, circumstances=circumstances)
        person.save()
    _family(confirmation).update(refused_at=timezone.now())
    outbox.wake()
    return state


@transaction.atomic(durable=True)
def prove_by_code(person: User, *, circumstances: Circumstances) -> None:
    """Note that a sign-in code has just proven the mailbox of a person whom anybody may have signed up.

    The code says nothing about the number that was typed then: it goes to a phone-only row, consent and all,
    until the button of its sign-up is pressed or the person enters it (design.md §4.3).
    """
    people.lock([person.email or "", person.phone_number])
    person = User.objects.get(pk=person.pk)
    if person.phone and not person.phone_proven_at:
        numbers.give(person, "", keep_old=True, circumstances=circumstances)
        person.save()
    outbox.wake()


def _has_chosen_since(confirmation: Confirmation) -> bool:
    """Whether the person has settled on a number after this sign-up: an older mail must not bring back another."""
    chosen_at = confirmation.person.phone_chosen_at
    return chosen_at is not None and chosen_at >= confirmation.created_at


def _family(confirmation: Confirmation) -> QuerySet[Confirmation]:
    """Return all mails of one sign-up: the link that is pressed answers for all of them."""
    first = confirmation.again_of_id or confirmation.pk
    return Confirmation.objects.filter(Q(pk=first) | Q(again_of=first))


def _locked(token: str) -> Confirmation | None:
    seen = find(token)
    if seen is None:
        return None
    phone = seen.phone.as_e164 if seen.phone else ""
    people.lock([seen.email, phone, seen.person.phone_number])
    return find(token)


def open_one(handle: str) -> Confirmation | None:
    """Return the confirmation of a sign-up, by its token's hash, if its link still does something."""
    found = Confirmation.objects.select_related("person").filter(token_hash=handle).first()
    return found if state_of(found) is Link.OPEN else None


def send_again(first: Confirmation, *, make_link: MakeLink, base_url: str) -> None:
    """Mail a sign-up's link once more, under a new token; the first one keeps working until either is used."""
    again = Confirmation(
        again_of=first,
        person=first.person,
        email=first.email,
        phone=first.phone,
        requests=first.requests,
        language=first.language,
        created_at=first.created_at,
    )
    shown = disclosures_of(first)
    token, mail = new_link(first.email, disclosures=shown, make_link=make_link, base_url=base_url)
    with transaction.atomic(durable=True):
        save_link(again, token, mail)


def prune() -> None:
    """Drop the links of sign-ups that have expired unused, so many at once (DOI-8).

    Not those whose number is still subscribed or waits: by them a person finds what they once signed up
    (`numbers.typed_for`), so as to leave it.
    """
    now = timezone.now()
    old = Confirmation.objects.filter(expires_at__lt=now, used_at=None).exclude(again__expires_at__gte=now)
    needed = Subscription.objects.filter(address=OuterRef("phone"), state__in=STANDING)
    gone = old.exclude(Exists(needed)).order_by("expires_at").values_list("pk", flat=True)[:PRUNED_AT_ONCE]
    Confirmation.objects.filter(pk__in=list(gone)).delete()
