"""Thoughts under way: begun beside the game, taking effect at a tick, never holding one up."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from brigade.agents.base import Agent, Observation
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all
from brigade.simulation.clock import Clock, Pending, RealClock
from brigade.simulation.outcome import CRASHED, Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thought:
    """A thought that takes effect now.

    Attributes:
        seat: whose.
        kind: what sort of thought.
        asked, effect: the ticks it was begun at and takes effect at.
        outcome: what came of it.
    """

    seat: int
    kind: str
    asked: int
    effect: int
    outcome: Outcome


@runtime_checkable
class ThinkingAgent(Agent, Protocol):
    """An agent with a thinker beside its fast side."""

    def attend(self, thoughts: Thoughts) -> None:
        """Is told, after `reset`, where to begin thoughts."""

    def think(self, observation: Observation) -> None:
        """Begin thoughts, if it is time to. Must return at once."""

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""

    async def close(self) -> None:
        """The episode is over: let go of connections."""


class Thoughts:
    """Those of one agent: where it begins them.

    Attributes:
        tick: now.
    """

    def __init__(self, everyone: AllThoughts, seat: int):
        self._everyone, self.seat = everyone, seat

    @property
    def tick(self) -> int:
        """The tick that is being played."""
        return self._everyone.tick

    @property
    def in_wall_time(self) -> bool:
        """Whether ticks come by the clock on the wall, so that nothing that takes long may be done in one."""
        return isinstance(self._everyone.clock, RealClock)

    def begin(
        self,
        kind: str,
        work: Coroutine[Any, Any, Outcome],
        scale: float = 1.0,
        eager: bool = False,
        ticks: int | None = None,
    ) -> None:
        """Begin a thought; its outcome comes back through `receive`. `scale`, `eager` and `ticks` as in `Pending`."""
        task = asyncio.ensure_future(work)
        order = (self.seat, next(self._everyone.numbers))
        self._everyone.pending.append(Pending(self.tick, task, order, kind, None, scale, eager, ticks))

    def progress(self, kind: str) -> float:
        """How much of a thought under way is done by now, 0 to 1, where the clock knows when it will be; else 1."""
        for pending in self._of_kind(kind):
            if pending.effect is not None and pending.effect > pending.asked:
                return min(1.0, (self.tick - pending.asked) / (pending.effect - pending.asked))
        return 1.0

    def under_way(self, kind: str) -> bool:
        """Whether a thought of this kind has not taken effect yet."""
        return bool(self._of_kind(kind))

    def _of_kind(self, kind: str) -> list[Pending]:
        return [each for each in self._everyone.pending if (each.seat, each.kind) == (self.seat, kind)]


class AllThoughts:
    """The thoughts of everyone in an episode.

    Args:
        clock: says when they take effect.

    Attributes:
        tick: now.
        pending: those under way.
        numbers: of thoughts, as they are begun.
    """

    def __init__(self, clock: Clock):
        self.clock, self.tick, self.numbers = clock, 0, itertools.count(1)
        self.pending: list[Pending] = []

    async def due(self, tick: int) -> list[Thought]:
        """The thoughts that take effect at this tick, in order."""
        self.tick = tick
        if not self.pending:
            return []
        ready = await self.clock.due(self.pending, tick)
        for pending in ready:
            self.pending.remove(pending)
        return [Thought(each.seat, each.kind, each.asked, tick, _outcome(each)) for each in ready]

    async def cancel(self) -> list[Thought]:
        """End whatever is still under way, as an episode's end does. Returns those thoughts, without outcome."""
        left, self.pending = self.pending, []
        for pending in left:
            pending.task.cancel()
        if left:
            await asyncio.wait([pending.task for pending in left])
        none = Outcome(problem="the episode ended before it")
        return [Thought(each.seat, each.kind, each.asked, self.tick, none) for each in left]


def _outcome(pending: Pending) -> Outcome:
    if pending.task.cancelled():
        return Outcome(problem="cancelled", failure=CRASHED)
    error = pending.task.exception()
    if error is not None:
        log.error("a %s thought failed", pending.kind, exc_info=error)
        problem = str(error) if isinstance(error, BrigadeError) else type(error).__name__
        return Outcome(problem=problem, failure=CRASHED)
    return _written(pending.task.result(), pending.kind)


def _written(outcome: Outcome, kind: str) -> Outcome:
    """An outcome whose `told` can be written down, and stays as it is; one that crashed if it cannot be."""
    if outcome.told is None:
        return outcome
    try:
        return replace(outcome, told=taken_all(json.loads(json.dumps(dict(outcome.told)))))
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"what it told cannot be written as JSON: {error}"
        log.error("a %s thought failed: %s", kind, problem)
        return replace(outcome, value=None, told=None, problem=problem, failure=CRASHED)
