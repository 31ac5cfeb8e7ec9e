"""Crowds, time travel, and looking at both sides: the ledger's and Braze's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import Confirmation
from sms_consent import selectors, services
from sms_consent.braze.client import MERGE
from sms_consent.choices import Source
from sms_consent.delivery.numbers import deliver_numbers
from sms_consent.delivery.worker import Lane, new_courier
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeLine, BrazeProfile, GlobalEmail, Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, hidden_fields
from tests.sms_consent.webhooks import events

SET, TRACK, LOOK = "/subscription/status/set", "/users/track", "/subscription/user/status"
SIX_MINUTES = 360


def phone(number: int) -> str:
    return f"+1202555{1000 + number}"


def email(number: int) -> str:
    return f"person{number}@example.com"


def crowd(numbers: Iterable[int], *boxes: str) -> None:
    """Sign these people up through the form."""
    client = Client()
    page = hidden_fields(client.get(reverse("account_signup")).content.decode())
    page |= {f"program_{slug}": "on" for slug in boxes}
    for number in numbers:
        answer = client.post(reverse("account_signup"), page | {"email": email(number), "phone": phone(number)})
        assert answer.status_code == 302


def confirmed(numbers: Iterable[int], visitor: Any) -> None:
    """Press the button of each one's newest mail."""
    for number in numbers:
        visitor.press(visitor.links(email(number))[-1])


def stop(address: str) -> None:
    """The handset says STOP."""
    services.withdraw(address, source=Source.KEYWORD, stops=True, circumstances=Circumstances(note="STOP"))


def taken_back(sandbox: Sandbox) -> None:
    """Alice's handset says STOP and then UNSTOP, and both are heard of: from then on the consent is its own."""
    sandbox.world.send_text(ALICES_PHONE, "STOP")
    sandbox.world.send_text(ALICES_PHONE, "UNSTOP")
    events.send([events.text("STOP", at=events.now(-10)), events.text("UNSTOP", at=events.now(-5))])


def leave(address: str, *programs: Program) -> None:
    """Somebody wrote that they want no more of these."""
    chosen = programs or None
    services.withdraw(address, programs=chosen, source=Source.ADMIN, circumstances=Circumstances(note="wrote"))


def asks_first() -> None:
    """Have sign-ups for texts wait for a Y."""
    Program.objects.filter(slug="sms").update(confirm_sign_ups=True)
    selectors.forget_offers()


def later(seconds: float) -> None:
    """Let so much time pass for the outbox: every moment that is written down moves into the past."""
    gone = timedelta(seconds=seconds)
    shared = {name: F(name) - gone for name in ("due_at", "marked_at", "leased_until")}
    Subscription.objects.update(opened_at=F("opened_at") - gone, told_at=F("told_at") - gone, **shared)
    BrazeProfile.objects.update(accepted_at=F("accepted_at") - gone, **shared)
    GlobalEmail.objects.update(told_at=F("told_at") - gone, **shared)
    BrazeLine.objects.update(probe_at=F("probe_at") - gone)


def days_later(sandbox: Sandbox, days: float) -> None:
    """Let days pass, for what waits for an answer and for Braze too."""
    gone = timedelta(days=days)
    sandbox.world.pulse.advance(gone.total_seconds())
    later(gone.total_seconds())
    moments = ("requested_at", "folded_to", "left_at", "stopped_at", "looked_at")
    Subscription.objects.update(**{name: F(name) - gone for name in moments})
    Confirmation.objects.update(created_at=F("created_at") - gone, expires_at=F("expires_at") - gone)


def prompts(sandbox: Sandbox, phone: str) -> int:
    """Return how many texts this phone has got."""
    return len([text for text in sandbox.world.texts(phone) if not text.inbound])


def seen(sandbox: Sandbox, group: str, address: str) -> str | None:
    """Return the state of an address at Braze, whether somebody holds it or it is parked there."""
    with sandbox.world.lock:
        parked = sandbox.world.states.parked.get(address, {}).get(group)
        return sandbox.world.state(group, address) or (parked.state if parked else None)


def disagreements(sandbox: Sandbox) -> list[tuple[str, str, str | None]]:
    """Return where Braze differs from the ledger: address, state here, state there."""
    rows = Subscription.objects.filter(state__in=("subscribed", "unsubscribed")).select_related("program")
    found = [(row.address, row.state, seen(sandbox, row.program.subscription_group_id, row.address)) for row in rows]
    return [row for row in found if (row[2] or "").lower() != row[1]]


def parked() -> list[str]:
    """Return the reasons of all parks."""
    rows = list(Subscription.objects.filter(parked_at__isnull=False).values_list("park_reason", flat=True))
    for model in (GlobalEmail, BrazeProfile):
        rows += list(model._default_manager.filter(parked_at__isnull=False).values_list("park_reason", flat=True))
    return rows


def stopped() -> list[tuple[str, str]]:
    """Return the lines that are stopped, with their lanes."""
    return sorted(BrazeLine.objects.values_list("name", "lane"))


def bodies(sandbox: Sandbox, path: str) -> list[Any]:
    return [call.body for call in sandbox.world.calls_to(path)]


def all_told(deliver: Deliver) -> None:
    """Have all delivered, also what is said again later."""
    for _ in range(3):
        deliver()
        later(SIX_MINUTES)
    assert deliver() == 0


def alice_by_email(visit: Visit, deliver: Deliver, phone: str = "", *boxes: str) -> Visitor:
    """Alice has joined emails, and these with that number; Braze knows, and she is signed in."""
    alice = visit()
    alice.sign_up(ALICE, phone, "email", *boxes)
    alice.press(alice.links(ALICE)[-1])
    all_told(deliver)
    alice.sign_in(ALICE)
    return alice


def alice_after_a_text(visit: Visit, sandbox: Sandbox) -> Visitor:
    """Alice has joined both with a number that Braze knew by itself, from a text; it is seen there, and no more."""
    sandbox.world.send_text(ALICES_PHONE, "START", SMS)
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[-1])
    with closing(new_courier(Lane.REST)) as rest:
        assert deliver_numbers(rest) == 1
    return alice


def all_answered(sandbox: Sandbox) -> None:
    """Wait until Braze has answered every call that was made, whoever still waits for it."""
    assert sandbox.world.wait_until(lambda: all(call.seconds is not None for call in sandbox.world.calls))


@contextmanager
def merges_that_come_late(deliver: Deliver, sandbox: Sandbox) -> Iterator[None]:
    """Have Braze take no merge until what is done within has been tried for a while, and all of them then."""
    fault = sandbox.faults.add("status", endpoint=MERGE, status=503, times=None)
    yield
    for _ in range(4):
        deliver()
        later(SIX_MINUTES)
    assert fault.fired
    sandbox.faults.clear()
    later(3600)
    all_told(deliver)


def phones(sandbox: Sandbox) -> list[str | None]:
    """Return the number of each profile at Braze."""
    return [it.phone for it in sandbox.world.people.profiles.values()]
