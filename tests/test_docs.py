"""README's tables against the code: a table that has rotted fails."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.management import get_commands
from django.urls import get_resolver

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """Return the text under a heading."""
    return README.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def first_cells(title: str) -> list[str]:
    """Return the first cell of each row of the table under a heading."""
    rows = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows[1:]]


def test_every_setting_is_documented_and_none_that_is_not() -> None:
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "optin_site/settings.py").read_text())
    read += re.findall(r'env\.url_config\("\w+", "([A-Z_]+)"', (ROOT / "optin_site/settings.py").read_text())
    documented = [cell.strip("`") for cell in first_cells("Configuration")]
    assert sorted(documented) == sorted({*read, "DEBUG"})


def test_what_is_required_is_marked_so() -> None:
    required = set(re.findall(r'env\.required\(\s*"([A-Z_]+)"', (ROOT / "optin_site/settings.py").read_text()))
    rows = [line.split("|") for line in section("Configuration").splitlines() if line.startswith("| `")]
    marked = {row[1].strip(" `") for row in rows if "required" in row[2]}
    assert marked == required | {"ALLOWED_HOSTS", "PHONE_REGIONS"}


def test_the_example_environment_names_only_settings_that_exist() -> None:
    documented = {cell.strip("`") for cell in first_cells("Configuration")}
    named = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named <= documented


def test_every_command_of_ours_is_documented() -> None:
    ours = {name for name, app in get_commands().items() if app in ("accounts", "sms_consent")}
    documented = {cell.strip("`").split()[1] for cell in first_cells("Commands")}
    assert documented == ours


def test_every_address_is_documented() -> None:
    documented = " ".join(first_cells("Addresses"))
    ours = {path for path in _paths() if not path.startswith("accounts/l")}
    hidden = {"accounts/inactive/", "accounts/confirm-email/", "accounts/reauthenticate/", "api/"}  # nothing is there
    hidden |= {path for path in ours if path.startswith("admin/")}
    missing = {path for path in ours - hidden if f"/{re.sub('<[a-z]+:', '<', path)}`" not in documented}
    assert missing == set()


def _paths() -> set[str]:
    found = set()
    for resolver in get_resolver().url_patterns:
        inner = [] if str(resolver.pattern) == "admin/" else getattr(resolver, "url_patterns", [])
        found |= {f"{resolver.pattern}{one.pattern}" for one in inner} or {str(resolver.pattern)}
    return found


def test_every_place_that_the_readme_names_exists() -> None:
    places = re.findall(r"`((?:accounts|sms_consent|optin_site|templates|static|docs)/[\w./]*)`", README)
    places += re.findall(r"\]\(((?!http)[\w./]+)\)", README)
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_no_file_is_longer_than_300_lines() -> None:
    folders = ("accounts", "sms_consent", "optin_site", "templates", "static", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if "migrations" not in path.parts]
    code = [path for path in files if path.suffix in (".py", ".html", ".css", ".js")]
    assert [str(path) for path in code if len(path.read_text().splitlines()) > 300] == []
