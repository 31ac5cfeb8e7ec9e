"""The alerts, against what /metrics tells and what the doors do."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import yaml
from django.test import Client

from tests.documents import ROOT
from tests.sms_consent.metrics.conftest import Families
from tests.sms_consent.webhooks.events import CURRENTS, EVENTS, TWILIO

RULES = yaml.safe_load((ROOT / "docs/operations/alerts.yml").read_text())["groups"][0]["rules"]
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in RULES}
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


@pytest.mark.parametrize("alert", EXPRESSIONS)
def test_an_alert_asks_for_figures_that_there_are(alert: str, families: Families) -> None:
    there_are = {f"{family.name}{end}" for family in families() for end in ENDINGS.get(family.type, ("",))}
    asked = set(re.findall(r"\boptin_\w+", EXPRESSIONS[alert]))
    assert asked or "up{" in EXPRESSIONS[alert]
    assert asked - there_are == set()


# --- What the hooks do not take -----------------------------------------------------------------------------


class CutOff(io.BytesIO):
    """A body whose sender is gone before it has ended."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the connection was closed")


BRAZE = {"HTTP_AUTHORIZATION": "Bearer a token for the hooks", "content_type": "application/json"}
REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("braze_currents", "400", CURRENTS, {"data": "nonsense", **BRAZE}),
    ("braze_currents", "401", CURRENTS, {}),
    ("braze_events", "413", EVENTS, {"data": "x" * 2_000, **BRAZE}),
    ("braze_events", "500", EVENTS, {"wsgi.input": CutOff(), **BRAZE}),
    ("twilio_sms", "403", TWILIO, {"data": {"From": "x"}}),
]


def of_hooks(families: Families) -> dict[tuple[str, str], float]:
    (refusals,) = [family for family in families() if family.name == "optin_hook_refusals"]
    return {(sample.labels["hook"], sample.labels["status"]): sample.value for sample in refusals.samples}


@pytest.mark.parametrize(("hook", "status", "path", "request_"), REFUSED)
def test_the_first_request_that_a_hook_does_not_take_is_a_rise(
    hook: str, status: str, path: str, request_: dict[str, Any], families: Families, settings: Any
) -> None:
    settings.BRAZE_WEBHOOK_TOKEN, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = "a token for the hooks", 1_000
    before = of_hooks(families)
    answer = Client(raise_request_exception=False).post(path, **request_)
    assert answer.status_code == int(status)
    risen = {pair: value for pair, value in of_hooks(families).items() if value != before[pair]}
    assert (before[hook, status], risen) == (0, {(hook, status): 1})


def test_a_rule_looks_at_whatever_a_hook_does_not_take(families: Families) -> None:
    assert len(of_hooks(families)) == 3 * 7
    asked = {alert: re.findall(r'\{status(=~|!~)"([^"]+)"\}', EXPRESSIONS[alert]) for alert in EXPRESSIONS}
    for _, status in of_hooks(families):
        looks = {alert for alert, all_ in asked.items() for is_, it in all_ if (is_ == "=~") == fits(it, status)}
        assert looks == {"HooksFail" if status in ("500", "503") else "HooksRefuse"}


def fits(pattern: str, status: str) -> bool:
    return re.fullmatch(pattern, status) is not None
