"""The compose file, followed without containers: what it starts is started, with the settings that it gives.

The site's processes run from a folder that has what the image has. What the file takes from other images is this
machine's: PostgreSQL, RabbitMQ, and a Redis of its own, for mails to a mailbox are counted there for a day.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from django.db import connection

from accounts.guard import MIN_SECONDS
from sms_consent.sandbox import SUBSCRIBED, Sandbox
from tests import settings
from tests.benchmarks.databases import EMPTY
from tests.benchmarks.processes import SETTINGS
from tests.benchmarks.visitors import Browser, Visitor
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE
from tests.ports import free_port
from tests.sms_consent.delivery.conftest import ROOT
from tests.sms_consent.tasks.conftest import forget, kill, of_queues
from tests.waiting import until

OPERATIONS = ROOT / "docs" / "operations"
SECRETS = {"POSTGRES_PASSWORD": "postgres-secret", "RABBITMQ_PASSWORD": "rabbitmq-secret"}
GRACE, LONG = 30, 60.0  # seconds: what the file gives a process to stop, and what one may take on a busy machine
HTTPS = {"X-Forwarded-Proto": "https"}

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="the compose file is for PostgreSQL"),
]


def compose() -> dict[str, Any]:
    words = (OPERATIONS / "compose.yml").read_text()
    filled = re.sub(r"\$\{(\w+):\?\}", lambda found: SECRETS[found[1]], words)
    services: dict[str, Any] = yaml.safe_load(filled.replace("$$", "$"))["services"]
    return services


def ours() -> dict[str, Any]:
    return {name: service for name, service in compose().items() if service["image"] == "optin-site"}


def test_who_is_spoken_to_is_started_and_takes_the_words_that_are_used() -> None:
    services = compose()
    for service in ours().values():
        database, broker = (urlsplit(service["environment"][name]) for name in ("DATABASE_URL", "CELERY_BROKER_URL"))
        said = services[database.hostname]["environment"]
        assert (said["POSTGRES_USER"], said["POSTGRES_PASSWORD"]) == (database.username, database.password)
        assert f"/{said['POSTGRES_DB']}" == database.path
        said = services[broker.hostname]["environment"]
        assert (said["RABBITMQ_DEFAULT_USER"], said["RABBITMQ_DEFAULT_PASS"]) == (broker.username, broker.password)
        assert urlsplit(service["environment"]["CACHE_URL"]).hostname in services
        assert set(service["depends_on"]) <= set(services)


def test_nothing_is_published_but_to_the_proxy_on_this_machine() -> None:
    published = [port for service in compose().values() for port in service.get("ports", [])]
    assert [(port["target"], port["host_ip"]) for port in published] == [(8000, "127.0.0.1")]


def test_its_processes_that_deliver_are_counted_where_they_share_brazes_limits() -> None:
    (processes,) = re.findall(r"--concurrency (\d+)", ours()["rest"]["command"])
    assert ours()["rest"]["environment"]["BRAZE_WORKERS"] == processes


def test_the_image_has_no_settings_in_it(image: Path) -> None:
    assert not [path for path in image.rglob("*") if path.name.endswith(".env") or "sqlite" in path.name]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the image gets: of what is kept in the repository, what the ignore file lets pass."""
    lines = (OPERATIONS / "Dockerfile.dockerignore").read_text().split("\n")
    names = [line[1:] for line in lines if line.startswith("!")]
    folder = tmp_path / "srv"
    for name in names:
        source, copy = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    (folder / "staticfiles").mkdir()
    return folder


@pytest.fixture
def start(
    image: Path, broker: str, redis: str, sandbox: Sandbox, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a service of the file, whose port is `port`, on a database that nothing has been migrated in."""
    queues = f"test-{uuid.uuid4()}"
    site = SETTINGS | {
        "BRAZE_REST_URL": sandbox.url,
        "BRAZE_SMS_SUBSCRIPTION_GROUP_ID": SMS,
        "BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID": EMAIL,
        "EMAIL_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
        "BRAZE_REST_KEY": settings.BRAZE_REST_KEY,
    }
    del site["RATE_LIMITS"]
    started = []

    def start(name: str, port: int = 0) -> subprocess.Popen[str]:
        service = ours()[name]
        cache = service["environment"]["CACHE_URL"].replace("redis:6379", redis)
        env = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": "/nonexistent"}
        env |= site | service["environment"] | servers | {"CACHE_URL": cache, "ENV_FILE": "/dev/null"}
        words = shlex.split(service["command"]) if "command" in service else _default_command()
        here = {"/tmp/": f"{tmp_path}/", "0.0.0.0:8000": f"127.0.0.1:{port}"}  # noqa: S104, S108
        for place, own in here.items():
            words = [word.replace(place, own) for word in words]
        command = of_queues(words, queues)
        process = subprocess.Popen(command, cwd=image, env=env, text=True, start_new_session=True)
        started.append(process)
        return process

    with EMPTY["PostgreSQL"]() as database:
        servers = {"DATABASE_URL": database, "CELERY_BROKER_URL": broker, "CELERY_QUEUES": queues}
        yield start
        for process in started:
            kill(process)
    forget(broker, queues)


def _default_command() -> list[str]:
    (words,) = re.findall(r"^CMD (.*)$", (OPERATIONS / "Dockerfile").read_text(), re.MULTILINE)
    command: list[str] = json.loads(words)
    return command


def test_what_it_starts_takes_a_sign_up_to_braze(start: Any, sandbox: Sandbox) -> None:
    port = free_port()
    assert start("migrate").wait(LONG) == 0
    processes = [start(name, port) for name in ours() if name != "migrate"]
    url = f"http://127.0.0.1:{port}"
    until(lambda: requests.get(f"{url}/readyz", headers=HTTPS, timeout=5).ok)
    style = re.search(r'href="(/static/[^"]*\.css)"', requests.get(f"{url}/", headers=HTTPS, timeout=10).text)
    assert style is not None
    assert requests.get(url + style[1], headers=HTTPS, timeout=10).status_code == 200
    browser = Browser(("127.0.0.1", port))
    time.sleep(MIN_SECONDS + 1)
    browser.sign_up(Visitor(ALICE, ALICES_PHONE))
    assert sandbox.world.wait_until(lambda: sandbox.world.state(SMS, ALICES_PHONE) == SUBSCRIBED, LONG)
    assert sandbox.world.wait_until(lambda: any(ALICE in mail.to for mail in sandbox.world.mails), LONG)
    for process in processes:
        process.terminate()
    assert [process.wait(GRACE) for process in processes] == [0] * len(processes)
