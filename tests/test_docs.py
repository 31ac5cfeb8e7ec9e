"""README's tables and what all pages name, against the code: what has rotted fails. Commands: test_docs_commands.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import get_resolver

from sms_consent.braze.probes import PROBES
from sms_consent.keywords.matching import Words, match
from tests.documents import PAGES, ROOT, anchors, links, prose

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


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
PLACE = re.compile(
    r"`((?:accounts|sms_consent|optin_site|templates|static|docs|tests|operations)/[\w./*@{},-]*|\w+\.(?:md|toml|lock|py))"
    r"(?::(\w+))?`"
)


@each_page
def test_every_place_that_a_page_names_exists(page: Path) -> None:
    missing = []
    for place, name in PLACE.findall(prose(page)):
        found = [*ROOT.glob(place), *(ROOT / "docs").glob(place)]
        if not found or (name and not re.search(rf"^(class|def) {name}\b", found[0].read_text(), re.MULTILINE)):
            missing.append(f"{place}:{name}")
    assert missing == []


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    missing = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    assert missing == []


@each_page
def test_nothing_was_left_to_be_filled_in(page: Path) -> None:
    assert re.findall(r"\b(RESULTS|TODO|FIXME|TBD|XXX)\b", prose(page)) == []


def test_the_readme_leads_to_every_page() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages - set(links(ROOT / "README.md")) == set()


REQUIREMENTS = {"CTA": 22, "US": 10, "REV": 15, "KW": 14, "DOI": 10, "EM": 15, "REC": 9, "EU": 7, "CA": 3}
REQUIREMENTS |= {"ISO": 4, "KAN": 5, "GPP": 1, "LED": 11, "SEC": 12, "DAT": 13, "BRZ": 10}
COMPLIANCE = (ROOT / "docs/compliance.md").read_text().split("\n## Where each requirement is met")[1]


@pytest.mark.parametrize("group", REQUIREMENTS)
def test_every_requirement_has_one_row(group: str) -> None:
    heads = " ".join(line.split("|")[1].split(":")[0] for line in COMPLIANCE.splitlines() if line.startswith("| "))
    numbers = [int(number) for number in re.findall(rf"\b{group}-(\d+)\b", heads)]
    assert sorted(numbers) == list(range(1, REQUIREMENTS[group] + 1))


def test_the_key_needs_the_permissions_that_the_page_lists() -> None:
    page = (ROOT / "docs/braze.md").read_text().split("\n## The REST key")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE) == [probe.permission for probe in PROBES]


def test_texts_to_paste_into_braze_fit_and_say_what_they_must() -> None:
    page = (ROOT / "docs/braze.md").read_text().split("\n## Keywords and")[1].split("\n## The unsubscribe link")[0]
    blocks = [one.strip() for one in re.findall(r"```\n(.*?)```", page, re.DOTALL)]
    words, help_text, stop_text, prompt, confirmation = blocks
    read = {word: match(word, Words(), is_pending=False).meaning for word in words.split()}
    assert set(read.values()) == {"opt_out"}
    assert (len(read) <= 20 - 6, max(map(len, read)) <= 34) == (True, True)  # Braze's own six count, if at all
    assert max(map(len, (help_text, stop_text, prompt, confirmation))) <= 300
    for part in ("Example Brand", "frequency", "data rates may apply", "HELP", "STOP"):
        assert (part in prompt, part in confirmation) == (True, True), part
    assert "reply Y" in prompt


def test_no_file_is_longer_than_300_lines() -> None:
    folders = ("accounts", "sms_consent", "optin_site", "templates", "static", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if "migrations" not in path.parts]
    code = [path for path in files if path.suffix in (".py", ".html", ".css", ".js")]
    assert [str(path) for path in code if len(path.read_text().splitlines()) > 300] == []
