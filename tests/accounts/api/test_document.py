"""The document at /api/openapi.json, and the site held to it by schemathesis: whatever fits it, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import ignored_auth

from optin_site.wsgi import application
from tests.accounts.api.app import App

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

OFFERS = "/api/v1/offers"
PATHS = {
    OFFERS: ("get",),
    "/api/v1/sign-ups": ("post",),
    "/api/v1/sign-ups/mail": ("post",),
    "/api/v1/phone-requests": ("post",),
    "/api/v1/preferences": ("get", "patch"),
    "/api/v1/preferences/{which}": ("delete",),
    "/api/auth/code/request": ("post",),
    "/api/auth/code/confirm": ("post",),
    "/api/auth/second-factor": ("post",),
    "/api/auth/session": ("get", "delete"),
}

# Hardly anything that is made up is an address, a number and a token of ours at once: what fits may yet be refused.
CONFIG = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"enabled": False}}})
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
EXAMPLES = 12


@pytest.fixture
def document() -> Any:
    """The document as it is served."""
    return schemathesis.openapi.from_wsgi("/api/openapi.json", within_the_test, config=CONFIG)


def within_the_test(environ: Any, start_response: Any) -> Any:
    """Answer as the site does, on the connection of the test, which must not be closed in between."""
    around = (request_started, request_finished)
    for signal in around:
        signal.disconnect(close_old_connections)
    response = application(environ, start_response)
    response.close()
    for signal in around:
        signal.connect(close_old_connections)
    return [b"".join(response)]


def test_it_names_every_address_and_no_other(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert {path: tuple(methods) for path, methods in document["paths"].items()} == PATHS


def test_what_needs_a_token_says_so(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["components"]["securitySchemes"] == {
        "SessionToken": {"type": "apiKey", "in": "header", "name": "X-Session-Token"}
    }
    paths = [path for path, methods in document["paths"].items() if any("security" in it for it in methods.values())]
    assert paths == [
        "/api/v1/preferences",
        "/api/v1/preferences/{which}",
        "/api/auth/code/confirm",
        "/api/auth/second-factor",
        "/api/auth/session",
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", [path for path in PATHS if path != OFFERS])
def test_a_stranger_gets_what_the_document_says(document: Any, path: str, mode: GenerationMode) -> None:
    try_out(document, path, mode)


def test_what_is_offered_is_what_the_document_says(document: Any) -> None:
    try_out(document, OFFERS, GenerationMode.POSITIVE)  # there is nothing in it that could be wrong


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", [path for path in PATHS if "preferences" in path or "session" in path])
def test_who_is_signed_in_gets_what_the_document_says(
    document: Any, path: str, mode: GenerationMode, alices: App
) -> None:
    try_out(document, path, mode, **{"X-Session-Token": alices.token})


def try_out(document: Any, path: str, mode: GenerationMode, **headers: str) -> None:
    """Send what fits the document, or what does not, and hold the answers to it; the same every time."""
    for method in PATHS[path]:

        @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=document[path][method].as_strategy(generation_mode=mode))
        def one(case: schemathesis.Case) -> None:
            # A token that is over is told by 410, so that an app forgets it: not by 401, which asks for the code.
            plain = {"Accept-Encoding": "identity"} | headers  # called without a server, nothing unpacks an answer
            case.call_and_validate(headers=plain, excluded_checks=[ignored_auth] if "/auth/" in path else [])

        one()
