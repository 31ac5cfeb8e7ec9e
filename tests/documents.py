"""README and docs as data: their blocks of commands, the commands in the middle of a sentence, headings, links."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def text(page: Path) -> str:
    """Return a page."""
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", text(page))


def scripts(page: Path) -> list[str]:
    """Return the blocks that a reader is to run in a shell."""
    return [body for language, body in FENCE.findall(text(page)) if language == "sh"]


def commands(page: Path) -> list[list[str]]:
    """Return every command of these blocks as words: no comments, no text that is fed to one, `&&` taken apart."""
    found = []
    for script in scripts(page):
        for line in re.sub(r"<<'(\w+)'\n.*?^\1$", "", script, flags=re.MULTILINE | re.DOTALL).splitlines():
            words = shlex.split(line, comments=True)
            found += [shlex.split(part) for part in shlex.join(words).replace("'&&'", "&&").split("&&") if part.strip()]
    return found


def spoken(page: Path) -> list[list[str]]:
    """Return the commands that stand between backticks in the middle of a sentence."""
    spans = re.findall(r"`((?:manage\.py|make|gunicorn|celery -A) [^`]+)`", prose(page))
    return [shlex.split(span) for span in spans]


def anchors(page: Path) -> set[str]:
    """Return the headings of a page as GitHub makes links of them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """Return where the links of a page lead on this machine, such as `proof.md#keys`."""
    return re.findall(r"\]\((?!\w+:)([^)\s]+)\)", re.sub(r"`[^`\n]*\]\([^`\n]*`", "", prose(page)))
