"""How much harm, to how many people, for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The long form by default. `haste`: how much sooner than in production leases, time-outs and re-checks come."""

    people: int = 5_000
    seconds: float = 300.0
    seed: int = 1
    clients: int = 32
    haste: float = 5.0
    pause: tuple[float, float] = (0.5, 2.0)  # seconds from one harm to the next

    @property
    def lease(self) -> float:
        """Seconds for which a worker has what it claimed."""
        return 60 / self.haste

    @property
    def timeout(self) -> float:
        """Seconds for which a worker waits for Braze."""
        return 10 / self.haste

    @property
    def recheck(self) -> float:
        """Seconds after which what may have been overtaken is said again."""
        return 300 / self.haste

    @property
    def latest(self) -> float:
        """Seconds until Braze has applied what it accepted: less than that."""
        return self.recheck * 0.6


SHORT = Plan(people=150, seconds=15.0, clients=4, haste=30.0, pause=(0.3, 1.0))
