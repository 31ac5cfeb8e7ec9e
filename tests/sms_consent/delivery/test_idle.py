"""A round in which nothing is due: it is what a worker does all day, and every test waits for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sms_consent.delivery.pipeline import Courier
from sms_consent.delivery.worker import Lane, deliver_due, deliver_opt_outs_due, new_courier
from sms_consent.sandbox import Sandbox
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.helpers import SIX_MINUTES, crowd, later, phone, stop

pytestmark = pytest.mark.django_db(transaction=True)
FEW = 2


@pytest.fixture(params=[(Lane.OPT_OUTS, deliver_opt_outs_due), (Lane.REST, deliver_due)], ids=["opt-outs", "rest"])
def lane(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Callable[[], int]]:
    name, deliver = request.param
    with closing(new_courier(name)) as courier:
        yield lambda courier=courier: deliver(courier)


def statements(lane: Callable[[], int]) -> list[str]:
    """Return those of a round that claims nothing."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert lane() == 0
    return [query["sql"] for query in captured]


def test_it_looks_and_opens_no_transaction(lane: Callable[[], int], visit: Visit, deliver: Deliver) -> None:
    crowd([1, 2], "sms", "email")
    deliver()
    later(SIX_MINUTES)
    deliver()
    found = statements(lane)
    assert len(found) <= FEW
    assert not [sql for sql in found if not sql.startswith("SELECT")]


def test_what_is_due_later_is_not_due(lane: Callable[[], int], visit: Visit, deliver: Deliver) -> None:
    crowd([1], "sms")
    deliver()
    stop(phone(1))
    deliver()  # it is repeated after five minutes
    assert len(statements(lane)) <= FEW


@pytest.fixture
def urgent(sandbox: Sandbox) -> Iterator[Courier]:
    with closing(new_courier(Lane.OPT_OUTS)) as courier:
        yield courier


def test_an_opt_out_that_has_come_due_is_seen(visit: Visit, deliver: Deliver, urgent: Courier) -> None:
    crowd([1], "sms")
    deliver()
    stop(phone(1))
    assert deliver_opt_outs_due(urgent) == 1
    later(SIX_MINUTES)
    assert deliver_opt_outs_due(urgent) == 1
    assert deliver_opt_outs_due(urgent) == 0
