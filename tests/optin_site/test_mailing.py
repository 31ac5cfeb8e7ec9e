"""Mails that change while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from post_office.models import Email

from tests.mail_servers import listening
from tests.sms_consent.delivery.helpers import crowd


class Server:
    """A mail server that refuses one recipient; while it is asked about that, the mail is erased here."""

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.startswith("refused"):
            await asyncio.to_thread(self._erase, address)
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def _erase(self, address: str) -> None:
        Email.objects.filter(to=address).delete()
        connection.close()


@pytest.fixture
def server(settings: Any) -> Iterator[None]:
    settings.EMAIL_BACKEND = "post_office.EmailBackend"
    with listening(Server(), settings):
        yield


@pytest.mark.usefixtures("programs", "server")
@pytest.mark.django_db(transaction=True)
def test_one_that_is_erased_meanwhile_leaves_no_sent_one_behind(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-9: a mail that was sent holds a link that works. For why the other was not taken there is no row any more."""
    crowd([1, 2], "email")
    first, _ = Email.objects.order_by("pk")
    Email.objects.filter(pk=first.pk).update(to="refused@example.com")
    call_command("send_mail", "--once")
    assert not Email.objects.exists()
    assert "one of them was deleted meanwhile" in caplog.text
