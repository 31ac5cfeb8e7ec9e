"""What is written down of a profile is not what it should be: an opt-out is none of its business (rule 4)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sms_consent.models import BrazeProfile
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL
from tests.people import ALICE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import alice_by_email, later, seen


@pytest.mark.parametrize("accepted", [{}, [], "", 7], ids=repr)
def test_a_link_to_leave_works_whatever_is_written_down_of_the_profile(
    accepted: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    link = alice_by_email(visit, deliver).unsubscribe_link(ALICE)
    later(3600)
    BrazeProfile.objects.update(accepted=accepted)
    client = Client(raise_request_exception=False)
    answer = client.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code in (200, 302)
    assert standing(ALICE, "email") == "unsubscribed"
    deliver()
    assert seen(sandbox, EMAIL, ALICE) == UNSUBSCRIBED
