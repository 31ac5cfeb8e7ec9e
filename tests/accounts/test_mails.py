"""Mails wait in a queue: a dead mail server neither slows nor fails a sign-up, and loses nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from post_office.models import Email, Log

from accounts.models import User
from sms_consent import selectors
from sms_consent.disclosures import publish
from sms_consent.models import Disclosure, Program
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, BOB, CAROL, send_sign_up
from tests.sms_consent.delivery.conftest import database_url
from tests.sms_consent.delivery.helpers import crowd

pytestmark = pytest.mark.usefixtures("programs", "sandbox")


@pytest.fixture
def dead(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The mail server refuses every command."""
    sandbox.mailbox.set_mode("dead")
    yield sandbox
    sandbox.mailbox.set_mode("up")


def retry_now() -> None:
    """Let the time until the next try go by."""
    for mail in Email.objects.exclude(scheduled_time=None):
        Email.objects.filter(pk=mail.pk).update(scheduled_time=mail.scheduled_time - timedelta(minutes=5))
    call_command("send_mail", "--once")


def test_a_dead_mail_server_loses_no_mail(dead: Sandbox, client: Client) -> None:
    for email in (ALICE, BOB, CAROL):
        assert send_sign_up(client, email, "", "email").status_code == 302
    for _ in range(3):
        retry_now()
    assert (len(dead.world.mails), Email.objects.count()) == (0, 3)
    assert [log.exception_type for log in Log.objects.all()] == ["SMTPSenderRefused"] * 3  # the newest of each
    dead.mailbox.set_mode("up")
    retry_now()
    assert sorted(mail.to[0] for mail in dead.world.mails) == [ALICE, BOB, CAROL]


@pytest.mark.django_db(transaction=True)
def test_who_sends_mails_stops_when_told_to_however_many_wait(sandbox: Sandbox) -> None:
    """What chaos found: a long queue was sent to its end first."""
    crowd(range(250), "email")
    sandbox.mailbox.set_mode("slow", 0.05)
    env = os.environ | {"DATABASE_URL": database_url(), "EMAIL_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}"}
    env["DJANGO_SETTINGS_MODULE"] = "optin_site.settings"
    with subprocess.Popen([sys.executable, "manage.py", "send_mail"], cwd=settings.BASE_DIR, env=env) as process:
        assert sandbox.world.wait_until(lambda: len(sandbox.world.mails) > 0, 30.0)
        process.terminate()
        assert process.wait(30) == 0
    sandbox.mailbox.set_mode("up")
    assert Email.objects.count() == 150


def test_once_says_that_the_database_is_away(programs: object) -> None:
    env = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing", "LOG_FORMAT": "json"}
    env["DJANGO_SETTINGS_MODULE"] = "optin_site.settings"
    command = [sys.executable, "manage.py", "send_mail", "--once"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert '"level": "ERROR"' in ended.stderr
    assert "The database did not answer" in ended.stderr


def test_a_sign_in_code_survives_a_dead_mail_server_too(dead: Sandbox, client: Client) -> None:
    User.objects.create_user(ALICE)
    assert client.post("/accounts/login/", {"email": ALICE}).status_code == 302
    retry_now()
    dead.mailbox.set_mode("up")
    retry_now()
    (mail,) = dead.world.mails
    assert mail.to == [ALICE]


def test_a_slow_mail_server_does_not_slow_a_sign_up(sandbox: Sandbox, client: Client) -> None:
    sandbox.mailbox.set_mode("slow", seconds=30)
    started = time.monotonic()
    send_sign_up(client, ALICE, "", "email")
    client.post("/accounts/login/", {"email": ALICE})
    sandbox.mailbox.set_mode("up")
    assert time.monotonic() - started < 5
    assert Email.objects.count() == 2


def test_what_was_sent_is_not_kept(sandbox: Sandbox, client: Client) -> None:
    send_sign_up(client, ALICE, "", "email")
    call_command("send_mail", "--once")
    assert len(sandbox.world.mails) == 1
    assert Email.objects.count() == 0


def test_a_sign_up_that_fails_queues_no_mail(client: Client) -> None:
    send_sign_up(client, ALICE, "12", "email")
    assert Email.objects.count() == 0


def test_no_word_that_a_visitor_typed_is_mailed(sandbox: Sandbox) -> None:
    stranger = Client(headers={"user-agent": "buy-pills", "referer": "http://pills.example/", "accept-language": "pi"})
    send_sign_up(stranger, ALICE, ALICES_PHONE, "sms", "email", time_zone="buy-pills", name="buy-pills")
    call_command("send_mail", "--once")
    (mail,) = sandbox.world.mails
    everything = f"{mail.subject} {mail.text} {mail.html}"
    assert "pills" not in everything
    assert not any(typed in everything for typed in (ALICE, ALICES_PHONE, "555-0101"))


def test_the_mail_shows_the_words_of_the_boxes_that_were_ticked(sandbox: Sandbox, client: Client) -> None:
    send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email")
    send_sign_up(Client(), BOB, ALICES_PHONE, "sms")
    call_command("send_mail", "--once")
    texts = {mail.to[0]: mail.text for mail in sandbox.world.mails}
    assert "promotional emails" in texts[ALICE]
    assert "text messages" not in texts[ALICE]
    assert "promotional" not in texts[BOB]


def test_what_mails_have_in_common_has_nothing_of_the_one_before(sandbox: Sandbox, client: Client) -> None:
    for email in (ALICE, BOB):
        send_sign_up(Client(), email, "", "email")
    send_sign_up(Client(headers={"accept-language": "de"}), CAROL, "", "email")
    call_command("send_mail", "--once")
    mails = {mail.to[0]: mail for mail in sandbox.world.mails}
    pattern = re.compile(r"https?://[^\s\"<>]+/(?:confirm|receipts)/[^\s\"<>]+")
    links = {email: set(pattern.findall(mail.text)) for email, mail in mails.items()}
    assert len(set.union(*links.values())) == 6
    assert {email: set(pattern.findall(mail.html)) for email, mail in mails.items()} == links
    assert ["lang=de" in mails[email].text for email in (BOB, CAROL)] == [False, True]
    assert mails[ALICE].subject == mails[BOB].subject != mails[CAROL].subject


def test_what_a_marketer_wrote_is_mailed_as_it_stands(sandbox: Sandbox, programs: dict[str, Program]) -> None:
    words = Disclosure.objects.filter(program=programs["email"], door="form", language="en").latest("version")
    words.pk, words.version, words.published_at = None, words.version + 100, None
    words.label = "Emails {{ brand_name }} {% nonsense %} & more \ue001"
    words.save()
    publish(words)
    selectors.forget_offers()
    assert send_sign_up(Client(), ALICE, "", "email").status_code == 302
    call_command("send_mail", "--once")
    assert words.label in sandbox.world.mails[0].text


def test_a_mail_that_cannot_be_delivered_holds_up_no_other(sandbox: Sandbox, client: Client) -> None:
    send_sign_up(client, ALICE, "", "email")
    Email.objects.update(subject="a\nb")  # no mail can be made of this
    send_sign_up(Client(), BOB, "", "email")
    call_command("send_mail", "--once")
    assert [mail.to for mail in sandbox.world.mails] == [[BOB]]


def test_programs_of_texts_only_need_no_email_words(sandbox: Sandbox, client: Client) -> None:
    Program.objects.filter(slug="email").update(is_active=False)
    assert send_sign_up(client, ALICE, ALICES_PHONE, "sms").status_code == 302
    assert Email.objects.count() == 1
