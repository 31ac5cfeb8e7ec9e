"""The campaign that a link names is kept in the evidence of the sign-up made from it."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from sms_consent.models import Evidence
from tests.people import ALICE, ALICES_PHONE, hidden_fields

pytestmark = pytest.mark.usefixtures("programs")


def sign_up_from(client: Client, path: str, email: str = ALICE, **changes: str) -> str:
    """Sign up from a link; return the campaign in the evidence."""
    data = hidden_fields(client.get(path).content.decode())
    data |= {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on"}
    answer = client.post("/accounts/signup/", data | {"email": email} | changes)
    if answer.status_code == 200:
        data = hidden_fields(answer.content.decode()) | {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on"}
        assert client.post("/accounts/signup/", data).status_code == 302
    return str(json.loads(Evidence.objects.get().payload).get("campaign", ""))


@pytest.mark.parametrize(
    "path", ["/?c=spring-24.b_1", "/?utm_campaign=spring-24.b_1", "/accounts/signup/?c=%20&utm_campaign=spring-24.b_1"]
)
def test_the_campaign_of_the_link_is_kept(client: Client, path: str) -> None:
    assert sign_up_from(client, path) == "spring-24.b_1"


def test_it_survives_a_form_with_errors(client: Client) -> None:
    assert sign_up_from(client, "/?c=spring24", email="not an address") == "spring24"


def test_it_survives_a_look_at_the_words_to_text(client: Client) -> None:
    page = client.get("/text/?utm_campaign=spring24").content.decode()
    links = re.findall(r'href="(/accounts/signup/[^"]*)"', page)
    assert sign_up_from(client, links[0]) == "spring24"


@pytest.mark.parametrize("nonsense", ["a%20b", "%3Cscript%3E", "x" * 65, "%00", "spring%0A", "", "ü"])
def test_nonsense_is_no_campaign_and_no_error(client: Client, nonsense: str) -> None:
    assert sign_up_from(client, f"/?c={nonsense}") == ""
    assert client.get(f"/text/?c={nonsense}").status_code == 200


@pytest.mark.parametrize("forged", ["a b", "<b>", "x" * 5000, "\x00"])
def test_nor_is_what_somebody_writes_into_the_field(client: Client, forged: str) -> None:
    assert sign_up_from(client, "/", campaign=forged) == ""
