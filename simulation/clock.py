"""When the next tick comes, and when a thought takes effect. The kitchen never waits for anyone.

Two clocks with the same meaning. On the *real* one a tick comes every 1 / hz seconds of wall time, and a thought takes
effect at the first tick after it is finished. On the *virtual* one nobody waits: a thought begun at tick k that takes
L seconds takes effect at tick k + ceil(L * hz), and time never runs ahead of a thought that is not finished yet
(conservative discrete-event simulation), so what happens does not depend on the speed of the machine.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from brigade.envs.registry import BrigadeError
from brigade.simulation.outcome import Outcome

MAX_HZ = 1000.0


class Latency(Protocol):
    """How long a thought takes, in the kitchen's time."""

    def seconds(self, outcome: Outcome) -> float:
        """Seconds, once the outcome is known."""

    def known(self) -> float | None:
        """Seconds, if they are known beforehand; else None."""
        return None


@dataclass(frozen=True)
class Measured(Latency):
    """A thought takes as long as its calls really took."""

    def seconds(self, outcome: Outcome) -> float:
        """The measured duration."""
        return outcome.latency_s


@dataclass(frozen=True)
class Constant(Latency):
    """Every thought takes the same time."""

    value_s: float

    def seconds(self, outcome: Outcome) -> float:
        """The constant."""
        return self.value_s

    def known(self) -> float | None:
        """The constant."""
        return self.value_s


@dataclass(frozen=True)
class Tokens(Latency):
    """A thought takes `ttft_s` and then writes `per_second` tokens a second: independent of today's network."""

    ttft_s: float
    per_second: float

    def seconds(self, outcome: Outcome) -> float:
        """Time to the first token, and for the rest."""
        return self.ttft_s + outcome.completion_tokens / self.per_second


@dataclass
class Pending:
    """A thought under way.

    Attributes:
        asked: the tick it was begun at.
        task: what computes its outcome.
        effect: the tick it takes effect at, once that is known.
        order: thoughts that take effect at the same tick do so in this order: by seat, then as they were begun.
        kind: what sort of thought.
        scale: the share of a constant latency that it takes: budgeted thoughts are quick.
        eager: it is computed at once, also where its effect comes later, so that others can read along.
        ticks: after which it takes effect on the virtual clock, whatever the latency of others; None: as they do.
    """

    asked: int
    task: asyncio.Task[Outcome]
    order: tuple[int, int]
    kind: str = ""
    effect: int | None = None
    scale: float = 1.0
    eager: bool = False
    ticks: int | None = None

    @property
    def seat(self) -> int:
        """Whose."""
        return self.order[0]


class Clock(Protocol):
    """Paces an episode.

    Attributes:
        hz: ticks per second.
        lateness_s: how late each tick came in wall time, in seconds; empty where time is not wall time.
    """

    hz: float
    lateness_s: list[float]

    def start(self) -> None:
        """Tick 0 begins now."""

    async def until(self, tick: int) -> None:
        """Return when `tick` is due."""

    async def due(self, pending: Sequence[Pending], tick: int) -> list[Pending]:
        """Those thoughts that take effect at `tick` (or should have before), in order, finished."""


def _check_hz(hz: float) -> None:
    if not 0 < hz <= MAX_HZ:
        raise BrigadeError(f"a clock needs between 0 and {MAX_HZ:.0f} ticks a second, got {hz}")


class VirtualClock:
    """Time that passes as fast as it can be computed.

    Args:
        hz: ticks per second of the kitchen's time.
        latency: how long thoughts take.
    """

    def __init__(self, hz: float = 4.0, latency: Latency | None = None):
        _check_hz(hz)
        self.hz, self.latency = hz, latency or Measured()
        self.lateness_s: list[float] = []

    def start(self) -> None:
        """Tick 0 begins now."""

    async def until(self, tick: int) -> None:
        """Return at once: nobody waits."""

    async def due(self, pending: Sequence[Pending], tick: int) -> list[Pending]:
        """Wait for every thought that could take effect by now, and no longer."""
        known = self.latency.known()
        for thought in pending:
            if thought.effect is None and thought.ticks is not None:
                thought.effect = thought.asked + thought.ticks
            elif thought.effect is None and known is not None:
                thought.effect = thought.asked + self._ticks(known * thought.scale)
            if thought.effect is None:
                await asyncio.wait([thought.task])
                thought.effect = thought.asked + self._ticks(self._seconds(thought.task))
            elif thought.effect <= tick or thought.eager:
                await asyncio.wait([thought.task])
        ready = [thought for thought in pending if thought.effect is not None and thought.effect <= tick]
        return sorted(ready, key=lambda thought: (thought.effect or 0, thought.order))

    def _seconds(self, task: asyncio.Task[Outcome]) -> float:
        broken = task.cancelled() or task.exception() is not None
        return 0.0 if broken else self.latency.seconds(task.result())

    def _ticks(self, seconds: float) -> int:
        return math.ceil(round(seconds * self.hz, 9))  # without the dust of floating point: 0.1 s * 30 is 3 ticks


@dataclass
class RealClock:
    """Wall time, without drift: tick k is due `k / hz` seconds after the start, however late the one before was.

    Attributes:
        hz: ticks per second.
        lateness_s: how late each tick came, in seconds.
    """

    hz: float = 4.0
    lateness_s: list[float] = field(default_factory=list)
    _start: float = 0.0
    _paused: float | None = None  # since when
    _on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        _check_hz(self.hz)
        self._on.set()

    def start(self) -> None:
        """Tick 0 begins now."""
        self._start = time.perf_counter()
        self.lateness_s.clear()

    def due_at(self, tick: int) -> float:
        """When a tick is due, in seconds of `time.perf_counter`."""
        return self._start + tick / self.hz

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._paused is not None

    def pause(self) -> None:
        """Let time stand still until `resume`, for somebody who practises alone."""
        if self._paused is None:
            self._paused = time.perf_counter()
            self._on.clear()

    def resume(self) -> None:
        """Let time go on from where it was."""
        if self._paused is not None:
            self._start += time.perf_counter() - self._paused
            self._paused = None
            self._on.set()

    async def until(self, tick: int) -> None:
        """Sleep until the tick is due; thoughts go on meanwhile."""
        while True:
            await self._on.wait()
            left = self.due_at(tick) - time.perf_counter()
            await asyncio.sleep(max(0.0, left))
            if self._paused is None and time.perf_counter() >= self.due_at(tick):
                break
        self.lateness_s.append(max(0.0, time.perf_counter() - self.due_at(tick)))

    async def due(self, pending: Sequence[Pending], tick: int) -> list[Pending]:
        """What is finished by now; nothing is waited for."""
        ready = [thought for thought in pending if thought.task.done()]
        for thought in ready:
            thought.effect = tick
        return sorted(ready, key=lambda thought: thought.order)
