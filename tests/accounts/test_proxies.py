"""A count of proxies that is wrong ruins evidence and limits: the log says so, once, and without anybody's address."""

from __future__ import annotations

import pytest

from tests.optin_site.test_settings import run

ASK = """
import django
django.setup()
from allauth.account.adapter import get_adapter
from django.test import RequestFactory
for number in range(3):
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/", headers={headers})
    get_adapter().get_client_ip(request)
"""


def log(proxies: int, forwarded: str | None) -> str:
    """Return what a process logs to which three such requests come."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    asked = run(
        "-c",
        ASK.replace("{headers}", repr(headers)),
        TRUSTED_PROXY_COUNT=str(proxies),
        DJANGO_SETTINGS_MODULE="optin_site.settings",
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stderr


@pytest.mark.parametrize(("proxies", "forwarded"), [(0, "198.51.100.1"), (2, "198.51.100.1"), (1, None)])
def test_a_count_that_does_not_fit_is_said_once(proxies: int, forwarded: str | None) -> None:
    said = log(proxies, forwarded)
    assert said.count(f"TRUSTED_PROXY_COUNT is {proxies}") == 1
    assert "WARNING" in said
    assert ("198.51" in said, "10.0.0" in said) == (False, False)


@pytest.mark.parametrize(("proxies", "forwarded"), [(0, None), (1, "198.51.100.1"), (1, "6.6.6.6, 198.51.100.1")])
def test_one_that_fits_is_not(proxies: int, forwarded: str | None) -> None:
    assert log(proxies, forwarded) == ""
