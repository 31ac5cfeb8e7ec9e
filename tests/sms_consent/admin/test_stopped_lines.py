"""The page of a subscription names the stopped lines that hold it up: those without which the worker leaves it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sms_consent import lines
from sms_consent.braze.client import EMAIL_STATUS, IDENTIFY, SET_STATUS, TRACK, USER_STATUS
from sms_consent.models import BrazeLine, BrazeProfile, Program, Subscription
from tests.people import Deliver

Lane = BrazeLine.Lane
ENDPOINTS = (EMAIL_STATUS, IDENTIFY, SET_STATUS, TRACK, USER_STATUS)
LINES = ("sms", "email", *ENDPOINTS)
OTHER_LANE = {Lane.REST: Lane.OPT_OUTS, Lane.OPT_OUTS: Lane.REST}


def is_due(slug: str, state: str, *, is_known: bool = True, asked: int = 0, owes: bool = False) -> Subscription:
    """Put Alice's subscription where it has something to tell."""
    now = timezone.now()
    Subscription.objects.update(due_at=None, told="nothing")
    rows = Subscription.objects.filter(program__slug=slug)
    rows.update(
        state=state,
        asked=asked,
        owes_opt_out=owes,
        looked_at=now if is_known else None,
        told="unknown",
        due_at=now,
        is_recheck=False,
        opened_at=None,
        attempts=0,
        parked_at=None,
        lease=None,
        leased_until=None,
    )
    return rows.get()


def stop(lane: str, *names: str) -> None:
    BrazeLine.objects.all().delete()
    programs = {program.slug: lines.program_fingerprint(program) for program in Program.objects.all()}
    for name in names:
        lines.stop(name, lane, reason="no", refused=programs.get(name) or lines.account_fingerprint())


def named(boss: Client, row: Subscription) -> set[str]:
    """Return the lines that its page says it waits for."""
    page = boss.get(reverse("admin:sms_consent_subscription_change", args=[row.pk])).content.decode()
    part = page.split("field-held_up")[1].split("field-braze_says")[0]
    return set(re.findall(r"<a href=[^>]*>(\S+) \(", part))


CONSENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"slug": "sms", "state": "subscribed", "is_known": False}, {"sms", SET_STATUS, USER_STATUS}),
    ({"slug": "sms", "state": "subscribed"}, {"sms", SET_STATUS}),
    ({"slug": "sms", "state": "pending"}, {"sms", SET_STATUS}),
    ({"slug": "sms", "state": "pending", "asked": 1}, {"sms", SET_STATUS, USER_STATUS}),
    ({"slug": "email", "state": "subscribed", "is_known": False}, {"email", TRACK}),
]
OPT_OUTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"slug": slug} | kind, {slug, SET_STATUS})
    for slug in ("sms", "email")
    for kind in ({"state": "unsubscribed"}, {"state": "none", "is_known": False}, {"state": "pending", "owes": True})
]
CASES = [(Lane.REST, *case) for case in CONSENTS] + [(Lane.OPT_OUTS, *case) for case in OPT_OUTS]


@pytest.mark.parametrize(("lane", "kind", "expected"), CASES)
def test_it_names_the_lines_that_it_waits_for_and_no_others(
    lane: str, kind: dict[str, Any], expected: set[str], boss: Client, alice: User
) -> None:
    row = is_due(**kind)
    stop(lane, *LINES)
    assert named(boss, row) == expected
    stop(OTHER_LANE[Lane(lane)], *LINES)
    assert named(boss, row) == set()


@pytest.mark.parametrize(("lane", "kind", "expected"), CASES)
def test_these_are_the_lines_without_which_the_worker_leaves_it(
    lane: str, kind: dict[str, Any], expected: set[str], sandbox: Any, alice: User, deliver: Deliver
) -> None:
    held_up = set()
    for line in LINES:
        stop(lane, line)
        BrazeProfile.objects.all().delete()
        alice.save()
        row = is_due(**kind)
        deliver()
        row.refresh_from_db()
        if row.told == "unknown":
            held_up.add(line)
    assert held_up == expected
