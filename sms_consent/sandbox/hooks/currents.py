"""Braze's Currents export over HTTP: events in batches, each type in a queue of its own (braze.md §9.1)."""

from __future__ import annotations

import json

from sms_consent.sandbox.records import Event

from .courier import Outgoing, Parcel, Response, Verdict, bearer
from .settings import Hooks

PATH = "/hooks/braze/currents/"
BATCH = 100


class Currents:
    """Carries events of one type."""

    kind = "Currents"
    size = BATCH

    def compose(self, hooks: Hooks, items: list[Event]) -> Outgoing:
        """Return a batch. One without events asks whether the credentials are right."""
        body = {"events": [event.as_json() for event in items]}
        headers = {**bearer(hooks), "Braze-Currents-Version": "1"}
        return Outgoing(PATH, json.dumps(body).encode(), headers, body)

    def judge(self, parcel: Parcel, response: Response) -> Verdict:
        """Say what Braze does after this answer (T-currents-http).

        A single event that is too large is given up: splitting it is no help, and nothing is documented.
        """
        if response.is_success:
            return "done"
        if response.status == 400:
            return "dropped" if parcel.is_single else "singles"
        if response.status == 413:
            return "halves" if len(parcel.items) > 1 else "dropped"
        return "kept" if response.status in (401, 403, 404) else "again"
