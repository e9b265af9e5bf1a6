"""An observation read into numbers: who stands where with what, and what lies where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from brigade.agents.base import Observation
from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.layout import FACINGS, Kitchen


class Chef(NamedTuple):
    """One chef: cell, facing (1-4), the kind in hand (kind 0 for nothing) and what has been done to it."""

    cell: int
    facing: int
    hand: Kind
    progress: int


class Order(NamedTuple):
    """One open order; `left` is its remaining ticks, None where orders stand."""

    dish: str
    left: int | None


@dataclass(frozen=True)
class ObservedState:
    """One tick as planners read it.

    Attributes:
        tick, left: ticks played and remaining.
        score: points so far.
        chefs: by seat.
        at: what lies on each cell that something lies on.
        progress: interactions or ticks done to it.
        orders: open orders, oldest first.
    """

    tick: int
    left: int
    score: int
    chefs: list[Chef]
    at: dict[int, Kind]
    progress: dict[int, int]
    orders: list[Order]

    @cached_property
    def burns(self) -> bool:
        """Whether anything is on fire."""
        return any(kind.burning for kind in self.at.values())


class ReadOnce(dict[str, Any]):
    """An observation that is read once for all who are given it, as imagined chefs are."""

    read: ObservedState | None = None


def read_state(kitchen: Kitchen, observation: Observation) -> ObservedState:
    """Read what `describe` returned."""
    if not isinstance(observation, ReadOnce):
        return _read(kitchen, observation)
    if observation.read is None:
        observation.read = _read(kitchen, observation)
    return observation.read


def _read(kitchen: Kitchen, observation: Observation) -> ObservedState:
    kind, width = kitchen.cookbook.kind, kitchen.width
    nothing = kitchen.cookbook.kinds[0]
    at: dict[int, Kind] = {}
    progress: dict[int, int] = {}
    for item in observation["items"]:
        x, y = item["at"]
        at[y * width + x] = kind(item["item"])
        progress[y * width + x] = item["progress"]
    chefs = []
    for chef in observation["chefs"]:
        (x, y), held = chef["at"], chef["holding"]
        hand = kind(held["item"]) if held else nothing
        chefs.append(Chef(y * width + x, FACINGS[chef["facing"]], hand, held["progress"] if held else 0))
    orders = [Order(order["dish"], order["ticks_left"]) for order in observation["orders"]]
    tick, left, score = observation["tick"], observation["ticks_left"], observation["score"]
    return ObservedState(tick, left, score, chefs, at, progress, orders)
