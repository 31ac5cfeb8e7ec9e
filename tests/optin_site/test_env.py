"""How the environment and its file are read: what is written wrongly is refused by name, and no secret is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.optin_site.test_settings import PRODUCTION, ROOT, run, start

EXAMPLE = (ROOT / ".env.example").read_text()


def last_line(name: str, value: str) -> str:
    """Return what the site says when it refuses to start with this setting."""
    refused = start(**{name: value})
    assert refused.returncode != 0
    assert "ImproperlyConfigured" in refused.stderr
    return refused.stderr.splitlines()[-1]


def test_every_line_of_the_example_can_be_uncommented_as_it_stands(tmp_path: Path) -> None:
    settings = re.sub("^# (?=[A-Z_]+=)", "", EXAMPLE, flags=re.MULTILINE)
    (tmp_path / "settings.env").write_text(settings)
    values = re.findall("^[A-Z_]+=(.*)$", settings, re.MULTILINE)
    assert [value for value in values if "#" in value] == []
    started = start(**dict.fromkeys(PRODUCTION), DATABASE_URL=None, ENV_FILE=str(tmp_path / "settings.env"))
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGER_KEY", "# 32 bytes or more; never change it: it is how addresses are found again"),
        ("METRICS_TOKEN", "a-long-and-random-token   # what Prometheus shows"),
        ("BRAZE_REST_KEY", "#"),
        ("BRAND_ADDRESS", "   # where you are"),
    ],
)
def test_a_comment_in_a_value_is_refused_and_not_shown(name: str, value: str) -> None:
    said = last_line(name, value)
    assert f"{name} has a comment in its value: comments need a line of their own." in said
    assert value.strip(" #") == "" or value not in said


SHOW = "import json; from optin_site import settings as s; print(json.dumps([s.LEDGER_KEY, s.BRAND_ADDRESS]))"


@pytest.mark.parametrize("name", ["LEDGER_KEY", "LEDGER_KEY_FILE"])
def test_what_is_no_comment_is_taken(tmp_path: Path, name: str) -> None:
    key, address = f"#{'k' * 30}#", "#05-01 Example Street, Suite #5"
    if name == "LEDGER_KEY_FILE":
        key = f"# {'k' * 32} # 1"
        (tmp_path / "key").write_text(f"{key}\n")
    value = str(tmp_path / "key") if name == "LEDGER_KEY_FILE" else key
    started = run("-c", SHOW, BRAND_ADDRESS=address, **{"LEDGER_KEY": None, name: value})
    assert json.loads(started.stdout) == [key, address]


def test_a_file_of_settings_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = last_line("ENV_FILE", str(tmp_path / "nowhere.env"))
    assert ("ENV_FILE" in said, "nowhere.env" in said) == (True, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgress://user:s3cret@host/name"),
        ("DATABASE_URL", "postgres://user:s3cret@host:port/name"),
        ("DATABASE_URL", "sqlite://s3cret/optin.sqlite3"),
        ("CACHE_URL", "redis.example.com:s3cret"),
        ("EMAIL_URL", "smtp.example.com"),
        ("EMAIL_URL", "smtp+tls://user:s3cret#ss@host:587"),
        ("EMAIL_URL", "smtp+tls://user:5#s3cret@host:587"),
        ("SENTRY_DSN", "s3cret"),
    ],
)
def test_an_address_that_is_none_is_refused_by_name_and_not_shown(name: str, value: str) -> None:
    refused = start(**{name: value})
    assert refused.returncode != 0
    assert f"ImproperlyConfigured: {name} " in refused.stderr.splitlines()[-1]
    assert ("s3cret" in refused.stderr, "s3cret" in refused.stdout) == (False, False)


def test_a_password_may_have_anything_in_it_that_is_encoded() -> None:
    show = "from optin_site import settings as s; print(s.EMAIL_HOST_PASSWORD, s.DATABASES['default']['PASSWORD'])"
    urls = {"EMAIL_URL": "smtp+tls://user:pa%23ss@host:587", "DATABASE_URL": "postgres://user:pa%23ss%2F@host/name"}
    assert run("-c", show, **urls).stdout == "pa#ss pa#ss/\n"


@pytest.mark.parametrize("content", ["METRICS_TOKEN_FILE=/nope\n", "METRICS_TOKEN_FILE=/nope\nMETRICS_TOKEN=\n"])
def test_a_secret_file_that_is_not_there_is_named_from_the_file_of_settings_too(tmp_path: Path, content: str) -> None:
    (tmp_path / "settings.env").write_text(content)
    said = last_line("ENV_FILE", str(tmp_path / "settings.env"))
    assert "METRICS_TOKEN_FILE cannot be read" in said


@pytest.mark.parametrize(
    "line",
    [
        "BRAZE_REST_KEY = s3cret",
        "  BRAZE_REST_KEY=s3cret",
        "BRAZE_REST_KEY= 's3cret'",
        "BRAZE_REST_KEY: s3cret",
        "export  BRAZE_REST_KEY=s3cret",
        "; s3cret",
        's3cret, the second line of a value"',
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.env").write_text(f"# A comment\n\n{line}\n")
    refused = start(ENV_FILE=str(tmp_path / "settings.env"))
    assert refused.returncode != 0
    assert "ImproperlyConfigured: Line 3 of ENV_FILE (or .env) " in refused.stderr.splitlines()[-1]
    assert ("s3cret" in refused.stderr, "s3cret" in refused.stdout) == (False, False)


def test_lines_that_can_be_read_are(tmp_path: Path) -> None:
    lines = ["#LEDGER_KEY=x", "   ", "export BRAND_ADDRESS='1 Example Street'", f'LEDGER_KEY="{"k" * 32}"  ', ""]
    (tmp_path / "settings.env").write_text("\n".join(lines))
    started = run("-c", SHOW, LEDGER_KEY=None, BRAND_ADDRESS=None, ENV_FILE=str(tmp_path / "settings.env"))
    assert (started.stdout, started.stderr) == (json.dumps(["k" * 32, "1 Example Street"]) + "\n", "")


@pytest.mark.parametrize("where", ["environment", "settings", "own"])
def test_a_value_that_begins_with_a_dollar_is_taken_as_it_stands(tmp_path: Path, where: str) -> None:
    key, url = f"$HOME{'k' * 32}", "postgres://user:$HOME@host/name"
    names = {"LEDGER_KEY": key, "DATABASE_URL": url, "BRAND_ADDRESS": "$$HOME"}
    given: dict[str, str | None] = dict(names)
    if where == "settings":
        (tmp_path / "settings.env").write_text("\n".join(f"{name}={value}" for name, value in names.items()))
        given = dict.fromkeys(names) | {"ENV_FILE": str(tmp_path / "settings.env")}
    if where == "own":
        for name, value in names.items():
            (tmp_path / name).write_text(f"{value}\n")
        given = dict.fromkeys(names) | {f"{name}_FILE": str(tmp_path / name) for name in names}
    show = f"{SHOW}; print(s.DATABASES['default']['PASSWORD'])"
    shown = run("-c", show, **given).stdout.splitlines()
    assert (json.loads(shown[0]), shown[1]) == ([key, "$$HOME"], "$HOME")


def test_what_stands_in_the_environment_wins_over_the_file_of_settings(tmp_path: Path) -> None:
    """So that the owner migrates (docs/operations.md)."""
    (tmp_path / "settings.env").write_text("DATABASE_URL=postgres://optin_app:x@host/name\n")
    owners = {"DATABASE_URL": "postgres://owner:x@host/name", "ENV_FILE": str(tmp_path / "settings.env")}
    show = "from optin_site import settings as s; print(s.DATABASES['default']['USER'])"
    assert [run("-c", show, **owners | it).stdout for it in ({}, {"DATABASE_URL": None})] == ["owner\n", "optin_app\n"]


def test_comments_may_be_indented_and_a_file_begin_as_windows_has_them_begin(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_bytes(b"\xef\xbb\xbf# ours\r\n  # a note\r\nLEDGER_KEY=" + b"k" * 32 + b"\r\n")
    started = run("-c", SHOW, LEDGER_KEY=None, BRAND_ADDRESS="x", ENV_FILE=str(tmp_path / "settings.env"))
    assert json.loads(started.stdout) == ["k" * 32, "x"], started.stderr
