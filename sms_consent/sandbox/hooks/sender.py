"""Sorts what happens at the fake Braze into lanes, and has them send it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sms_consent.sandbox import keywords
from sms_consent.sandbox.handsets import REPLIES
from sms_consent.sandbox.records import Event, Group, Hook, Json
from sms_consent.sandbox.world import World

from . import twilio
from .campaigns import Campaigns, triggered
from .courier import Courier, post
from .currents import Currents
from .lane import Lane
from .log import HookLog
from .settings import Hooks

FLUSH_SECONDS = 10.0


class HookSender:
    """The hooks of a sandbox. Its settings may change at any time; lanes come into being as needed."""

    def __init__(self, world: World, settings: Hooks) -> None:
        self._world = world
        self._first = self.settings = settings
        self._log = HookLog(world.pulse)
        self._lanes: dict[str, Lane] = {}
        world.relay = self._relay
        self._listen()

    def configure(self, **changes: Any) -> Hooks:
        """Change settings (fields of `Hooks`) and send what was kept. Raise ValueError or TypeError on nonsense."""
        if "campaign_sources" in changes:
            changes["campaign_sources"] = frozenset(changes["campaign_sources"])
        with self._world.lock:
            self.settings = replace(self.settings, **changes)
            self._listen()
            self.resend()
        return self.settings

    def resend(self) -> None:
        """Send what was kept because the site answered 401, 403 or 404."""
        with self._world.lock:
            for lane in self._lanes.values():
                lane.resume()
            self._world.pulse.beat()

    def check(self) -> int | None:
        """Send an empty batch, as Braze does to try credentials. Return the status; None: no answer."""
        courier, settings = Currents(), self.settings
        outgoing = courier.compose(settings, [])
        hook = self._log.begin(courier.kind, outgoing, 1)
        started = time.perf_counter()
        response = post(settings, outgoing)
        self._log.end(hook, response, "done" if response.is_success else "dropped", time.perf_counter() - started)
        return response.status

    def flush(self, timeout: float = FLUSH_SECONDS) -> list[Any]:
        """Wait until all that was emitted is delivered. Return what is kept back, or was not in time."""
        self._world.wait_until(lambda: all(lane.is_quiet for lane in self._lanes.values()), timeout)
        return self.waiting

    @property
    def waiting(self) -> list[Any]:
        """What has not been delivered: events, bodies of campaigns, Twilio's forms."""
        with self._world.lock:
            return [item for lane in self._lanes.values() for item in lane.waiting]

    @property
    def sent(self) -> list[Hook]:
        with self._world.lock:
            return list(self._log.kept)

    def as_json(self) -> Json:
        """Return the settings without secrets, and how it goes."""
        with self._world.lock:
            is_stuck = any(lane.is_stuck for lane in self._lanes.values())
            going = {"sent": self._log.count, "waiting": len(self.waiting), "stuck": is_stuck}
            return {**self.settings.as_json(), **going}

    def stop(self) -> None:
        """Send nothing more, and forget what waits."""
        with self._world.lock:
            lanes = list(self._lanes.values())
            self._lanes = {}
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join()

    def reset(self) -> None:
        """Back to the settings of the beginning, with nothing sent and nothing waiting."""
        self.stop()
        with self._world.lock:
            self.settings = self._first
            self._log.clear()
            self._listen()

    def _listen(self) -> None:
        self._world.event_log.heard = self._hear if self.settings.url else None

    def _hear(self, event: Event) -> None:
        if self.settings.currents:
            self._put(event.event_type, Currents(), event)
        body = triggered(event, self.settings) if self.settings.campaigns else None
        if body is not None:
            self._put(Campaigns.kind, Campaigns(), body)

    def _relay(self, phone: str, body: str, group: Group) -> bool:
        """Take a text in Braze's place, where the brand owns the number."""
        if not (self.settings.url and self.settings.twilio):
            return False
        form = twilio.form(phone, body, group)
        meaning = keywords.meaning(body, group)
        if self.settings.advanced_opt_out and meaning:
            form["OptOutType"] = twilio.OPT_OUT_TYPES[meaning]
            self._world.handsets.send(phone, REPLIES[meaning], group)
        self._put(twilio.Twilio.kind, twilio.Twilio(self._reply), form)
        return True

    def _reply(self, form: Json, text: str) -> None:
        group = next((one for one in self._world.groups.values() if one.number == form["To"]), None)
        if group is not None:
            self._world.handsets.send(form["From"], text, group)

    def _put(self, name: str, courier: Courier, item: Any) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(courier, self._world.pulse, self._log, lambda: self.settings)
        lane.put(item)
