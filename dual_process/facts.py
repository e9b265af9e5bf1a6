"""The kitchen as guards and prompts see it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.orders import OrderBook


class StateFacts:
    """What the functions of the guard language answer, at one tick.

    Args:
        observed: the tick.
        recipes: of the kitchen.
        seat: who asks.
    """

    def __init__(self, observed: ObservedState, recipes: Recipes, seat: int):
        self.observed, self.recipes, self.seat = observed, recipes, seat

    def count(self, item: str, state: str | None) -> int:
        """How many of an item there are, on plates and in hands included; a state is a prefix of the item's name."""
        name = item if state in (None, "raw", "fresh") else f"{state}_{item}"
        kinds = [*self.observed.at.values(), *(chef.hand for chef in self.observed.chefs)]
        if name == self.recipes.plate.name:
            return sum(kind == self.recipes.plate for kind in kinds)
        if name in self.recipes.spec.dishes:
            return sum(kind.holder == "plate" and kind.dish == name for kind in kinds)
        foods = sum(kind.contents.count(name) for kind in kinds if not kind.burning)
        return foods + sum(kind.name == name for kind in kinds if kind.holder == "tool")

    def count_with_begun(self, food: str) -> int:
        """How many of a food there are, with what it can be made of."""
        sources = [way.source for way in self.recipes.ways.get(food, []) if way.source]
        return self.count(food, None) + sum(self.count(source, None) for source in sources)

    def orders(self, dish: str | None) -> int:
        """How many orders for a dish are open; for all dishes if None."""
        return sum(dish in (None, order.dish) for order in self.observed.orders)

    def order_ticks_left(self, dish: str) -> int:
        """Ticks until the most urgent order for a dish expires; very many if there is none or it stands."""
        left = [order.left for order in self.observed.orders if order.dish == dish and order.left is not None]
        return min(left, default=100_000)

    def partner_holds(self, item: str | None) -> bool:
        """Whether a partner holds an item (bare, or on a plate); anything if None."""
        hands = [chef.hand for seat, chef in enumerate(self.observed.chefs) if seat != self.seat and chef.hand.index]
        return any(item is None or item in (hand.name, hand.dish) or item in hand.contents for hand in hands)

    def free_counters(self) -> int:
        """Counters on which nothing lies."""
        return sum(cell not in self.observed.at for cell in self.recipes.counters)

    def ticks_left(self) -> int:
        """Ticks left in the episode."""
        return self.observed.left

    def score(self) -> int:
        """Points so far; the observed state itself does not carry them."""
        return self.observed.score


def state_facts(
    observed: ObservedState, recipes: Recipes, seat: int, orders: OrderBook | None = None
) -> dict[str, Any]:
    """The kitchen now, as a prompt carries it in JSON; `orders` says what they are called, by default 1, 2, 3."""
    kitchen, me = recipes.kitchen, observed.chefs[seat]
    lying: Counter[str] = Counter()
    stations: list[dict[str, Any]] = []
    for cell, kind in observed.at.items():
        if recipes.works_at(cell):
            station = {"station": kitchen.tile_names[cell], "at": kitchen.cell_name(cell), "holds": kind.name}
            stations.append({**station, "progress": observed.progress[cell]})
        else:
            lying[kind.dish or kind.name] += 1
    partners = [
        {"chef": other + 1, "at": kitchen.cell_name(chef.cell), "holds": chef.hand.dish or chef.hand.name}
        for other, chef in enumerate(observed.chefs)
        if other != seat
    ]
    return {
        "tick": observed.tick,
        "ticks_left": observed.left,
        "score": observed.score,
        "you": {"chef": seat + 1, "at": kitchen.cell_name(me.cell), "holds": me.hand.dish or me.hand.name},
        "partners": partners,
        "orders": [
            {"number": number, "dish": o.dish, "ticks_left": o.left, "points": recipes.spec.dishes[o.dish].points}
            for number, o in (orders or OrderBook()).open(observed).items()
        ],
        "on_counters": dict(sorted(lying.items())),
        "at_work": stations,
    }
