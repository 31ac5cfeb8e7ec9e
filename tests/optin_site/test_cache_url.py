"""Rule 14: a CACHE_URL whose password was not percent-encoded is refused at the start, as other addresses are."""

from __future__ import annotations

import pytest

from tests.optin_site.test_env import last_line


@pytest.mark.parametrize(
    "value",
    ["rediscache://:s3cr/et@redis.example.com:6379/0", "rediscache://redis.example.com:s3cret/0"],
    ids=["a slash in the password", "no port"],
)
def test_an_address_that_is_none_is_refused(value: str) -> None:
    assert "CACHE_URL must be an address such as" in last_line("CACHE_URL", value)
