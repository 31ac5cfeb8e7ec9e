"""A sandbox on real ports, fresh for each test, and somebody who calls it as Braze's customer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sms_consent.sandbox import Sandbox, World
from tests.sms_consent.sandbox.receiver import Receiver, receiving

KEY = "test-key"
SMS = "5b9f2c1e-aaaa-4000-8000-000000000001"
EMAIL = "5b9f2c1e-aaaa-4000-8000-000000000002"


class Caller:
    """Speaks to the fake Braze and to the control API, over HTTP."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {KEY}"

    def post(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.session.post(self.sandbox.url + path, json=body, timeout=10, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.sandbox.url + path, params=query, timeout=10)

    def track(self, *attributes: Any) -> requests.Response:
        return self.post("/users/track", {"attributes": list(attributes)})

    def set_sms(self, state: str = "subscribed", **fields: Any) -> requests.Response:
        return self._set(SMS, state, fields)

    def set_email(self, state: str = "subscribed", **fields: Any) -> requests.Response:
        return self._set(EMAIL, state, fields)

    def _set(self, group_id: str, state: str, fields: dict[str, Any]) -> requests.Response:
        body = {"subscription_group_id": group_id, "subscription_state": state, **fields}
        return self.post("/subscription/status/set", body)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, groups={SMS: "sms", EMAIL: "email"}) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    running_sandbox.reset()
    yield running_sandbox
    running_sandbox.reset()


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return sandbox.world


@pytest.fixture
def braze(sandbox: Sandbox) -> Iterator[Caller]:
    caller = Caller(sandbox)
    yield caller
    caller.session.close()


@pytest.fixture
def sms() -> str:
    return SMS


@pytest.fixture
def email() -> str:
    return EMAIL


@pytest.fixture(scope="session")
def running_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(running_receiver: Receiver, sandbox: Sandbox) -> Receiver:
    """Where hooks arrive; the sandbox sends its Currents there."""
    running_receiver.forget()
    sandbox.hooks.configure(url=running_receiver.url, token=running_receiver.token, backoff=0.01)
    return running_receiver
