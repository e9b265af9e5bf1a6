"""Which open order gets which of the things that exist, and what is then still missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from brigade.agents.planning.observed_state import ObservedState, Order
from brigade.agents.planning.recipes import Recipes, is_part
from brigade.envs.kitchen.content.cookbook import Kind

NOWHERE = -1
Readiness = Literal["ready", "cooking", "raw", "missing"]


class Part(NamedTuple):
    """One food that a dish needs, and how far it is.

    Attributes:
        food: its name.
        state: `ready` to be taken; `cooking` by itself; `raw`: begun, needs a chef; `missing`.
        cell: where it is, `NOWHERE` when in a hand or missing.
        holder: the seat that holds it, or None.
        wait: ticks until it is done, when cooking.
    """

    food: str
    state: Readiness
    cell: int = NOWHERE
    holder: int | None = None
    wait: int = 0


@dataclass
class OrderPlan:
    """What one open order has and lacks.

    Attributes:
        order: the order.
        plate: the plate with part of it (or all), None if there is none yet.
        cell, holder: where that plate is.
        parts: what is not on the plate yet.
        vessel: the cell of the pot or bowl that is used for it, None if it needs none or has none yet.
    """

    order: Order
    plate: Kind | None = None
    cell: int = NOWHERE
    holder: int | None = None
    parts: list[Part] = field(default_factory=list)
    vessel: int | None = None

    @property
    def finished(self) -> bool:
        """Whether the dish is complete on its plate."""
        return self.plate is not None and self.plate.dish == self.order.dish

    @property
    def wait(self) -> int | None:
        """Ticks until every part is ready by itself; None when something needs a chef first."""
        if any(part.state in ("raw", "missing") for part in self.parts):
            return None
        return max((part.wait for part in self.parts), default=0)


class _Thing(NamedTuple):
    kind: Kind
    cell: int
    holder: int | None
    progress: int


class Stock:
    """Everything that lies or is carried about, handed out to orders one by one."""

    def __init__(self, observed: ObservedState, recipes: Recipes):
        self.recipes = recipes
        lying = [_Thing(kind, cell, None, observed.progress[cell]) for cell, kind in observed.at.items()]
        carried = [_Thing(c.hand, NOWHERE, seat, c.progress) for seat, c in enumerate(observed.chefs) if c.hand.index]
        self.things = [*carried, *lying]

    def plate_for(self, foods: tuple[str, ...], mine: int | None) -> _Thing | None:
        """Take the plate that is furthest towards a dish; among equals the one in seat `mine`'s hand."""
        fits = [
            thing for thing in self.things
            if thing.kind.holder == "plate" and thing.kind.contents and is_part(thing.kind.contents, foods)
        ]  # fmt: skip
        return self._take(max(fits, key=lambda t: (len(t.kind.contents), t.holder == mine), default=None))

    def finished(self, dish: str, mine: int | None) -> _Thing | None:
        """Take a plate with the whole dish on it."""
        whole = [thing for thing in self.things if thing.kind.holder == "plate" and thing.kind.dish == dish]
        return self._take(max(whole, key=lambda thing: thing.holder == mine, default=None))

    def part(self, food: str) -> Part:
        """Take what is furthest towards a food."""
        options: list[tuple[int, int, Part, _Thing]] = []
        for thing in self.things:
            part = self._as_part(thing, food)
            if part is not None:
                rank = ("ready", "cooking", "raw").index(part.state)
                options.append((rank, part.wait - thing.progress if rank == 2 else part.wait, part, thing))
        if not options:
            return Part(food, "missing")
        _, _, part, thing = min(options, key=lambda option: option[:2])
        self._take(thing)
        return part

    def vessel_for(self, tile: str, need: Counter[str]) -> _Thing | None:
        """Take the vessel that is furthest towards a dish."""
        fits = []
        for thing in self.things:
            kind = thing.kind
            if kind.holder == "vessel" and kind.tile == tile:
                have = Counter(kind.contents)
                if have == need or (kind.phase == "raw" and have <= need):
                    fits.append((("raw", "cooking", "ready").index(kind.phase), len(kind.contents), thing))
        return self._take(max(fits, key=lambda fit: fit[:2])[2] if fits else None)

    def _as_part(self, thing: _Thing, food: str) -> Part | None:
        kind = thing.kind
        if kind.holder != "food" or kind.burning:
            return None
        if kind.name == food:
            return Part(food, "ready", thing.cell, thing.holder)
        for way in self.recipes.ways.get(food, []):
            if way.source == kind.name:
                on_tile = thing.cell != NOWHERE and self.recipes.kitchen.tile_names[thing.cell] == way.tile
                if on_tile and not way.by_hand:
                    return Part(food, "cooking", thing.cell, None, way.amount - thing.progress)
                return Part(food, "raw", thing.cell, thing.holder)
        return None

    def _take(self, thing: _Thing | None) -> _Thing | None:
        if thing is not None:
            self.things.remove(thing)
        return thing


def plan_orders(
    observed: ObservedState, recipes: Recipes, orders: list[Order], mine: int | None = None
) -> list[OrderPlan]:
    """Hand out what exists to `orders`, the first first.

    Args:
        observed: the tick.
        recipes: of the kitchen.
        orders: in the order in which they are to be served.
        mine: the seat whose plate is preferred among equals.
    """
    stock = Stock(observed, recipes)
    plans = [OrderPlan(order) for order in orders]
    for take in (_finished, _begun):
        for plan in plans:
            thing = take(plan, stock, recipes, mine) if plan.plate is None else None
            if thing is not None:
                plan.plate, plan.cell, plan.holder = thing.kind, thing.cell, thing.holder
    for plan in sorted(plans, key=lambda plan: plan.holder is None):  # what somebody is putting together comes first
        _complete(plan, stock, recipes)
    return plans


# Plates first, over all orders, so that a nearly finished one is not taken apart for another; finished ones before all.


def _finished(plan: OrderPlan, stock: Stock, recipes: Recipes, mine: int | None) -> _Thing | None:
    return stock.finished(plan.order.dish, mine)


def _begun(plan: OrderPlan, stock: Stock, recipes: Recipes, mine: int | None) -> _Thing | None:
    return stock.plate_for(recipes.foods_of(plan.order.dish), mine)


def _complete(plan: OrderPlan, stock: Stock, recipes: Recipes) -> None:
    foods, tile = recipes.foods_of(plan.order.dish), recipes.vessel_of(plan.order.dish)
    if tile is None and plan.plate is None:
        plan.parts = [stock.part(food) for food in foods]
        return
    need = Counter(foods)
    if plan.plate is not None:
        need -= Counter(plan.plate.contents)
    if tile is None:
        plan.parts = [stock.part(food) for food in need.elements()]
        return
    if not need:
        return
    vessel = stock.vessel_for(tile, need)
    if vessel is not None:
        plan.vessel = vessel.cell
        if vessel.kind.phase == "ready":
            plan.parts = [Part(plan.order.dish, "ready", vessel.cell)]
            return
        if vessel.kind.phase == "cooking":
            ticks = recipes.spec.tiles[tile].vessel
            left = (ticks.ticks or 0) - vessel.progress if ticks else 0
            plan.parts = [Part(plan.order.dish, "cooking", vessel.cell, None, left)]
            return
        need -= Counter(vessel.kind.contents)
    whole = Part(plan.order.dish, "raw" if vessel else "missing", vessel.cell if vessel else NOWHERE)
    plan.parts = [whole, *(stock.part(food) for food in need.elements())]
