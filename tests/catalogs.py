"""The catalogs of translations. `python -m tests.catalogs` brings them up to date with pages and code, and compiles.

Needs no gettext: messages are found by Django's own template parser and Python's, catalogs are written by polib.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import polib
from django.conf import settings
from django.template import engines
from django.template.base import Node
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT = settings.BASE_DIR
CATALOGS = ROOT / "optin_site" / "locale"
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
Message = tuple[str, str]  # in English, and in the plural if it has one


def messages() -> dict[Message, str]:
    """Return every message that a visitor may read, with the file that says it first."""
    found: dict[Message, str] = {}
    for path in sorted(ROOT.glob("templates/**/*.*")):
        if "admin" not in path.parts:
            found = {message: _name(path) for message in _of_template(path)} | found
    for app in ("accounts", "optin_site", "sms_consent"):
        for path in sorted((ROOT / app).glob("**/*.py")):
            found = {message: _name(path) for message in _of_code(path)} | found
    return found


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _of_template(path: Path) -> Iterator[Message]:
    template = engines["django"].get_template(path.relative_to(ROOT / "templates").as_posix()).template
    for node in template.nodelist.get_nodes_by_type((TranslateNode, BlockTranslateNode)):
        yield from _of_node(node)


def _of_node(node: Node) -> Iterator[Message]:
    if isinstance(node, BlockTranslateNode):
        singular, _ = node.render_token_list(node.singular)
        plural, _ = node.render_token_list(node.plural) if node.plural else ("", [])
        yield singular, plural
    elif (literal := node.filter_expression.var.literal) is not None:
        yield str(literal), ""


def _of_code(path: Path) -> Iterator[Message]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            (said, *_) = node.args
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield said.value, ""


def path_of(language: str) -> Path:
    """Return where the catalog of a language is."""
    return CATALOGS / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> polib.POFile:
    """Return the catalog of a language, as it is kept."""
    return polib.pofile(str(path_of(language)), wrapwidth=110)


def refreshed(language: str) -> polib.POFile:
    """Return the catalog with every message that there is now, and none that there was."""
    kept = read(language)
    known = {(entry.msgid, entry.msgid_plural): entry for entry in kept}
    fresh = polib.POFile(wrapwidth=110)
    fresh.metadata = kept.metadata
    for message, name in sorted(messages().items(), key=lambda item: (item[1], item[0])):
        entry = known.get(message) or _untranslated(message, kept)
        entry.occurrences, entry.flags = [(name, "")], sorted({*entry.flags, *_flags(message)})
        fresh.append(entry)
    return fresh


def _untranslated(message: Message, catalog: polib.POFile) -> polib.POEntry:
    text, plural = message
    forms = int(catalog.metadata["Plural-Forms"].split("=")[1].split(";")[0])
    empty = dict.fromkeys(range(forms), "") if plural else None
    return polib.POEntry(msgid=text, msgid_plural=plural, msgstr_plural=empty)


def _flags(message: Message) -> set[str]:
    return {"python-format"} if "%(" in message[0] else set()


def main() -> None:
    """Write every catalog, and say what is left to translate."""
    for language in TRANSLATED:
        catalog = refreshed(language)
        catalog.save(str(path_of(language)))
        catalog.save_as_mofile(str(path_of(language).with_suffix(".mo")))
        left = len(catalog.untranslated_entries()) + len(catalog.fuzzy_entries())
        print(f"{language}: {len(catalog)} messages, {left} left to translate")


if __name__ == "__main__":
    import django

    django.setup()
    main()
