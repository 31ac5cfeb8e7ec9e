"""A brand's own look: a folder outside the repository, whose files come first."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.optin_site.test_settings import run

SHOW = """
import django; django.setup()
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
print(open(finders.find("theme.css")).read())
print(render_to_string("404.html"))
"""


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/theme.css").write_text(":root { --accent: #7a1fa2; }")
    (tmp_path / "templates").mkdir()
    footer = '{% extends "base.html" %}{% block footer %}<footer>Acme since 1949</footer>{% endblock %}'
    (tmp_path / "templates/base.html").write_text(footer)
    return tmp_path


def test_its_files_take_the_place_of_ours(theme: Path) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "optin_site.settings", "THEME_DIR": str(theme), "DEBUG": "true"}
    shown = run("-c", SHOW, **settings)
    assert "#7a1fa2" in shown.stdout, shown.stderr
    assert "Acme since 1949" in shown.stdout
    assert "There is no such page" in shown.stdout


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = run("manage.py", "check", THEME_DIR=str(tmp_path / "no"))
    assert refused.returncode != 0
    assert "THEME_DIR must be a folder that exists" in refused.stderr


@pytest.mark.django_db
def test_it_is_loaded_after_the_sites_own_on_every_page(client: Client) -> None:
    for path in ("/terms/", "/nothing-here/"):
        page = client.get(path).content.decode()
        assert 0 < page.index("css/site.css") < page.index("theme.css")
