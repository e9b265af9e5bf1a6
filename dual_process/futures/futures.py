"""Futures of a kitchen: made of what one chef sees, so that nothing it may not know can be in them."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from brigade.agents.base import Agent, Observation
from brigade.agents.planning.observed_state import Chef, ObservedState, Order, ReadOnce
from brigade.agents.planning.player import MacroPlayer
from brigade.dual_process.futures.packing import packed, unpacked
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import State, read_described
from brigade.envs.kitchen.interfaces.partners import checked_action

LOOKS_AGAIN = 3  # ticks after which an imagined chef that found nothing to do looks again, if nothing has changed


@runtime_checkable
class Redrawn(Protocol):
    """An agent that chooses by chance: otherwise in each future."""

    def redraw(self, *which: int) -> None:
        """Draw otherwise from now on."""


class _Seen(ReadOnce):
    """What is seen of a game now: read already, and in words where somebody may ask for them."""

    read: ObservedState


def observed(game: Game) -> ObservedState:
    """A game of one kitchen as planners read it: what `read_state` makes of its description."""
    state, kitchen = game.state, game.kitchen
    kinds, progress = kitchen.cookbook.kinds, state.progress[0].tolist()
    lying = [(cell, kinds[number]) for cell, number in enumerate(state.item[0].tolist()) if number]
    hands = zip(*(part[0].tolist() for part in (state.pos, state.facing, state.held, state.held_progress)), strict=True)
    count, standing = int(state.orders_open[0]), kitchen.layout.standing
    dishes, left = state.order_dish[0, :count].tolist(), state.order_left[0, :count].tolist()
    names, tick = kitchen.cookbook.orderable, int(state.tick[0])
    return ObservedState(
        tick,
        kitchen.horizon - tick,
        int(state.score[0]),
        [Chef(cell, facing, kinds[held], done if held else 0) for cell, facing, held, done in hands],
        dict(lying),
        {cell: progress[cell] for cell, _ in lying},
        [Order(names[dish], None if standing else ticks) for dish, ticks in zip(dishes, left, strict=True)],
    )


class Futures:
    """The ways in which a kitchen may go on from what is seen now; orders to come are drawn afresh in each.

    Args:
        kitchen: where.
        observation: what is seen now.
        draw: what the orders to come are drawn from, besides the tick.
    """

    def __init__(self, kitchen: Kitchen, observation: Observation, draw: int = 0):
        self.kitchen, self.tick, self.draw = kitchen, int(observation["tick"]), draw
        self._game = Game(kitchen)
        self._observation = observation
        self._now: dict[int, State] = {}
        self._packed: dict[tuple[int, ...], bytes | None] = {}  # by what tells the agents apart; they must stay alive

    def begin(self, number: int, team: Sequence[Any]) -> Future:
        """One of the ways. Those of the same number have the same orders to come.

        Args:
            number: which of them.
            team: one agent per chef, as they are now. They are copied: what they do there leaves them as they are.
        """
        game = self._game
        if number not in self._now:
            words = f"{self.draw} {self.tick} {number}".encode()
            game.reset([int.from_bytes(hashlib.sha256(words).digest()[:4])])  # no seed of a real episode is near
            read_described(self.kitchen, game.state, self._observation)
            self._now[number] = game.snapshot()
        copies = self._copied(team)
        for seat, agent in enumerate(copies):
            if isinstance(agent, Redrawn):
                agent.redraw(number, seat)
        return Future(game, self._now[number], copies)

    def _copied(self, team: Sequence[Any]) -> list[Any]:
        """Copies of some agents, packed once; those that cannot be packed are copied."""
        key = tuple(map(id, team))
        if key not in self._packed:
            try:
                self._packed[key] = packed(list(team))
            except (
                TypeError,
                AttributeError,
                pickle.PicklingError,
            ):  # as a lambda
                self._packed[key] = None
        data = self._packed[key]
        return copy.deepcopy(list(team)) if data is None else list(unpacked(data, self.kitchen))


class Future:
    """One way in which a kitchen may go on. Two that are begun by the same `Futures` are played one after the other."""

    def __init__(self, game: Game, now: State, team: list[Any]):
        self._game, self._at = game, now
        self.team: list[Agent] = team
        self.asked = 0  # whose turn it is to act
        self._own = all(isinstance(agent, MacroPlayer) for agent in self.team)
        for agent in self.team:
            if isinstance(agent, MacroPlayer):
                agent.looks_again = LOOKS_AGAIN

    def _see(self) -> _Seen:
        """What is seen now; chefs that plan in macro actions need no words for it."""
        seen = _Seen() if self._own else _Seen(self._game.describe())
        seen.read = observed(self._game)
        return seen

    def _who(self) -> str:
        return f"the program in seat {self.asked}"

    def ticks(self, ticks: int) -> Iterator[ObservedState]:
        """Go on for some ticks, or to the episode's end: what is seen after each. Meanwhile no other may be played."""
        game, team = self._game, self.team
        game.restore(self._at)
        seen = self._see()
        try:
            for _ in range(min(ticks, game.kitchen.horizon - int(game.state.tick[0]))):
                actions = []
                for self.asked, agent in enumerate(team):
                    actions.append(agent.act(seen))
                game.advance(actions if self._own else [checked_action(action, self._who) for action in actions])
                seen = self._see()
                yield seen.read
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
