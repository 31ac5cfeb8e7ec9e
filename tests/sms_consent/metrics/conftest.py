"""Prometheus, as it asks the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.sms_consent.delivery.conftest import start

__all__ = ["start"]

TOKEN = "a token for Prometheus"
Scrape = Callable[..., float]
Families = Callable[[], list[Metric]]


@pytest.fixture
def scrape(settings: Any, db: None) -> Scrape:
    """Return one figure by its name and labels, as a scrape has it now; 0 if there is none."""
    settings.METRICS_TOKEN = TOKEN

    def scrape(name: str, **labels: str) -> float:
        samples = [sample for family in read() for sample in family.samples]
        found = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
        return sum(found)

    return scrape


@pytest.fixture
def families(scrape: Scrape) -> Families:
    """Return everything as a scrape has it now."""
    return read


def read() -> list[Metric]:
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.content.decode()))
