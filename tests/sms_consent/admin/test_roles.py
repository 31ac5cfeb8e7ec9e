"""Auditor, marketer, operator: what each may open and do, page by page."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import roles
from accounts.models import User
from sms_consent import lines, outbox
from sms_consent.models import BrazeLine, Disclosure, InboundMessage, Program, Subscription
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import member

# Which roles may open a list and its rows; a superuser may open all.
PAGES = {
    "accounts_user": {"auditor", "operator"},
    "auth_group": set(),
    "post_office_email": {"operator"},
    "sms_consent_accessrecord": {"auditor"},
    "sms_consent_brazeline": {"auditor", "operator"},
    "sms_consent_brazeprofile": {"auditor", "operator"},
    "sms_consent_consentrecord": {"auditor", "operator"},
    "sms_consent_disclosure": {"auditor", "marketer"},
    "sms_consent_globalemail": {"auditor", "operator"},
    "sms_consent_inboundmessage": {"auditor", "operator"},
    "sms_consent_keyword": {"auditor", "marketer"},
    "sms_consent_program": {"auditor", "marketer", "operator"},
    "sms_consent_subscription": {"auditor", "operator"},
}
ROLES = ("auditor", "marketer", "operator")


@pytest.mark.parametrize("role", ROLES)
def test_who_opens_what(role: str, alice: User) -> None:
    client = member(role)
    opened = {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in PAGES}
    assert opened == {name: 200 if role in allowed else 403 for name, allowed in PAGES.items()}
    assert client.get(reverse("desk")).status_code == 200
    may_record = client.get(reverse("admin:sms_consent_record_opt_out")).status_code == 200
    assert may_record is (role == "operator")


LINK = re.compile(r'href="(/admin/[^"#]*)"')


@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_led_to_a_page_that_they_may_not_open(role: str, alice: User, programs: dict[str, Program]) -> None:
    something(programs)
    client = member(role)
    found, unread = set[str](), {reverse("admin:index")}
    for _ in range(4):  # the index, lists, rows, and what a row's page leads to
        pages = [client.get(url) for url in unread]
        assert {page.request["PATH_INFO"] for page in pages if page.status_code == 403} == set()
        shown = [html.unescape(page.content.decode()) for page in pages if not page.streaming]
        found, unread = found | unread, {url for page in shown for url in LINK.findall(page) if "?" not in url}
        unread -= {*found, reverse("admin:logout")}


def something(programs: dict[str, Program]) -> None:
    """Leave something for every action to be done to."""
    now = timezone.now()
    lines.stop("/users/track", BrazeLine.Lane.REST, reason="401", refused="x")
    BrazeLine.objects.update(probe_at=now.replace(year=now.year + 1))
    outbox.mark_left(ALICE)
    Subscription.objects.update(due_at=None, parked_at=now)
    Email.objects.create(to=ALICE, from_email=ALICE, subject="Hi", status=STATUS.failed)
    InboundMessage.objects.create(
        kind="text", outcome="unknown", needs_review=True, occurred_at=now, address=ALICES_PHONE, body="hm"
    )


ACTIONS = {
    ("sms_consent_subscription", "send_again"): lambda: Subscription.objects.filter(parked_at=None).exists(),
    ("sms_consent_brazeline", "try_now"): lambda: BrazeLine.objects.filter(probe_at__lte=timezone.now()).exists(),
    ("sms_consent_inboundmessage", "is_no_opt_out"): lambda: not InboundMessage.objects.get().needs_review,
    ("post_office_email", "queue_again"): lambda: Email.objects.get().status == STATUS.requeued,
    ("sms_consent_inboundmessage", "is_an_opt_out"): lambda: InboundMessage.objects.get().outcome == "acted",
}


@pytest.mark.parametrize("role", ROLES)
def test_only_operators_act_for_somebody(role: str, alice: User, programs: dict[str, Program]) -> None:
    something(programs)
    client = member(role)
    for (name, action), is_done in ACTIONS.items():
        rows: Any = [row.pk for row in _model(name)._default_manager.all()]
        client.post(reverse(f"admin:{name}_changelist"), {"action": action, "_selected_action": rows})
        assert is_done() is (role == "operator"), action


def _model(name: str) -> Any:
    from django.contrib import admin

    return next(it for it in admin.site._registry if f"{it._meta.app_label}_{it._meta.model_name}" == name)


@pytest.mark.parametrize("role", ROLES)
def test_only_marketers_edit_what_is_offered(role: str, programs: dict[str, Program]) -> None:
    client, sms = member(role), programs["sms"]
    may = 200 if role == "marketer" else 403
    for name in ("program", "disclosure", "keyword"):
        assert client.get(reverse(f"admin:sms_consent_{name}_add")).status_code == may
    draft = Disclosure.objects.create(program=sms, version=9, label="x", draft="x")
    assert client.get(reverse("admin:sms_consent_disclosure_publish", args=[draft.pk])).status_code == may
    answer = client.post(reverse("admin:sms_consent_disclosure_delete", args=[draft.pk]), {"post": "yes"})
    assert answer.status_code == (302 if role == "marketer" else 403)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_a_superuser_gives_rights(role: str, alice: User) -> None:
    url = reverse("admin:accounts_user_change", args=[alice.pk])
    answer = member(role).post(url, {"is_staff": "on", "is_superuser": "on", "language": "en", "is_active": "on"})
    assert answer.status_code == 403
    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser) == (False, False)


def test_every_permission_of_a_role_exists_or_is_announced(db: None) -> None:
    announced = {"sms_consent.export_consentrecord"}
    found = Permission.objects.values_list("content_type__app_label", "codename")
    assert set().union(*roles.ROLES.values()) - announced <= {".".join(names) for names in found}


def test_a_group_keeps_what_it_was_given_and_gets_back_what_it_lacks(db: None) -> None:
    auditor = Group.objects.get(name="Auditor")
    before = set(auditor.permissions.all())
    more = Permission.objects.get(codename="view_email", content_type__app_label="post_office")
    auditor.permissions.add(more)
    auditor.permissions.remove(min(before, key=lambda it: it.pk))
    roles.install()
    assert set(auditor.permissions.all()) == before | {more}


def test_a_member_of_staff_is_made_by_name_of_the_role(db: None) -> None:
    call_command("create_admin", "pat@example.com", role="operator", stdout=io.StringIO())
    pat = User.objects.get(email="pat@example.com")
    assert (pat.is_staff, pat.is_superuser, [it.name for it in pat.groups.all()]) == (True, False, ["Operator"])
    call_command("create_admin", "pat@example.com", stdout=io.StringIO())
    pat.refresh_from_db()
    assert pat.is_superuser


def test_who_is_nobody_of_these_sees_nothing(alice: User) -> None:
    alice.is_staff = True
    alice.save()
    client = Client()
    client.force_login(alice)
    assert {client.get(reverse(f"admin:{name}_changelist")).status_code for name in PAGES} == {403}
