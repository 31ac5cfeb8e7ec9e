"""The mailbox: an SMTP server that keeps what it gets, and can be dead or slow."""

from __future__ import annotations

import asyncio
import re
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Literal, get_args

from aiosmtpd.smtp import SMTP, Envelope, Session

from .records import Mail
from .world import World

Mode = Literal["up", "dead", "slow"]
MODES = get_args(Mode)
SLOW_SECONDS = 5.0
MAX_MAIL_BYTES = 10 * 1024 * 1024
DEAD = "421 4.3.2 Service not available, closing transmission channel"

_HREF = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


class Mailbox:
    """Owns the SMTP server and its thread; aiosmtpd calls the `handle_…` hooks."""

    def __init__(self, world: World, *, host: str, port: int) -> None:
        self._world = world
        self._host = host
        self.port = port
        self.mode: Mode = "up"
        self.seconds = SLOW_SECONDS
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._server: asyncio.Server | None = None

    def set_mode(self, mode: Mode, seconds: float = SLOW_SECONDS) -> None:
        """Be up, dead (every command is refused) or slow (each mail takes `seconds`)."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        self.mode, self.seconds = mode, seconds
        self._world.pulse.beat()

    def start(self) -> None:
        self._server = self._loop.run_until_complete(self._loop.create_server(self._session, self._host, self.port))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        sessions = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(self, hostname="sandbox", data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True, loop=self._loop)

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [DEAD] if self.mode == "dead" else responses

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mode == "dead":
            return DEAD
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.mode == "dead":
            return DEAD
        if self.mode == "slow":
            await asyncio.sleep(self.seconds)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        to = [str(one) for one in envelope.rcpt_tos]
        self._world.add_mail(parse(content, sender=envelope.mail_from or "", to=to))
        return "250 OK"


def parse(content: bytes, *, sender: str, to: list[str]) -> Mail:
    """Return a mail with what a person or a test wants to see of it."""
    message = message_from_bytes(content, policy=policy.default)
    text, html = _part(message, "plain"), _part(message, "html")
    links = [unescape(link) for link in _HREF.findall(html)] + _URL.findall(text)
    return Mail(
        number=0,
        at=0.0,
        sender=sender,
        to=to,
        subject=str(message.get("Subject", "")),
        text=text,
        html=html,
        links=list(dict.fromkeys(links)),
        headers={name: str(value) for name, value in message.items()},
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # an unknown or wrong charset
        return ""
    return content if isinstance(content, str) else ""
