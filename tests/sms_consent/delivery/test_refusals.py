"""Refused: one of many, named or not, and everyone alike."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.sandbox import Sandbox
from tests.conftest import SMS
from tests.people import Deliver, Visit
from tests.sms_consent.delivery.helpers import (
    LOOK,
    SET,
    SIX_MINUTES,
    TRACK,
    bodies,
    crowd,
    disagreements,
    email,
    later,
    leave,
    parked,
    phone,
    stop,
    stopped,
)


def external_id(number: int) -> str:
    return User.objects.get(email=email(number)).external_id


def test_one_of_fifty_is_refused_and_parked(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(50), "sms")
    sandbox.faults.add("item_error", endpoint=TRACK, item=external_id(7), times=None)
    assert deliver() == 1
    assert parked() == ["The sandbox was told to refuse this object."]
    assert len(sandbox.world.profiles) == 49
    sandbox.faults.clear()
    User.objects.get(email=email(7)).save()
    assert deliver() == 0
    assert len(sandbox.world.profiles) == 50


@pytest.mark.parametrize("index", ["3", 3])
def test_a_400_that_names_items(index: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(10))
    errors = [{"type": "EXTERNAL_USER_ID_TOO_LARGE", "input_array": "attributes", "index": index}]
    body = {"message": "Valid data must be provided.", "errors": errors}
    sandbox.faults.add("status", endpoint=TRACK, status=400, body=body)
    assert deliver() == 1
    assert parked() == ["EXTERNAL_USER_ID_TOO_LARGE"]
    assert len(sandbox.world.profiles) == 9


def test_a_400_that_names_nobody_is_sent_again_one_by_one(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(10))
    sandbox.faults.add("status", endpoint=TRACK, status=400, body={"message": "No."}, match=external_id(3), times=None)
    assert deliver() == 1
    assert parked() == ["400 No."]
    assert sorted(len(body["attributes"]) for body in bodies(sandbox, TRACK)) == [1] * 10 + [10]
    assert len(sandbox.world.profiles) == 9


@pytest.mark.parametrize(
    "errors", [["A minor error"], [{"index": 99, "type": "x"}], [{"index": None}], "broken", {"index": 0}]
)
def test_errors_that_cannot_be_told_whose_they_are(
    errors: Any, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd(range(5))
    body = {"message": "success", "errors": errors}
    sandbox.faults.add("status", endpoint=TRACK, status=201, body=body)
    assert deliver() == 0
    assert sorted(len(body["attributes"]) for body in bodies(sandbox, TRACK)) == [1] * 5 + [5]
    assert len(sandbox.world.profiles) == 5


def test_one_bad_number_of_many(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(20), "sms")
    bad = phone(4).encode().decode()
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": f"Bad number {bad}"}, match=bad, times=None)
    assert deliver() == 1
    assert parked() == ["400 Bad number [address]"]
    assert [address for address, _, _ in disagreements(sandbox)] == [bad]


def test_the_next_change_of_a_parked_number_lifts_the_park(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(20), "sms")
    sandbox.faults.add("status", endpoint=SET, status=400, match=phone(4), times=2)
    assert deliver() == 1
    stop(phone(4))
    assert deliver() == 0
    assert disagreements(sandbox) == []


def test_two_bad_numbers_alone_do_not_stop_the_line(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(2), "sms")
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": "Bad number"}, times=None)
    deliver()
    assert (parked(), stopped()) == (["400 Bad number"] * 2, [])


@pytest.mark.parametrize(("endpoint", "line"), [(SET, "sms"), (TRACK, TRACK), (LOOK, LOOK)])
def test_everyone_refused_alike_stops_the_line_and_parks_nobody(
    endpoint: str, line: str, visit: Visit, deliver: Deliver, sandbox: Sandbox, caplog: Any
) -> None:
    crowd(range(10), "sms")
    sandbox.faults.add("status", endpoint=endpoint, status=400, body={"message": "Not today"}, times=None)
    assert deliver() > 0
    assert (parked(), stopped()) == ([], [(line, "rest")])
    assert "Not today" in caplog.text
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert deliver() == 0
    assert (disagreements(sandbox), stopped()) == ([], [])


def test_everyone_named_alike_stops_the_line_and_parks_nobody(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(10))
    sandbox.faults.add("item_error", endpoint=TRACK, item="external_id", times=None)
    assert deliver() == 10
    assert (parked(), stopped()) == ([], [(TRACK, "rest")])


def test_a_timeout_among_those_tried_alone_says_nothing(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(5), "sms")
    first, *_ = Subscription.objects.order_by("due_at").values_list("address", flat=True)
    sandbox.faults.add("status", endpoint=SET, status=400, body={"message": "No."})
    sandbox.faults.add("status", endpoint=SET, status=503, match=first)
    assert deliver() > 0
    assert (parked(), stopped()) == ([], [])
    later(SIX_MINUTES)
    assert deliver() == 0


def test_a_parked_opt_out_alerts_and_holds_up_nobody(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, caplog: Any
) -> None:
    crowd(range(3), "sms")
    deliver()
    sandbox.faults.add("status", endpoint=SET, status=400, match=phone(0), times=None)
    for number in range(3):
        stop(phone(number))
    assert deliver() == 1
    assert [address for address, _, _ in disagreements(sandbox)] == [phone(0)]
    assert [record.levelname for record in caplog.records if "parked" in record.message] == ["ERROR"]


def test_opt_outs_refused_alike_hold_up_no_other(visit: Visit, deliver: Deliver, sandbox: Sandbox, caplog: Any) -> None:
    crowd(range(5), "sms")
    deliver()
    for number in range(3):
        sandbox.faults.add("status", endpoint=SET, status=400, match=phone(number), body={"message": "No."}, times=None)
        stop(phone(number))
    assert deliver() == 3
    assert (parked(), stopped()) == ([], [])
    assert "opt-outs on /subscription/status/set alike" in caplog.text
    stop(phone(4))
    deliver()
    assert phone(4) not in [address for address, _, _ in disagreements(sandbox)]
    sandbox.faults.clear()
    later(SIX_MINUTES)
    assert (deliver(), disagreements(sandbox)) == (0, [])


def test_another_stop_lifts_the_park_of_the_first(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd([1], "sms")
    deliver()
    sandbox.faults.add("status", endpoint=SET, status=400)
    stop(phone(1))
    assert deliver() == 1
    stop(phone(1))
    assert (deliver(), disagreements(sandbox)) == (0, [])


def test_another_stop_is_told_again_whatever_braze_was_told_before(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    crowd([1], "sms")
    leave(phone(1))
    deliver()
    later(SIX_MINUTES)
    deliver()
    sandbox.world.send_text(phone(1), "START", SMS)
    stop(phone(1))
    assert (deliver(), disagreements(sandbox)) == (0, [])


def test_a_row_that_cannot_be_put_into_words_is_parked_alone(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    crowd(range(4), "sms")
    BrazeProfile.objects.filter(external_id=external_id(2)).update(accepted=["broken"])
    deliver()
    assert len(sandbox.world.profiles) == 3
    assert BrazeProfile.objects.get(parked_at__isnull=False).external_id == external_id(2)


def test_no_address_reaches_the_log(visit: Visit, deliver: Deliver, sandbox: Sandbox, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    crowd(range(3), "sms")
    words = {"message": f"I do not like {phone(1)}, {email(1)} nor %2B{phone(1)[1:]}"}
    sandbox.faults.add("status", endpoint=SET, status=400, body=words, times=None)
    sandbox.faults.add("status", endpoint=TRACK, status=401, body=words, times=None)
    deliver()
    leave(phone(0))
    deliver()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("sms_consent")]
    assert ours
    assert not [line for line in ours if phone(1)[1:] in line or email(1) in line]
