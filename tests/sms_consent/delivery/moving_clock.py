"""A clock that the site and the sandbox share, and that only tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sms_consent.sandbox import Sandbox


class Clock:
    """Stands still between two moves, so that a slow machine makes no difference."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """What time it is; stands in for `django.utils.timezone.now`."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let time pass, at Braze too."""
        self._now += timedelta(seconds=seconds)
        behind = self._now.timestamp() - self._sandbox.world.pulse.now()
        self._sandbox.world.pulse.advance(behind)
