"""Every command that README and docs tell a reader to run: run here, or taken by the program that it is for."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from tests.documents import PAGES, ROOT, commands, scripts, spoken

TUTORIAL = ROOT / "docs" / "tutorial.md"
PYTHON = (".venv/bin/python", "python")
SETTING = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)


def check(words: list[str]) -> None:
    """Fail unless the program that these words name takes them."""
    while setting := SETTING.fullmatch(words[0]):
        known = setting[1] in ("COMMAND", "ENV_FILE") or f"| `{setting[1]}` |" in (ROOT / "README.md").read_text()
        assert known, setting[1]
        words = setting[2].split() + words[1:] if setting[1] == "COMMAND" else words[1:]
        if not words:
            return
    program, rest = words[0], words[1:]
    if program in PYTHON:
        python(rest)
    else:
        CHECKS[program](rest)


def python(words: list[str]) -> None:
    match words:
        case ["manage.py", name, *options]:
            manage([name, *options])
        case ["-m", "venv", _] | ["-"]:
            pass
        case ["-m", module, *options]:
            source = Path(str(importlib.util.find_spec(module).origin)).parent  # type: ignore[union-attr]
            spec = importlib.util.find_spec(f"{module}.__main__") if source.name == module.split(".")[-1] else None
            code = Path(str((spec or importlib.util.find_spec(module)).origin)).read_text()  # type: ignore[union-attr]
            assert [word for word in options if word.startswith("-") and f'"{word}"' not in code] == []
        case [script, *_]:
            assert (ROOT / script).exists() or (ROOT / "docs" / script).exists(), script
        case _:
            pytest.fail(f"python {words}")


def manage(words: list[str]) -> None:
    """Have the command's own parser read the options; what it does not know, it refuses."""
    name, *options = words
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    command.create_parser("manage.py", name).parse_args(options)


def make(words: list[str]) -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert set(words) <= set(targets[1].split())


def gunicorn(words: list[str]) -> None:
    from gunicorn.config import Config

    asked = Config().parser().parse_args(words)
    assert asked.args == ["optin_site.wsgi"]
    assert importlib.util.find_spec(asked.args[0])


def celery(words: list[str]) -> None:
    from celery.bin.celery import celery as program

    assert words[:2] == ["-A", "optin_site"]
    kind, *options = words[2:]
    known = {option for parameter in program.commands[kind].params for option in parameter.opts}
    assert {word for word in options if word.startswith("--")} <= known


def pip(words: list[str]) -> None:
    assert "--require-hashes --requirement requirements.lock" in " ".join(words)
    assert (ROOT / "requirements.lock").exists()


def remove(words: list[str]) -> None:
    assert [word for word in words if not word.startswith("-") and not word.startswith("data/")] == []


CHECKS = {"manage.py": manage, "make": make, "gunicorn": gunicorn, "celery": celery, ".venv/bin/pip": pip, "rm": remove}
CHECKS["export"] = check
TOLD = [(page.name, words) for page in PAGES for words in (*commands(page), *spoken(page))]


@pytest.mark.parametrize(("page", "words"), TOLD, ids=[f"{page}: {' '.join(words)[:70]}" for page, words in TOLD])
def test_a_command_is_one_that_exists_with_these_options(page: str, words: list[str]) -> None:
    check(words)


OTHERS = [*(ROOT / "docs/operations").rglob("*"), ROOT / "docs/reconcile.md", ROOT / "Procfile"]


@pytest.mark.parametrize("path", [path for path in OTHERS if path.is_file()], ids=lambda path: path.name)
def test_so_are_those_of_units_images_and_cron(path: Path) -> None:
    for command in re.findall(r"(?:manage\.py|celery -A|gunicorn) [^\"&`|\n]+", path.read_text()):
        if not command.startswith("manage.py runserver"):
            check(command.split())


@pytest.mark.parametrize(
    "words",
    [
        ["manage.py", "verify_ledger", "--chekpoint", "FILE"],
        ["manage.py", "verify_legder"],
        ["make", "runn"],
        ["python", "-m", "tests.benchmarks", "--quickly"],
        ["python", "docs/verify_recipe.py"],
        ["celery", "-A", "optin_site", "worker", "--queue-names", "x"],
        ["NO_SUCH_SETTING=1", "manage.py", "check"],
        ["curl", "https://example.com"],
    ],
    ids=" ".join,
)
def test_a_command_that_has_rotted_is_noticed(words: list[str]) -> None:
    with pytest.raises((AssertionError, CommandError, KeyError, SystemExit)):
        check(words)


# --- The tutorial, run in a shell as it stands there ---------------------------------------------------------

ALICE_SIGNS_UP = """
import re
from django.test import Client
from post_office.models import Email
from sms_consent import receipts
from tests.people import ALICE, send_sign_up
send_sign_up(Client(), ALICE, "(202) 555-0101", "sms", "email")
link = re.search(r"/confirm/[\\w-]+/", Email.objects.get(to=ALICE).message)[0]
Client().post(link, {"answer": "confirm"})
print(receipts.path_of(ALICE))
"""
ALICE_SAVES_HER_RECEIPT = """
from django.test import Client
from sms_consent import receipts
from tests.people import ALICE
path = receipts.path_of(ALICE).rstrip("/") + ".json"
open("data/consent-receipt.json", "wb").write(Client().get(path).content)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder after `make run`: its own data, the code of this one."""
    for name in ("data", ".venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("manage.py", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path


def shell(folder: Path, script: str) -> tuple[str, int]:
    """Run a block as a reader would paste it; return what is on the terminal, and what the last command ended with."""
    data = {"DATABASE_URL": "sqlite:///data/optin.sqlite3", "ENV_FILE": os.devnull, "DEBUG": "true"}
    rest = {"RATE_LIMITS": "off", "ALLOWED_HOSTS": "testserver,127.0.0.1"}
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    ran = subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=environment | data | rest,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=250,
        check=False,
    )
    return ran.stdout, ran.returncode


def site(folder: Path, code: str) -> None:
    out, status = shell(folder, f".venv/bin/python manage.py shell --no-imports -c '{code}'")
    assert status == 0, out


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_tutorial(folder: Path) -> None:
    run, seal, check_receipt, forge, throw_away = scripts(TUTORIAL)
    assert run.strip() == "make run"
    out, status = shell(
        folder, ".venv/bin/python manage.py migrate -v 0 && .venv/bin/python manage.py create_default_programs"
    )
    assert status == 0, out
    site(folder, ALICE_SIGNS_UP)

    out, status = shell(folder, seal)
    assert (status, "3 records" in out, "Nothing is damaged." in out) == (0, True, True), out
    site(folder, ALICE_SAVES_HER_RECEIPT)
    out, status = shell(folder, check_receipt)
    assert (status, "The receipt holds." in out) == (0, True), out
    out, status = shell(folder, forge)
    assert (status, "append-only: " in out, "Record #1 was edited." in out) == (1, True, True), out
    assert (shell(folder, throw_away), (folder / "data/copy.sqlite3").exists()) == (("", 0), False)


def test_the_tutorial_quotes_what_is_said() -> None:
    for words in (
        "Nothing is damaged.",
        "The receipt holds.",
        "is under no seal that was kept",
        "Record #1 was edited.",
    ):
        said = [path.read_text() for path in (*ROOT.glob("sms_consent/**/*.py"), ROOT / "docs/verify_receipt.py")]
        core = words.replace("Record #1 ", "")
        assert words in TUTORIAL.read_text()
        assert any(core.rstrip(".") in code for code in said), words


def test_the_tutorial_names_what_is_on_the_pages() -> None:
    shown = "\n".join(
        path.read_text() for path in (*ROOT.glob("templates/**/*.html"), *ROOT.glob("sms_consent/**/*.js"))
    )
    shown += "\n".join(path.read_text() for path in ROOT.glob("sms_consent/**/*.html"))
    for button in ("Confirm and get emails", "the same for machines", "Braze is down", "Mailbox", "Hooks", "Calls"):
        assert (button in TUTORIAL.read_text(), button in shown) == (True, True), button
