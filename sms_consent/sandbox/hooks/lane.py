"""A queue of hooks with a thread of its own, so that nobody who changes something waits for the site."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from sms_consent.sandbox.pulse import Pulse

from .courier import Courier, Parcel, Verdict, post
from .log import HookLog
from .settings import Hooks

MAX_WAITING = 100_000
MAX_BACKOFF = 5.0


class Lane:
    """Sends one kind of hook, one request at a time. The world's lock guards it; sending goes without."""

    def __init__(self, courier: Courier, pulse: Pulse, log: HookLog, settings: Callable[[], Hooks]) -> None:
        self._courier = courier
        self._pulse = pulse
        self._log = log
        self._settings = settings
        self._fresh: deque[tuple[float, Any]] = deque(maxlen=MAX_WAITING)
        self._parcels: deque[Parcel] = deque()
        self._in_flight: Parcel | None = None
        self._is_stopped = False
        self.is_stuck = False
        self._thread = threading.Thread(target=self._run, name=courier.kind, daemon=True)

    @property
    def waiting(self) -> list[Any]:
        """What has not been delivered yet."""
        parcels = [*([self._in_flight] if self._in_flight else []), *self._parcels]
        return [item for parcel in parcels for item in parcel.items] + [item for _, item in self._fresh]

    @property
    def is_quiet(self) -> bool:
        """Nothing is being sent, and nothing will be until somebody turns something."""
        return self._in_flight is None and (self._is_held or not (self._parcels or self._fresh))

    @property
    def _is_held(self) -> bool:
        hooks = self._settings()
        return self.is_stuck or hooks.hold or not hooks.url

    def put(self, item: Any) -> None:
        """Queue something; the caller holds the lock."""
        if self._thread.ident is None:
            self._thread.start()
        hooks = self._settings()
        delay = random.uniform(0, hooks.delay) if hooks.order == "random" else hooks.delay  # noqa: S311 -- no secret
        self._fresh.append((time.monotonic() + delay, item))
        self._pulse.beat()

    def resume(self) -> None:
        """Send what was kept because of a refusal."""
        self.is_stuck = False

    def stop(self) -> None:
        with self._pulse.lock:
            self._is_stopped = True
            self._pulse.beat()

    def join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            hooks = self._settings()
            outgoing = self._courier.compose(hooks, parcel.items)
            hook = self._log.begin(self._courier.kind, outgoing, parcel.attempts)
            started = time.perf_counter()
            response = post(hooks, outgoing)
            with self._pulse.lock:
                if self._is_stopped:
                    return
                verdict = self._courier.judge(parcel, response)
                if verdict == "kept" and hooks is not self._settings():
                    verdict = "again"  # what was refused has been changed meanwhile
                self._settle(parcel, verdict)
                self._log.end(hook, response, verdict, time.perf_counter() - started)

    def _next(self) -> Parcel | None:
        """Wait for a request to be due and take it; None when stopped."""
        with self._pulse.lock:
            while not self._is_stopped:
                self._pack()
                if (parcel := self._take()) is not None:
                    return parcel
                self._pulse.wait(self._pause())
        return None

    def _take(self) -> Parcel | None:
        now = time.monotonic()
        parcel = None if self._is_held else next((one for one in self._parcels if one.due <= now), None)
        if parcel is not None:
            self._parcels.remove(parcel)
            parcel.attempts += 1
        self._in_flight = parcel
        return parcel

    def _pause(self) -> float | None:
        """Return the seconds until something is due; None if nothing will be until somebody turns something."""
        dues = [parcel.due for parcel in self._parcels] + [due for due, _ in self._fresh]
        return None if self._is_held or not dues else max(0.0, min(dues) - time.monotonic())

    def _pack(self) -> None:
        """Make requests of what is due, in the order and as often as the settings say."""
        hooks, now = self._settings(), time.monotonic()
        if self._is_held:
            return
        items = [item for due, item in self._fresh if due <= now]
        self._fresh = deque((one for one in self._fresh if one[0] > now), maxlen=MAX_WAITING)
        if hooks.order == "reverse":
            items.reverse()
        elif hooks.order == "random":
            random.shuffle(items)
        size = self._courier.size
        for start in range(0, len(items), size):
            self._parcels.extend(Parcel(items[start : start + size]) for _ in range(hooks.copies))

    def _settle(self, parcel: Parcel, verdict: Verdict) -> None:
        self._in_flight = None
        rest: list[Parcel] = []
        if verdict == "again":
            parcel.due = time.monotonic() + self._backoff(parcel.attempts)
            rest = [parcel]
        elif verdict == "kept":
            self.is_stuck = True
            rest = [parcel]
        elif verdict == "singles":
            rest = [Parcel([item], is_single=True) for item in parcel.items]
        elif verdict == "halves":
            middle = len(parcel.items) // 2
            rest = [
                Parcel(items, is_single=parcel.is_single) for items in (parcel.items[:middle], parcel.items[middle:])
            ]
        self._parcels.extendleft(reversed(rest))

    def _backoff(self, attempts: int) -> float:
        seconds = min(self._settings().backoff * 2.0 ** (attempts - 1), MAX_BACKOFF)
        return seconds * random.uniform(0.5, 1.0)  # noqa: S311 -- jitter
