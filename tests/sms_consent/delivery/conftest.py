"""Workers as processes of their own, on the test's database and sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection

from sms_consent.sandbox import Sandbox
from tests.sms_consent.webhooks import events

ROOT = Path(site.BASE_DIR)
Start = Callable[..., "subprocess.Popen[str]"]


def database_url() -> str:
    """Return the address of the test's own database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def cut_connections() -> None:
    """Have PostgreSQL end every connection but this one."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection to cut")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def open_hooks(settings: Any) -> None:
    """Have the site take what Braze reports."""
    settings.BRAZE_WEBHOOK_TOKEN = events.TOKEN


@pytest.fixture
def start(sandbox: Sandbox, transactional_db: None) -> Iterator[Start]:
    """Start `manage.py sync_braze`; ends with the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, **environment: Any) -> subprocess.Popen[str]:
        env = os.environ | {"DATABASE_URL": database_url(), "BRAZE_REST_URL": sandbox.url} | environment
        env["DJANGO_SETTINGS_MODULE"] = "optin_site.settings"  # those of the tests name an address of their own
        command = [sys.executable, "manage.py", "sync_braze", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        print(process.communicate()[0])  # pytest shows it where the test failed
