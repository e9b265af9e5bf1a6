"""A chef that does what it is probable to do: whenever it is idle it draws what to turn to, among what can be done."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.theory_of_mind.serving import EVEN, OF_DISHES
from brigade.dual_process.theory_of_mind.turns import turns_for


class Drawing(StateMachine):
    """Draws its macro actions.

    Args:
        turns: how probable each turn is.
        draw: what the draws come from.
        dishes: how probable it is that this chef, and nobody else, serves a dish; `EVEN` for those that are not named.
    """

    def __init__(self, turns: Mapping[str, float], draw: int, dishes: Mapping[str, float] | None = None):
        self.turns, self._draw, self._draws = dict(turns), draw, np.random.default_rng(draw)
        self.dishes = dict(dishes or {})

    def redraw(self, *which: int) -> None:
        """Draw otherwise from now on: as in one of several futures."""
        self._draws = np.random.default_rng([self._draw, *which])

    def choose(self, observed: ObservedState) -> Macro | None:
        """One of the macro actions that can be begun, as probable as its turn."""
        self.probe.look(observed)
        fire = self._fire(observed)
        if fire is not None:
            return fire
        offered = {option.macro for option in self._options(observed, self.plans(observed))}
        made = {food for kind in observed.at.values() for food in kind.contents if self.recipes.wanted(food)}
        offered |= {Macro(macros.PASS_ON, food) for food in made if not self.recipes.dispensed(food)}
        offered |= {Macro(macros.PREPARE, food) for order in observed.orders for food in self._foods(order.dish)}
        can = sorted((m for m in offered if self._price(observed, m) < float("inf")), key=str)
        chances = np.array([self._chance(macro, can) for macro in can])
        if not can or chances.sum() <= 0:
            return None
        return can[int(self._draws.choice(len(can), p=chances / chances.sum()))]

    def _chance(self, macro: Macro, can: list[Macro]) -> float:
        """How probable a macro action is beside the others: of several dishes that which is rather its own."""
        chance = max(self.turns.get(turn, 0.0) for turn in turns_for(macro, self.recipes))
        if macro.verb not in OF_DISHES or not self.dishes:
            return chance
        likeliest = max(self.dishes.get(each.item, EVEN) for each in can if each.verb == macro.verb)
        return chance * self.dishes.get(macro.item, EVEN) / likeliest if likeliest > 0 else chance

    def _foods(self, dish: str) -> list[str]:
        return [food for food in self.recipes.foods_of(dish) if food in self.recipes.ways]
