"""Settings come from the environment; what is missing or contradictory keeps the site from starting, by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "a-long-and-random-value-0123456789-abcdefghijklmnopqrstuvwxyz",
    "LEDGER_KEY": "l" * 60,
    "ALLOWED_HOSTS": "optin.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://optin.example.com",
    "SITE_URL": "https://optin.example.com",
    "CACHE_URL": "rediscache://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@smtp.example.com:587",
    "BRAZE_REST_URL": "https://rest.iad-03.braze.com",
    "BRAZE_REST_KEY": "key",
    "BRAZE_SMS_SUBSCRIPTION_GROUP_ID": "5a4d0000-0000-4000-8000-000000000001",
    "BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID": "e4a10000-0000-4000-8000-000000000002",
    "PHONE_REGIONS": "US,CA",
    "BRAND_NAME": "Example Brand",
    "BRAND_ADDRESS": "1 Example Street",
    "SUPPORT_EMAIL": "support@example.com",
    "TRUSTED_PROXY_COUNT": "1",
}
SHOWN = ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
SHOW = f"import json; from optin_site import settings as s; print(json.dumps({{n: getattr(s, n) for n in {SHOWN}}}))"


def run(*command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with production's environment and these changes; None takes a setting away."""
    wanted = PRODUCTION | {"ENV_FILE": os.devnull, "DATABASE_URL": "sqlite:///:memory:"} | changes
    environment = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    return run("-c", SHOW, **changes)


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "LEDGER_KEY",
        "ALLOWED_HOSTS",
        "SITE_URL",
        "EMAIL_URL",
        "BRAZE_REST_URL",
        "BRAZE_REST_KEY",
        "PHONE_REGIONS",
        "BRAND_NAME",
        "SUPPORT_EMAIL",
    ],
)
def test_a_missing_setting_keeps_the_site_from_starting(name: str) -> None:
    refused = start(**{name: None})
    assert refused.returncode != 0
    assert "ImproperlyConfigured" in refused.stderr
    assert name in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", " "),
        ("LEDGER_KEY", "short"),
        ("DEBUG", "perhaps"),
        ("RATE_LIMITS", "sometimes"),
        ("STAFF_MFA", "perhaps"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("TRUSTED_PROXY_COUNT", "one"),
        ("PHONE_REGIONS", "US,Germany"),
        ("SITE_URL", "optin.example.com"),
        ("SITE_URL", "https://"),
        ("SITE_URL", "https://optin.example.com/some/path"),
        ("LANGUAGES", "en,tlh"),
        ("EMBED_ORIGINS", "shop.example.com"),
        ("EMBED_ORIGINS", "https://shop.example.com/page"),
        ("EMBED_ORIGINS", "https://shop.example.com,*"),
        ("EMBED_ORIGINS", "https://shop.example.com; script-src *"),
        ("BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID", PRODUCTION["BRAZE_SMS_SUBSCRIPTION_GROUP_ID"]),
    ],
)
def test_a_wrong_setting_keeps_the_site_from_starting(name: str, value: str) -> None:
    refused = start(**{name: value})
    assert refused.returncode != 0
    assert name in refused.stderr.splitlines()[-1]


def test_production_starts_with_what_it_needs_and_nothing_insecure() -> None:
    started = start()
    found = json.loads(started.stdout)
    assert found["SECRET_KEY"] == PRODUCTION["SECRET_KEY"]
    assert [found[name] for name in SHOWN[3:]] == [True, True, True]


def test_without_debug_in_the_environment_it_is_off() -> None:
    assert json.loads(start(DEBUG=None).stdout)["DEBUG"] is False


def test_development_starts_with_nothing_set() -> None:
    started = start(**dict.fromkeys(PRODUCTION) | {"DEBUG": "true"})
    assert json.loads(started.stdout)["DEBUG"] is True


def test_a_secret_may_be_a_file_that_ends_in_a_newline(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{'f' * 60}\n")
    found = json.loads(start(SECRET_KEY=None, SECRET_KEY_FILE=str(secret)).stdout)
    assert found["SECRET_KEY"] == "f" * 60


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = start(SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "nowhere"))
    assert refused.returncode != 0
    assert "SECRET_KEY_FILE" in refused.stderr.splitlines()[-1]


def test_the_deploy_check_is_content_with_production() -> None:
    checked = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("name", "value", "status"), [("RATE_LIMITS", "off", 1), ("CACHE_URL", "locmemcache://", 0)])
def test_what_no_site_may_have_fails_the_deploy_check_and_keeps_nothing_from_starting(
    name: str, value: str, status: int
) -> None:
    checked = run("manage.py", "check", "--deploy", **{name: value})
    assert checked.returncode == status, checked.stderr
    assert "sms_consent." in checked.stderr
    assert run("manage.py", "check", **{name: value}).returncode == 0


GROUPS = "BRAZE_SMS_SUBSCRIPTION_GROUP_ID"
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SHARED = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1"}}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("BRAZE_REST_URL", "http://127.0.0.1:8001", "E008"),
        ("BRAZE_REST_URL", "http://rest.iad-03.braze.com", "E008"),
        ("BRAZE_REST_URL", "https://rest.iad-03.braze.com.evil.example", "E008"),
        ("RATE_LIMITS", False, "E002"),
        ("BRAND_ADDRESS", "", "E003"),
        (GROUPS, "", "W003"),
        ("ALLOWED_HOSTS", ["*"], "E004"),
        ("CACHES", LOCAL, "W005"),
        ("SITE_URL", "http://optin.example.com", "E006"),
        ("SITE_URL", "https://elsewhere.example.com", "E006"),
        ("TRUSTED_PROXY_COUNT", 0, "W011"),
        ("EVIDENCE_YEARS", 4, "E007"),
        ("METRICS_TOKEN", "$THE_TOKEN_OF_METRICS", "W017"),
        ("LEDGER_KEY", "${THE_KEY_OF_THE_LEDGER}", "W017"),
    ],
)
def test_the_deploy_check_objects_to(settings: Any, name: str, value: object, code: str) -> None:
    """E is for an error, at which it fails."""
    fine = {"BRAZE_REST_URL": "https://rest.iad-03.braze.com", "RATE_LIMITS": True, "CACHES": SHARED}
    fine |= {"ALLOWED_HOSTS": ["optin.example.com"], "SITE_URL": "https://optin.example.com"}
    fine |= {"TRUSTED_PROXY_COUNT": 1}
    for setting, good in (fine | {name: value}).items():
        setattr(settings, setting, good)
    found = [one for one in run_checks(include_deployment_checks=True) if str(one.id).startswith("sms_consent")]
    assert [(one.id, one.is_serious()) for one in found] == [(f"sms_consent.{code}", code.startswith("E"))]


@pytest.mark.parametrize(
    ("said", "binds"),
    [
        ("", True),
        ("?server_side_binding=True", True),
        ("?server_side_binding=1", True),
        ("?server_side_binding=false&sslmode=disable", False),
    ],
)
def test_the_address_of_a_database_decides_whether_statements_are_prepared(said: str, binds: bool) -> None:
    show = "import json; from optin_site.settings import DATABASES as d; print(json.dumps(d['default']['OPTIONS']))"
    options = json.loads(run("-c", show, DATABASE_URL=f"postgres://site@127.0.0.1/site{said}").stdout)
    assert (options["server_side_binding"], options["prepare_threshold"]) == (binds, 5)
