"""The alerts, against what /metrics tells and what the doors do."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse
from post_office.models import STATUS, Email

from sms_consent.sandbox import Sandbox
from tests.documents import ROOT
from tests.mail_servers import listening
from tests.people import Visit
from tests.sms_consent.delivery.helpers import crowd
from tests.sms_consent.metrics.conftest import Families, Scrape
from tests.sms_consent.webhooks.events import CURRENTS, EVENTS, TWILIO

RULES = yaml.safe_load((ROOT / "docs/operations/alerts.yml").read_text())["groups"][0]["rules"]
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in RULES}
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


@pytest.mark.parametrize("alert", EXPRESSIONS)
def test_an_alert_asks_for_figures_that_there_are(alert: str, families: Families) -> None:
    there_are = {f"{family.name}{end}" for family in families() for end in ENDINGS.get(family.type, ("",))}
    asked = set(re.findall(r"\boptin_\w+", EXPRESSIONS[alert]))
    assert asked or "up{" in EXPRESSIONS[alert]
    assert asked - there_are == set()


# --- What the hooks do not take -----------------------------------------------------------------------------


class CutOff(io.BytesIO):
    """A body whose sender is gone before it has ended."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the connection was closed")


BRAZE = {"HTTP_AUTHORIZATION": "Bearer a token for the hooks", "content_type": "application/json"}
REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("braze_currents", "400", CURRENTS, {"data": "nonsense", **BRAZE}),
    ("braze_currents", "401", CURRENTS, {}),
    ("braze_events", "413", EVENTS, {"data": "x" * 2_000, **BRAZE}),
    ("braze_events", "500", EVENTS, {"wsgi.input": CutOff(), **BRAZE}),
    ("twilio_sms", "403", TWILIO, {"data": {"From": "x"}}),
]


def of_hooks(families: Families) -> dict[tuple[str, str], float]:
    (refusals,) = [family for family in families() if family.name == "optin_hook_refusals"]
    return {(sample.labels["hook"], sample.labels["status"]): sample.value for sample in refusals.samples}


@pytest.mark.parametrize(("hook", "status", "path", "request_"), REFUSED)
def test_the_first_request_that_a_hook_does_not_take_is_a_rise(
    hook: str, status: str, path: str, request_: dict[str, Any], families: Families, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = "a token for the hooks", 1_000
    before = of_hooks(families)
    answer = Client(raise_request_exception=False).post(path, **request_)
    assert answer.status_code == int(status)
    risen = {pair: value for pair, value in of_hooks(families).items() if value != before[pair]}
    assert (before[hook, status], risen) == (0, {(hook, status): 1})


def test_a_rule_looks_at_whatever_a_hook_does_not_take(families: Families) -> None:
    assert len(of_hooks(families)) == 3 * 7
    asked = {alert: re.findall(r'\{status(=~|!~)"([^"]+)"\}', EXPRESSIONS[alert]) for alert in EXPRESSIONS}
    for _, status in of_hooks(families):
        looks = {alert for alert, all_ in asked.items() for is_, it in all_ if (is_ == "=~") == fits(it, status)}
        assert looks == {"HooksFail" if status in ("500", "503") else "HooksRefuse"}


def fits(pattern: str, status: str) -> bool:
    return re.fullmatch(pattern, status) is not None


# --- What the mail server does not take ---------------------------------------------------------------------


class Refusing:
    """A mail server that takes no recipient, for the reason given."""

    reason = ""

    async def handle_RCPT(self, *args: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        return self.reason


@pytest.fixture
def server(sandbox: Sandbox, settings: Any) -> Iterator[Refusing]:
    handler = Refusing()
    with listening(handler, settings):
        yield handler


def fires(scrape: Scrape, alert: str) -> bool:
    """Say whether an alert on figures, each compared with a number, fires now, if it goes on for so long."""
    figure = re.compile(r'(\w+)\{(\w+)="(\w+)"\} > (\d+)')
    is_so = figure.sub(lambda it: str(scrape(it[1], **{it[2]: it[3]}) > int(it[4])), EXPRESSIONS[alert])
    answer = is_so.replace(" and on () ", " and ")
    assert set(re.findall(r"\w+", answer)) <= {"True", "False", "and", "or"}
    return bool(eval(answer))  # noqa: S307 - of these words alone


def later(minutes: int) -> None:
    Email.objects.update(created=F("created") - timedelta(minutes=minutes), scheduled_time=None)


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("reason", "is_ours"),
    [
        ("550 5.1.1 No such user", False),
        ("450 4.1.2 Domain not found [198.4.7.1]", False),
        ("552 5.2.2 Mailbox full", False),
        ("550 No such user", False),
        ("554 5.7.1 Relay access denied", True),
        ("451 4.3.0 Try again later", True),
        ("421 4.3.2 Service not available", True),
    ],
)
def test_one_mail_that_the_server_does_not_take_is_an_alert_unless_it_is_for_its_recipient(
    reason: str, is_ours: bool, scrape: Scrape, server: Refusing
) -> None:
    server.reason = reason
    crowd([1], "email")
    call_command("send_mail", "--once")
    assert not fires(scrape, "MailsFail")
    later(minutes=16)
    call_command("send_mail", "--once")
    assert (fires(scrape, "MailsFail"), fires(scrape, "MailsWait")) == (is_ours, False)
    assert (scrape("optin_oldest_mail_seconds", tried="refused") > 900) is not is_ours


@pytest.mark.usefixtures("programs")
def test_of_many_refused_recipients_it_is_the_server_that_refuses(scrape: Scrape, server: Refusing) -> None:
    """Many servers give no enhanced code."""
    server.reason = "550 relay not permitted"
    crowd(range(1, 12), "email")
    for _ in range(2):
        call_command("send_mail", "--once")
        later(minutes=16)
    assert fires(scrape, "MailsFail")


@pytest.mark.usefixtures("programs")
def test_what_an_address_looks_like_is_no_reply(scrape: Scrape, server: Refusing, visit: Visit) -> None:
    server.reason = "550 5.1.1 No such user"
    visit().sign_up("x5.7.1@example.com", "", "email")
    call_command("send_mail", "--once")
    later(minutes=16)
    assert not fires(scrape, "MailsFail")


@pytest.mark.usefixtures("programs")
def test_a_mail_that_is_queued_again_is_none_that_nobody_has_tried_to_send(
    scrape: Scrape, sandbox: Sandbox, admin_client: Client
) -> None:
    crowd([1], "email")
    later(minutes=4_000)
    Email.objects.update(status=STATUS.failed, number_of_retries=8640)
    data = {"action": "queue_again", "_selected_action": [Email.objects.get().pk]}
    admin_client.post(reverse("admin:post_office_email_changelist"), data)
    assert not fires(scrape, "MailsWait")
    call_command("send_mail", "--once")
    assert (len(sandbox.world.mails), fires(scrape, "MailsFail")) == (1, False)
