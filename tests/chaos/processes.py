"""The processes that are harmed: each may be killed, suspended and started again at any time."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.processes import EMAIL_GROUP, KEY, ROOT, SMS_GROUP, Sandbox, environment, running
from tests.chaos.plan import Plan

TOKEN = "chaos-hook-token"
GRACE = 30.0  # seconds a process may take over the calls that are in flight
ACCESS = "%(t)s %(D)s %(s)s %(m)s"  # when, after how many microseconds, with what; never a path, which may be a link
LIFE = (signal.SIGCONT, signal.SIGTERM)


@dataclass
class Service:
    """One process, with whatever it starts itself: signals go to all of them."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    said: Path
    fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; what it says is added to its log."""
        with self.said.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                env=self.env,
                cwd=ROOT,
                pass_fds=self.fds,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self) -> int:
        """Have it end what it has begun; return its exit status."""
        for number in LIFE:
            self.send(number)
        assert self.process is not None
        try:
            return self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1


@dataclass(frozen=True)
class World:
    """Everything that runs. `listening` outlives the web processes, so that nobody is turned away meanwhile."""

    url: str
    env: dict[str, str]
    sandbox: Sandbox
    services: list[Service]
    folder: Path

    @property
    def workers(self) -> list[Service]:
        """Those that talk to Braze."""
        return [one for one in self.services if one.name.startswith("worker")]

    @property
    def web(self) -> list[Service]:
        """Those that serve the site."""
        return [one for one in self.services if one.name.startswith("web")]

    @property
    def access_logs(self) -> list[Path]:
        """Where the web processes write what they answered."""
        return sorted(self.folder.glob("*.access"))


@contextmanager
def world(database_url: str, plan: Plan, folder: Path) -> Iterator[World]:
    """Run the site, two of everything that there may be two of, beside a sandbox that tells it what happens there."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sandbox, smtp_port = stack.enter_context(_sandbox(url))
        env = environment(database_url, braze=sandbox.url) | _own(url, smtp_port, plan)
        services = [*_services(env, folder, listening.fileno())]
        stack.callback(lambda: [service.kill() for service in services])
        for service in services:
            service.start()
        yield World(url, env, sandbox, services, folder)


def _own(url: str, smtp_port: int, plan: Plan) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "CHAOS_HASTE": str(plan.haste),
        "SITE_URL": url,
        "CSRF_TRUSTED_ORIGINS": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "BRAZE_WEBHOOK_TOKEN": TOKEN,
        "TRUSTED_PROXY_COUNT": "0",
        "ENV_FILE": os.devnull,
    }


def _services(env: Mapping[str, str], folder: Path, fd: int) -> Iterator[Service]:
    web = ["-W", "ignore", "-m", "gunicorn", "--config", str(ROOT / "tests/chaos/plain_gunicorn.py")]
    web += ["--workers", "1", "--log-level", "warning", "--bind", f"fd://{fd}"]
    for number in (1, 2):
        log = ["--access-logfile", str(folder / f"web{number}.access"), "--access-logformat", ACCESS]
        command = [*web, *log, "optin_site.wsgi"]
        yield Service(f"web{number}", command, env, folder / f"web{number}.log", (fd,))
        yield Service(f"worker{number}", ["manage.py", "sync_braze"], env, folder / f"worker{number}.log")
    yield Service("mail", ["manage.py", "send_mail"], env, folder / "mail.log")


@contextmanager
def _sandbox(site: str) -> Iterator[tuple[Sandbox, int]]:
    command = ["-u", "-m", "sms_consent.sandbox", "--port", "0", "--smtp-port", "0", "--key", KEY, "--keep-calls", "0"]
    command += ["--sms-group", SMS_GROUP, "--email-group", EMAIL_GROUP, "--hooks-url", site, "--hooks-token", TOKEN]
    with running(command, environment(""), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        found = re.search(r"(http://[\d.]+:\d+).*port (\d+)", process.stdout.readline())
        if not found:
            raise RuntimeError("the sandbox did not start")
        yield Sandbox(found[1]), int(found[2])
