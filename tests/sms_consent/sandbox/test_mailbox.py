"""The mailbox: what it keeps, and being dead or slow."""

import smtplib
import time
from email.message import EmailMessage

import pytest


def send(sandbox, *, text: str = "See http://127.0.0.1:8000/confirm/abc/.", html: str = "") -> None:
    message = EmailMessage()
    message["Subject"] = "Bestätigen"
    message["List-Unsubscribe"] = "<http://127.0.0.1:8000/unsubscribe/abc/>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as smtp:
        smtp.send_message(message, "us@example.com", ["anna@example.com"])


def test_keeps_a_mail_with_its_links(sandbox, world):
    send(sandbox, html='<a href="http://127.0.0.1:8000/?a=1&amp;b=2">Confirm</a>')
    mail = world.mails[0]
    assert (mail.sender, mail.to, mail.subject) == (
        "us@example.com",
        ["anna@example.com"],
        "Bestätigen",
    )
    assert mail.links == ["http://127.0.0.1:8000/?a=1&b=2", "http://127.0.0.1:8000/confirm/abc/"]
    assert mail.headers["List-Unsubscribe"] == "<http://127.0.0.1:8000/unsubscribe/abc/>"
    assert "See http" in mail.text


def test_can_be_dead(sandbox, world):
    sandbox.mailbox.set_mode("dead")
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(sandbox)
    assert world.mails == []


def test_can_be_slow(sandbox, world):
    sandbox.mailbox.set_mode("slow", seconds=0.2)
    started = time.perf_counter()
    send(sandbox)
    assert time.perf_counter() - started >= 0.2
    assert len(world.mails) == 1


def test_a_mail_in_an_unknown_charset_is_kept_all_the_same(sandbox, world):
    raw = b"Subject: x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nhello\r\n"
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as smtp:
        smtp.sendmail("us@example.com", ["anna@example.com"], raw)
    assert world.mails[0].subject == "x"
