"""Futures of a kitchen: made of what one chef sees, so that nothing it may not know can be in them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from brigade.agents.base import Agent, Observation
from brigade.agents.planning.observed_state import ObservedState, ReadOnce, read_state
from brigade.agents.planning.player import MacroPlayer
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import State, read_described

LOOKS_AGAIN = 3  # ticks after which an imagined chef that found nothing to do looks again, if nothing has changed
MASK = 0xFFFFFFFF


class Futures:
    """The ways in which a kitchen may go on from what is seen now; orders to come are drawn afresh in each.

    Args:
        kitchen: where.
        observation: what is seen now.
    """

    def __init__(self, kitchen: Kitchen, observation: Observation):
        self.kitchen, self.tick = kitchen, int(observation["tick"])
        self._game = Game(kitchen)
        self._observation = observation
        self._now: dict[int, State] = {}

    def begin(self, number: int, team: Sequence[Any]) -> Future:
        """One of the ways. Those of the same number have the same orders to come.

        Args:
            number: which of them.
            team: one agent per chef, as they are now. They are copied: what they do there leaves them as they are.
        """
        game = self._game
        if number not in self._now:
            game.reset([(self.tick * 1_000_003 + number * 7919 + 12_345) & MASK])
            read_described(self.kitchen, game.state, self._observation)
            self._now[number] = game.snapshot()
        return Future(game, self._now[number], team)


class Future:
    """One way in which a kitchen may go on. Two that are begun by the same `Futures` are played one after the other."""

    def __init__(self, game: Game, now: State, team: Sequence[Any]):
        self._game, self._at = game, now
        self.team: list[Agent] = copy.deepcopy(list(team))
        for agent in self.team:
            if isinstance(agent, MacroPlayer):
                agent.looks_again = LOOKS_AGAIN

    def play(self, ticks: int) -> int:
        """Go on for some ticks, or to the end of the episode. Returns how many ticks were played."""
        return sum(1 for _ in self.ticks(ticks))

    def ticks(self, ticks: int) -> Iterator[ObservedState]:
        """The same, tick by tick: what each chef then sees. No other future may be played before this is over."""
        game, team = self._game, self.team
        game.restore(self._at)
        seen = ReadOnce(game.describe())
        try:
            for _ in range(min(ticks, game.kitchen.horizon - int(game.state.tick[0]))):
                game.advance([agent.act(seen) for agent in team])
                seen = ReadOnce(game.describe())
                yield read_state(game.kitchen, seen)
        finally:
            self._at = game.snapshot()

    @property
    def score(self) -> int:
        """The points it has come to."""
        return int(self._at.score[0])

    def describe(self) -> Observation:
        """What is seen then."""
        self._game.restore(self._at)
        return self._game.describe()
