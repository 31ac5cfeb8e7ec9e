"""Celery as it runs on many machines: real workers and a real beat, on the test's database, sandbox and queues."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
from kombu import Connection

from sms_consent.sandbox import Sandbox
from tests.ports import free_port
from tests.sms_consent.delivery.conftest import ROOT, database_url
from tests.waiting import until_open

BROKER = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
Celery = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def broker() -> str:
    """Where a broker answers; a failure in CI, and a message elsewhere, if none does."""
    try:
        with Connection(BROKER, connect_timeout=3) as connection:
            connection.connect()
    except OSError as error:
        _missing(f"No broker at 127.0.0.1:5672 ({error}). Install rabbitmq-server, or set TEST_BROKER_URL.")
    return BROKER


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """Where a Redis of the test's own answers, empty."""
    if not (server := shutil.which("redis-server")):
        _missing("No redis-server. Install Debian's redis-server, or your system's Redis.")
    port = free_port()
    command = [server, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        until_open(port)
        yield f"127.0.0.1:{port}"
        process.terminate()


def _missing(words: str) -> NoReturn:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(words)


@pytest.fixture
def celery(broker: str, sandbox: Sandbox, transactional_db: None, tmp_path: Path) -> Iterator[Celery]:
    """Start `celery -A optin_site …` in a process group of its own; all end with the test at the latest."""
    queues = f"test-{uuid.uuid4()}"
    env = os.environ | {
        "DATABASE_URL": database_url(),
        "BRAZE_REST_URL": sandbox.url,
        "EMAIL_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
        "CELERY_BROKER_URL": broker,
        "CELERY_QUEUES": queues,
        "DJANGO_SETTINGS_MODULE": "optin_site.settings",
        "PYTHONWARNINGS": "ignore",
    }
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        own = {"worker": ["-n", f"{uuid.uuid4()}@here"], "beat": ["-s", str(tmp_path / "beat")]}.get(words[0], [])
        command = [sys.executable, "-m", "celery", "-A", "optin_site", *of_queues(words, queues), *own]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        started.append(subprocess.Popen(command, cwd=ROOT, env=env, text=True, start_new_session=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        kill(process)
        print(process.communicate()[0])  # pytest shows it where the test failed
    forget(broker, queues)


def of_queues(words: Iterable[str], queues: str) -> list[str]:
    return [word.replace("optin.", f"{queues}.") for word in words]


def forget(broker: str, queues: str) -> None:
    with Connection(broker) as connection, connection.channel() as channel:
        for name in ("opt-outs", "rest", "chores"):
            channel.queue_delete(f"{queues}.{name}")
        channel.exchange_delete(queues)


def kill(process: subprocess.Popen[str]) -> None:
    """End a worker with all its processes at once, as a power cut does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
