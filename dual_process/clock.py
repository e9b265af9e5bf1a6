"""When the next tick comes. The kitchen never waits for anyone, so the clock alone decides."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Paces an episode.

    Attributes:
        hz: ticks per second of the kitchen's time.
    """

    hz: float

    def start(self) -> None:
        """Tick 0 begins now."""
        ...

    async def until(self, tick: int) -> None:
        """Return when `tick` is due."""
        ...


class VirtualClock:
    """Time that passes as fast as it can be computed.

    Args:
        hz: ticks per second of the kitchen's time.
    """

    def __init__(self, hz: float = 4.0):
        self.hz = hz

    def start(self) -> None:
        """Tick 0 begins now."""

    async def until(self, tick: int) -> None:
        """Return at once: no one has to be waited for."""
