"""docs/extending.md is followed word for word: its diffs are made, its files written, its tests run, in a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from sms_consent import selectors
from sms_consent.models import Program
from tests.people import ALICE, send_sign_up, standing

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = dict(section.partition("\n")[::2] for section in (ROOT / "docs/extending.md").read_text().split("\n## ")[1:])
COPIED = ("accounts", "docs", "optin_site", "sms_consent", "static", "templates", "tests")


def blocks(title: str) -> list[tuple[str, str, str]]:
    """Return a section's blocks of code: kind, first line, the rest."""
    found = re.findall(r"^```(\w+)\n(.*?)\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)
    assert found, title
    return found


def follow(title: str, copy: Path) -> list[str]:
    """Do in the copy what a recipe says; return the tests that it adds."""
    tests = []
    for kind, first, rest in blocks(title):
        if kind == "diff":
            change(copy / first.removeprefix("--- "), rest)
            continue
        name = first.removeprefix("# ").removesuffix(", at the end")
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        with (copy / name).open("a") as file:
            file.write(f"\n\n{rest}")
        tests += [name] if name.startswith("tests/") else []
    return tests


def change(path: Path, hunks: str) -> None:
    """Apply a diff without line numbers: what it takes for granted must be there, once."""
    text = path.read_text()
    for hunk in hunks.split("@@\n"):
        lines = [line or " " for line in hunk.splitlines()]
        old = "\n".join(line[1:] for line in lines if line[0] in " -")
        new = "\n".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(old) == 1, f"{path.name} has, {text.count(old)} times:\n{old}"
        text = text.replace(old, new)
    path.write_text(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """This project, to be changed."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(copy: Path, *command: str) -> None:
    """Run Python in the copy, on SQLite: the outer tests have the other database."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {"DEBUG": "true", "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.timeout(600)  # it makes migrations and starts the tests once more
def test_the_recipes_that_change_code(copy: Path) -> None:
    titles = [
        "A field on the sign-up, and an attribute at Braze",
        "A provider of inbound texts",
        "A language",
    ]
    tests = [name for title in titles for name in follow(title, copy)]
    assert len(tests) == len(titles)
    run(copy, "manage.py", "makemigrations", "accounts", "--verbosity=0")
    run(copy, "-m", "tests.catalogs")
    run(copy, "-m", "pytest", "-q", *tests)


def test_the_recipe_for_a_program(client: Client, programs: dict[str, Program]) -> None:
    ((_, first, rest),) = blocks("A program")
    exec(f"{first}\n{rest}", {})  # noqa: S102 - our own documentation
    selectors.forget_offers()
    send_sign_up(client, ALICE, "", "tips")
    assert standing(ALICE, "tips") == "pending"


def test_every_block_partial_and_property_is_documented() -> None:
    look = SECTIONS["Your look, outside this repository"]
    base = (ROOT / "templates/base.html").read_text() + (ROOT / "templates/accounts/sign_up.html").read_text()
    names = set(re.findall(r"{% block (\w+) %}", base))
    names |= {f"partials/{path.name}" for path in (ROOT / "templates/partials").iterdir()}
    names |= set(re.findall(r"^  (--[\w-]+):", (ROOT / "static/css/site.css").read_text(), re.MULTILINE))
    assert {name for name in names if f"`{name}`" not in look} == set()
