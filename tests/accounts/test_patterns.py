"""The pattern page: every component, to developers only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
# They need the request of a visitor that the page does not have; each is on one page only.
ELSEWHERE = {"accounts/_not_me.html", "accounts/_sign_up_again.html", "accounts/_texts_stay.html"}

pytestmark = pytest.mark.django_db


def test_every_component_is_on_it(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    page = client.get("/patterns/")
    shown = {template.name for template in page.templates}
    components = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("_*.html")}
    ours = {name for name in components if not name.startswith(("admin/", "_"))} - ELSEWHERE
    assert ours - shown == set()


def test_every_state_of_a_field_is_on_it(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    page = client.get("/patterns/").content.decode()
    signs = (
        "error-summary",
        "has-errors",
        "aria-invalid",
        "checked",
        "(optional)",
        "is-stopped",
        "is-asked",
        "phone_country_error",
    )
    assert [sign for sign in signs if sign not in page] == []


def test_nobody_sees_it_in_production(client: Client) -> None:
    assert client.get("/patterns/").status_code == 404
