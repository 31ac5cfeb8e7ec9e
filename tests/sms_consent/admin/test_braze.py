"""What Braze was told can be read, and marked to be told again; nothing is sent from the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sms_consent import lines, outbox
from sms_consent.braze.client import SET_STATUS, USER_STATUS
from sms_consent.models import BrazeLine, BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import staff

SUBSCRIPTIONS = "admin:sms_consent_subscription_changelist"
PROFILES = "admin:sms_consent_brazeprofile_changelist"
LINES = "admin:sms_consent_brazeline_changelist"


def act(client: Client, url: str, action: str, *rows: Any) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(url), data, follow=True)


def park(row: Any, reason: str = "Refused: no such number") -> Any:
    type(row).objects.filter(pk=row.pk).update(parked_at=timezone.now(), park_reason=reason, attempts=4, due_at=None)
    return row


@pytest.fixture
def number(alice: User) -> Subscription:
    return Subscription.objects.get(program__slug="sms")


def test_the_reason_of_a_park_is_shown_and_filtered_for(boss: Client, number: Subscription) -> None:
    park(number)
    page = boss.get(reverse(SUBSCRIPTIONS), {"outbox": "parked"})
    assert [row.pk for row in page.context["cl"].result_list] == [number.pk]
    assert "Refused: no such number" in page.content.decode()
    for other in ("due", "done"):
        rows = boss.get(reverse(SUBSCRIPTIONS), {"outbox": other}).context["cl"].result_list
        assert number.pk not in [row.pk for row in rows]


@pytest.mark.parametrize(("said", "name"), [("subscribed", "unproven"), ("unsubscribed", "left")])
def test_what_braze_says_otherwise_is_filtered_for(said: str, name: str, boss: Client, number: Subscription) -> None:
    here = "none" if said == "subscribed" else "subscribed"
    Subscription.objects.filter(pk=number.pk).update(state=here)
    outbox.note_seen([number.pk], said, timezone.now())
    for choice, found in (("unproven", name == "unproven"), ("left", name == "left")):
        rows = boss.get(reverse(SUBSCRIPTIONS), {"seen": choice}).context["cl"].result_list
        assert (number.pk in [row.pk for row in rows]) is found
    page = boss.get(reverse("admin:sms_consent_subscription_change", args=[number.pk]))
    assert f"{said.capitalize()} when seen at" in page.content.decode()


def test_sending_again_lifts_a_park_and_only_marks(boss: Client, number: Subscription, sandbox: Sandbox) -> None:
    park(number)
    page = act(boss, SUBSCRIPTIONS, "send_again", number)
    assert "1 of 1 will be sent again" in page.content.decode()
    number.refresh_from_db()
    assert (number.parked_at, number.park_reason, number.attempts, number.told) == (None, "", 0, "unknown")
    assert number.due_at is not None
    assert not sandbox.world.calls


def test_a_person_is_sent_again(boss: Client, alice: User, sandbox: Sandbox, deliver: Callable[[], int]) -> None:
    deliver()
    profile = park(BrazeProfile.objects.get(person=alice))
    told = len(sandbox.world.calls)
    act(boss, PROFILES, "send_again", profile)
    assert len(sandbox.world.calls) == told
    assert deliver() == 0
    assert len(sandbox.world.calls) == told + 1


def test_what_has_nothing_to_send_is_not_marked(boss: Client, alice: User) -> None:
    waiting = Subscription.objects.get(program__slug="email")
    assert waiting.state == "pending"
    page = act(boss, SUBSCRIPTIONS, "send_again", waiting)
    assert "0 of 1 will be sent again" in page.content.decode()
    waiting.refresh_from_db()
    assert waiting.due_at is None


def test_sending_again_never_asks_a_third_time(boss: Client, number: Subscription) -> None:
    Subscription.objects.filter(pk=number.pk).update(state="pending", asked=2, due_at=None)
    act(boss, SUBSCRIPTIONS, "send_again", number)
    number.refresh_from_db()
    assert number.due_at is None


def test_what_braze_accepted_is_shown(boss: Client, alice: User, sandbox: Sandbox, deliver: Callable[[], int]) -> None:
    deliver()
    profile = BrazeProfile.objects.get(person=alice)
    page = boss.get(reverse("admin:sms_consent_brazeprofile_change", args=[profile.pk])).content.decode()
    assert "Yes: Braze answered the last call." in page
    assert ALICES_PHONE in page
    assert ALICE not in page  # her mailbox is not proven, so Braze was not told


def test_a_stopped_line_is_tried_at_once(boss: Client) -> None:
    lines.stop("/users/track", BrazeLine.Lane.REST, reason="401: wrong key", refused="x")
    line = BrazeLine.objects.get()
    assert "401: wrong key" in boss.get(reverse(LINES)).content.decode()
    before = BrazeLine.objects.values("name", "lane", "reason", "fingerprint", "stopped_at", "probes").get()
    act(boss, LINES, "try_now", line)
    assert BrazeLine.objects.get().probe_at <= timezone.now()
    after = BrazeLine.objects.values("name", "lane", "reason", "fingerprint", "stopped_at", "probes").get()
    assert after == before


@pytest.mark.parametrize("name", ["sms", SET_STATUS, USER_STATUS])
def test_a_subscription_that_waits_for_a_stopped_line_says_why(name: str, boss: Client, number: Subscription) -> None:
    url = reverse("admin:sms_consent_subscription_change", args=[number.pk])
    for other, lane in (("email", BrazeLine.Lane.REST), (name, BrazeLine.Lane.OPT_OUTS)):
        lines.stop(other, lane, reason="400: not for her", refused="x")
    assert "400: not for her" not in boss.get(url).content.decode()
    lines.stop(name, BrazeLine.Lane.REST, reason="400: no such group", refused="x")
    line = reverse("admin:sms_consent_brazeline_change", args=[BrazeLine.objects.latest("pk").pk])
    page = boss.get(url).content.decode()
    assert f'<a href="{line}">{name} (Everything else)</a>: 400: no such group' in page
    Subscription.objects.filter(pk=number.pk).update(due_at=None)
    assert "400: no such group" not in boss.get(url).content.decode()


def test_an_opt_out_waits_for_the_line_of_opt_outs(boss: Client, number: Subscription) -> None:
    Subscription.objects.filter(pk=number.pk).update(owes_opt_out=True)
    lines.stop("sms", BrazeLine.Lane.OPT_OUTS, reason="400: no such group", refused="x")
    page = boss.get(reverse("admin:sms_consent_subscription_change", args=[number.pk])).content.decode()
    assert "sms (Opt-outs)</a>: 400: no such group" in page


def test_a_stopped_line_leads_to_the_program_whose_group_is_refused(boss: Client, number: Subscription) -> None:
    for name in ("sms", "/users/track"):
        lines.stop(name, BrazeLine.Lane.REST, reason="400", refused="x")
    program = reverse("admin:sms_consent_program_change", args=[number.program_id])
    for name, leads in (("sms", True), ("/users/track", False)):
        url = reverse("admin:sms_consent_brazeline_change", args=[BrazeLine.objects.get(name=name).pk])
        assert (f'<a href="{program}">' in boss.get(url).content.decode()) is leads


def test_staff_who_may_only_look_mark_nothing(number: Subscription) -> None:
    park(number)
    client = staff("view_subscription")
    page = act(client, SUBSCRIPTIONS, "send_again", number)
    assert page.status_code == 200
    number.refresh_from_db()
    assert number.parked_at is not None
