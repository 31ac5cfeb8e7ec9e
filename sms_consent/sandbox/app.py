"""Putting the sandbox together, for a test (`with Sandbox() as sandbox`) or a terminal (`main`)."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from . import page
from .addresses import require_loopback
from .braze_api import BrazeApi
from .calls import KEPT_CALLS
from .control import PREFIX, Control
from .desk import HelpDesk
from .faults import Faults
from .hooks import Hooks, HookSender
from .limits import Limits
from .mailbox import Mailbox
from .records import Channel
from .server import Server
from .wire import Reply, Request
from .world import DEFAULT_NUMBER, World

DEFAULT_KEY = "sandbox-key"
DEFAULT_SMS_GROUP = "5b9f2c1e-0000-4000-8000-000000000001"
DEFAULT_EMAIL_GROUP = "5b9f2c1e-0000-4000-8000-000000000002"
DEFAULT_GROUPS: Mapping[str, Channel] = {DEFAULT_SMS_GROUP: "sms", DEFAULT_EMAIL_GROUP: "email"}


class Sandbox:
    """A fake Braze, phones and a mailbox on a loopback address. Port 0 picks a free one."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        smtp_port: int = 0,
        key: str = DEFAULT_KEY,
        groups: Mapping[str, Channel] = DEFAULT_GROUPS,
        sms_number: str = DEFAULT_NUMBER,
        hooks: Hooks = Hooks(),  # noqa: B008 -- frozen
        limits: bool = False,
        latency: float = 0.0,
        site_url: str = "http://127.0.0.1:8000/",
        keep_calls: int = KEPT_CALLS,
        now: Callable[[], float] = time.time,
    ) -> None:
        host = require_loopback(host)
        self.host = host
        self.site_url = site_url
        self.world = World(groups, number=sms_number, now=now, keep_calls=keep_calls)
        self.limits = Limits(self.world.pulse.now, is_on=limits)
        self.braze = BrazeApi(self.world, key=key, limits=self.limits, latency=latency)
        self.mailbox = Mailbox(self.world, host=host, port=smtp_port)
        self.hooks = HookSender(self.world, hooks)
        self.desk = HelpDesk(self.world)
        self._control = Control(self)
        self._server = Server(host, port, self.handle)

    @property
    def faults(self) -> Faults:
        return self.braze.faults

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._server.port}"

    @property
    def smtp_port(self) -> int:
        return self.mailbox.port

    def handle(self, request: Request) -> Reply | None:
        if request.path.startswith(PREFIX):
            return self._control.handle(request)
        return page.find(request) or self.braze.handle(request)

    def reset(self) -> None:
        """Back to the beginning: nobody known, no faults, all permissions, everything up."""
        self.faults.clear()
        self.braze.permissions = None
        self.limits.reset()
        self.mailbox.set_mode("up")
        self.hooks.reset()
        self.world.reset()

    def start(self) -> None:
        self.mailbox.start()
        self._server.start()

    def stop(self) -> None:
        self.world.later.drop()
        self.hooks.stop()
        self._server.stop()
        self.mailbox.stop()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--smtp-port", type=int, default=8025)
    parser.add_argument("--key", default=DEFAULT_KEY, help="the REST key to accept")
    parser.add_argument("--sms-group", default=DEFAULT_SMS_GROUP, help="id of the SMS subscription group")
    parser.add_argument("--email-group", default=DEFAULT_EMAIL_GROUP, help="id of the email one")
    parser.add_argument("--sms-number", default=DEFAULT_NUMBER, help="the number of the SMS group")
    parser.add_argument("--hooks-url", default="", help="the site that hooks go to; nothing: none are sent")
    parser.add_argument("--hooks-token", default="", help="the bearer token of Braze's hooks")
    parser.add_argument("--twilio-token", default="", help="what Twilio's hooks are signed with, once they are on")
    parser.add_argument("--site-url", default="http://127.0.0.1:8000/", help="where people sign up")
    parser.add_argument("--limits", action="store_true", help="enforce Braze's documented rate limits")
    parser.add_argument("--latency-ms", type=int, default=0, help="answer each call so long after it came")
    parser.add_argument("--keep-calls", type=int, default=KEPT_CALLS, help="how many calls to remember; 0: none")


def main(argv: Sequence[str] | None = None) -> int:
    """Run until interrupted. Return the exit status."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(argv)
    try:
        sandbox = Sandbox(
            host=options.host,
            port=options.port,
            smtp_port=options.smtp_port,
            key=options.key,
            groups={options.sms_group: "sms", options.email_group: "email"},
            sms_number=options.sms_number,
            hooks=Hooks(options.hooks_url, options.hooks_token, twilio_token=options.twilio_token),
            limits=options.limits,
            latency=options.latency_ms / 1000,
            site_url=options.site_url,
            keep_calls=options.keep_calls,
        )
        sandbox.start()
    except (ValueError, OSError) as error:
        parser.error(str(error))
    sys.stdout.write(f"Sandbox: {sandbox.url}/ (mail on port {sandbox.smtp_port})\n")
    sys.stdout.flush()
    _wait_for_signal()
    sandbox.stop()
    return 0


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
