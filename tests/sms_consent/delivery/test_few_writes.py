"""What is written seldom or late, because thousands a second are told: nothing that is promised may depend on it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection, connections
from django.db.models import Model
from django.utils import timezone

from sms_consent import outbox
from sms_consent.delivery import Worker, jobs
from sms_consent.delivery.settlements import Scribe, Settlements
from sms_consent.models import BrazeProfile, Subscription
from sms_consent.outbox import Claim, Outcome
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit
from tests.sms_consent.delivery.helpers import LOOK, SET, asks_first, bodies, crowd, disagreements, later, leave, stop
from tests.sms_consent.delivery.test_races import in_the_middle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("programs")]
MANY = 100  # two calls, and nobody left over


def unsubscribed(sandbox: Sandbox) -> int:
    return len([body for body in bodies(sandbox, SET) if body["subscription_state"] == "unsubscribed"])


def test_when_a_number_was_last_sent_along_may_be_a_minute_off_and_a_stop_is_still_repeated(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    noted = Subscription.objects.get().opened_at
    outbox.open_riders([ALICES_PHONE])
    assert Subscription.objects.get().opened_at == noted
    later(5.5 * 60)
    stop(ALICES_PHONE)
    deliver()
    later(5.5 * 60)
    deliver()
    assert unsubscribed(sandbox) == 2


def test_a_stop_is_repeated_once_and_not_for_ever(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Who left at once would else be told of ten minutes long: prompts and erasures wait for the end of that."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    stop(ALICES_PHONE)
    for _ in range(4):
        deliver()
        later(301)
    assert unsubscribed(sandbox) == 2


def test_a_global_opt_out_is_repeated_once_and_not_for_ever(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "email")
    visitor.press(visitor.links(ALICE)[-1])
    deliver()
    leave(ALICE)
    for _ in range(4):
        deliver()
        later(301)
    assert len(sandbox.world.calls_to("/email/status")) == 2


def test_what_is_sent_while_an_opt_out_waits_to_be_repeated_is_noted_at_once(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    leave(ALICES_PHONE)
    deliver()
    visit().ask_for_texts(ALICES_PHONE)
    before = timezone.now()
    outbox.open_riders([ALICES_PHONE])
    assert Subscription.objects.get().opened_at >= before


def test_when_a_number_was_sent_along_long_ago_is_noted_anew(visit: Visit, deliver: Deliver) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    later(61)
    before = timezone.now()
    outbox.open_riders([ALICES_PHONE])
    assert Subscription.objects.get().opened_at >= before


@pytest.mark.parametrize("status", [400, 503])
def test_a_number_whose_consent_braze_did_not_take_is_looked_at_once(
    status: int, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    sandbox.faults.add("status", endpoint=SET, status=status, times=1)
    deliver()
    assert Subscription.objects.get().told != "subscribed"
    outbox.send_again(Subscription.objects.all())
    later(120)
    deliver()
    assert disagreements(sandbox) == []
    assert len(sandbox.world.calls_to(LOOK)) == 1


def test_before_a_prompt_it_is_noted_that_the_number_was_looked_at(visit: Visit, sandbox: Sandbox) -> None:
    """Braze keeps a number that it asks unsubscribed: a worker that dies then must not leave a STOP to be found."""
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    with in_the_middle(sandbox, SET, lambda: Worker().run_once(), kind="latency"):
        assert Subscription.objects.get().looked_at is not None


def test_what_is_written_before_a_call_is_written_in_place(visit: Visit) -> None:
    """PostgreSQL writes a row into each of its indexes anew, unless none of them has to do with what changes."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite changes every row in place")
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    for model, write in (
        (Subscription, lambda: outbox.claim_numbers(1)),
        (BrazeProfile, lambda: outbox.claim_people(1)),
        (Subscription, lambda: outbox.open_riders([ALICES_PHONE])),
    ):
        later(120)
        before = model.objects.values().get()
        write()
        changed = {name for name, value in model.objects.values().get().items() if value != before[name]}
        assert changed
        assert not changed & _indexed(model)


def _indexed(model: type[Model]) -> set[str]:
    """Return every word in the definitions of a table's indexes: columns, and what partial ones are limited by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [model._meta.db_table])
        return {word for (text,) in cursor.fetchall() for word in re.findall(r"\w+", text)}


def test_a_claim_that_is_quoted_in_an_error_names_nobody(visit: Visit) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    (claim,) = outbox.claim_numbers(1)
    assert claim.address == ALICES_PHONE
    assert ALICES_PHONE not in repr(claim)


# --- A thread that writes -----------------------------------------------------------------------------


def test_a_crowd_is_settled_by_another_connection(deliver: Deliver, sandbox: Sandbox) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    crowd(range(MANY), "sms")
    wrote: list[str] = []
    with connection.execute_wrapper(lambda execute, sql, *rest: (wrote.append(sql), execute(sql, *rest))[1]):
        assert deliver() == 0
    assert disagreements(sandbox) == []
    assert [sql for sql in wrote if '"told_at" = ' in sql] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone() == (1,), "it did not let go of it"


def test_where_the_database_has_no_connection_left_a_crowd_is_settled_by_the_one_there_is(
    deliver: Deliver, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all of them would be told again with every lease: Braze takes their calls, and nobody writes it down."""
    crowd(range(MANY), "sms")

    def refuse(*args: object) -> None:
        raise OperationalError("too many clients already")

    connection.ensure_connection()
    monkeypatch.setattr(type(connections["default"]), "get_new_connection", refuse)
    assert deliver() == 0
    assert disagreements(sandbox) == []


def _settlements(count: int, write: object) -> Settlements:
    until = timezone.now() + timedelta(minutes=1)
    settlements = Settlements()
    claims = [Claim(id=number, version=1, lease=1, until=until) for number in range(count)]
    settlements.add(write, dict.fromkeys(claims, jobs.ACCEPTED))  # type: ignore[arg-type]
    return settlements


def _write_all(*several: Settlements) -> None:
    scribe = Scribe()
    try:
        for settlements in several:
            scribe.write(settlements)
        scribe.wait()
    finally:
        scribe.close()


@pytest.mark.parametrize("count", [1, MANY])
def test_what_goes_wrong_is_raised_at_the_latest_when_all_is_to_be_written(count: int) -> None:
    def write(outcomes: Mapping[Claim, Outcome]) -> None:
        raise DatabaseError

    with pytest.raises(DatabaseError):
        _write_all(_settlements(count, write))


def test_what_goes_wrong_loses_nothing_of_the_next() -> None:
    seen: list[int] = []

    def fail(outcomes: Mapping[Claim, Outcome]) -> None:
        raise DatabaseError

    def write(outcomes: Collection[Claim]) -> None:
        seen.append(len(outcomes))

    scribe = Scribe()
    with suppress(DatabaseError):  # SQLite's is raised at once
        scribe.write(_settlements(MANY, fail))
    with suppress(DatabaseError):
        scribe.write(_settlements(MANY, write))
    scribe.close()
    assert seen == [MANY]


def test_it_is_written_in_the_order_in_which_it_came() -> None:
    seen: list[int] = []

    def write(outcomes: Collection[Claim]) -> None:
        seen.append(len(outcomes))

    _write_all(*(_settlements(count, write) for count in (MANY, 1, MANY + 1, 2)))
    assert seen == [MANY, 1, MANY + 1, 2]
