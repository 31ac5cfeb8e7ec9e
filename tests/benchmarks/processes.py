"""The processes that a benchmark starts, on free loopback ports, and stops again whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
SMS_GROUP = "5a4d0000-0000-4000-8000-000000000001"
EMAIL_GROUP = "e4a10000-0000-4000-8000-000000000002"
KEY = "benchmark-key"
PATIENCE = 30.0  # seconds
SETTINGS = {
    "DEBUG": "false",
    "SECRET_KEY": "a secret key for benchmarks, of fifty characters at least",
    "LEDGER_KEY": "a ledger key for benchmarks, of thirty-two bytes",
    "ALLOWED_HOSTS": "127.0.0.1",
    "CACHE_URL": "locmemcache://",
    "EMAIL_URL": "smtp://127.0.0.1:1",  # nothing is sent: mails stay in the queue
    "BRAZE_REST_URL": "http://127.0.0.1:1",
    "BRAZE_REST_KEY": KEY,
    "BRAZE_SMS_SUBSCRIPTION_GROUP_ID": SMS_GROUP,
    "BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID": EMAIL_GROUP,
    "PHONE_REGIONS": "US",
    "BRAND_NAME": "Example Brand",
    "BRAND_ADDRESS": "1 Example Street, Springfield, IL 62701, USA",
    "SUPPORT_EMAIL": "support@example.com",
    "SUPPORT_PHONE": "+1 202 555 0199",
    "SMS_NUMBER": "+12025550100",
    "SITE_URL": "https://optin.example.com",
    "TRUSTED_PROXY_COUNT": "1",
    "RATE_LIMITS": "off",
}


def environment(database_url: str, *, braze: str = "", settings: str = "settings") -> dict[str, str]:
    """Return the environment of a production site on this database; `settings` is a module beside this one."""
    site = SETTINGS | {"DATABASE_URL": database_url}
    if braze:
        site["BRAZE_REST_URL"] = braze
    site["DJANGO_SETTINGS_MODULE"] = f"tests.benchmarks.{settings}"
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | site


def run(*arguments: str, env: Mapping[str, str], stderr: int | None = subprocess.PIPE) -> str:
    """Run Python with these arguments and return what it printed; raises RuntimeError if it failed.

    What it says on stderr is in the error, or with None at once on ours.
    """
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)
    if done.returncode:
        said = done.stdout[-2000:] + (done.stderr or "")[-4000:]
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{said}")
    return done.stdout


def inside(*arguments: str, env: Mapping[str, str]) -> Any:
    """Run a step of `inside.py` within the site and return its result."""
    return json.loads(run("-W", "ignore", "-m", "tests.benchmarks.inside", *arguments, env=env).splitlines()[-1])


@dataclass(frozen=True)
class Used:
    """What a process took: seconds from start to exit, seconds of processor time, its largest MiB in memory."""

    seconds: float
    processor: float
    memory: int


def measured(*arguments: str, env: Mapping[str, str]) -> Used:
    """Run `manage.py` with these arguments and return what it took; raises RuntimeError if it failed."""
    began = time.perf_counter()
    started = os.posix_spawn(sys.executable, [sys.executable, str(ROOT / "manage.py"), *arguments], dict(env))
    _, status, used = os.wait4(started, 0)
    if status:
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return Used(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


@contextmanager
def running(
    arguments: Sequence[str], env: Mapping[str, str], python: Path | str = sys.executable, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these arguments until the block ends. What it says is shown if the block fails.

    `options` are those of `Popen`.
    """
    with tempfile.TemporaryFile("w+") as said:
        options = {"stdout": said, "stderr": said, "cwd": ROOT} | options
        process = subprocess.Popen([python, *arguments], env=env, text=True, **options)
        try:
            yield process
        except Exception:
            said.seek(0)
            sys.stderr.write(f"\n{' '.join(arguments)} said:\n{said.read()[-4000:]}\n")
            raise
        finally:
            _stop(process)
            if process.stdout:
                process.stdout.close()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def gunicorn(env: Mapping[str, str], app: str = "optin_site.wsgi", **options: Any) -> Iterator[tuple[str, int]]:
    """Serve a site with two synchronous workers; yield the address. The socket listens before they do.

    `options` are those of `running`.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        command = ["-W", "ignore", "-m", "gunicorn", "-w", "2", "--log-level", "warning"]
        command += ["--bind", f"fd://{listening.fileno()}", app]
        with running(command, env, pass_fds=[listening.fileno()], **options):
            address = listening.getsockname()
            listening.close()
            yield address


@dataclass(frozen=True)
class Sandbox:
    """A fake Braze in a process of its own."""

    url: str

    def ask(self, what: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call its control API: GET, or POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/__sandbox/{what}", data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    @property
    def people(self) -> int:
        """How many profiles it holds."""
        return int(self.ask("state")["totals"]["profiles"])


@contextmanager
def sandbox(*, latency_ms: int = 0, keep_calls: int = 0, limits: bool = False) -> Iterator[Sandbox]:
    """Run a sandbox that takes so long for each answer and remembers so many calls."""
    command = ["-u", "-m", "sms_consent.sandbox", "--port", "0", "--smtp-port", "0", "--key", KEY]
    command += ["--sms-group", SMS_GROUP, "--email-group", EMAIL_GROUP]
    command += ["--latency-ms", str(latency_ms), "--keep-calls", str(keep_calls), *(["--limits"] if limits else [])]
    with running(command, environment(""), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\d.]+:\d+", process.stdout.readline())
        if not found:
            raise RuntimeError("the sandbox did not start")
        yield Sandbox(found[0])


@contextmanager
def worker(env: Mapping[str, str]) -> Iterator[None]:
    """Run `manage.py sync_braze`."""
    with running(["-u", "manage.py", "sync_braze"], env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # its first words
        time.sleep(0.5)
        yield


def end_on_signals() -> None:
    """Have SIGTERM end this process like an error, so that every block above is left and cleans up."""

    def end(*_: object) -> NoReturn:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, end)
