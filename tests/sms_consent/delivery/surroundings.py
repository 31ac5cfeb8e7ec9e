"""What the model stands on: a database that forgets, a Braze whose events wait, workers that may stop anywhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine

from sms_consent import selectors
from sms_consent.delivery import pipeline
from sms_consent.delivery.worker import Lane, deliver_due, deliver_opt_outs_due, new_courier
from sms_consent.sandbox import Sandbox
from sms_consent.services import Choice
from tests.sms_consent.delivery.helpers import SET
from tests.sms_consent.delivery.moving_clock import Clock
from tests.sms_consent.webhooks import events as hooks


class Surroundings(RuleBasedStateMachine):
    """No rules: how to do what rules do. Each example is a transaction that is rolled back."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        super().__init__()
        self.sandbox, self.clock = sandbox, clock
        self.tokens: dict[str, str] = {}
        self.held: list[tuple[Any, Callable[[], Any]]] = []
        self.out: dict[tuple[str, str], bool] = {}  # by address and channel: the last act that counts was an opt-out
        self.word: dict[str, str] = {}
        self.heard: set[str] = set()  # the ids of events that the site was told of
        self.couriers: list[Any] = []
        sandbox.reset()
        self.everything = transaction.atomic()
        self.everything._from_testcase = True  # it is the test's, so that a service may think its own the outermost
        self.everything.__enter__()
        clock.move(2)

    def teardown(self) -> None:
        try:
            self.check_in_the_end()
        finally:
            for courier in self.couriers:
                courier.close()
            transaction.set_rollback(True)
            self.everything.__exit__(None, None, None)

    def check_in_the_end(self) -> None:
        """What must hold when all has ended."""
        raise NotImplementedError

    def _choices(self, email: str, phone: str, boxes: tuple[str, ...]) -> list[Choice]:
        offers = [offer for offer in selectors.offers_here() if offer.program.slug in boxes]
        return [Choice(one.program, one.disclosure, phone if one.program.is_sms else email) for one in offers]

    def _keep(self, email: str, token: str) -> str:
        self.tokens[email] = token
        return f"http://testserver/confirm/{token}/"

    def _events(self) -> list[dict[str, Any]]:
        return [event.as_json() for event in self.sandbox.world.events]

    def _tell(self, events: list[dict[str, Any]]) -> None:
        self.heard |= {event["id"] for event in events}
        for event in events:
            assert hooks.send([event]).status_code == 200

    def _work(self, **instead: Callable[..., Any]) -> None:
        """What `sync_braze --once` does, without the chores of every minute."""
        urgent, rest = new_courier(Lane.OPT_OUTS), new_courier(Lane.REST)
        for name, deed in instead.items():
            setattr(urgent, name, deed)
            setattr(rest, name, deed)
        try:
            while deliver_opt_outs_due(urgent) + deliver_due(rest):
                pass
        finally:
            urgent.close()
            rest.close()

    def _finish(self, job: Any, call: Callable[[], Any]) -> None:
        future: Future[Any] = Future()
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - as in the pool
            future.set_exception(error)
        pipeline.run(pipeline._finish(job, future), job.courier)

    def _catch_up(self) -> None:
        while self.held:
            self._finish(*self.held.pop())
        self.sandbox.world.apply_late("random")
        self._tell([event for event in self._events() if event["id"] not in self.heard])

    def _calm_down(self) -> None:
        """Let all that is under way end, then deliver until twice nothing more is said."""
        said = -1
        for _ in range(10):
            self._catch_up()
            self.clock.move(360)
            self._work()
            if said == (said := len(self.sandbox.world.calls)):
                return
        raise AssertionError("it never ends")

    def _asks(self, phone: str) -> int:
        calls = [call.body for call in self.sandbox.world.calls_to(SET)]
        return sum(phone in body.get("phone", []) for body in calls if body.get("use_double_opt_in_logic"))
