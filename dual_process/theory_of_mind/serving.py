"""Who serves which order: what was seen of it, what is believed of it, and how right that was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from brigade.agents.planning import macro as macros
from brigade.agents.planning.observed_state import ObservedState, Order
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.orders import OrderBook
from brigade.dual_process.partner_model import Stated

EVEN = 0.5  # that a partner serves an order of which nothing is known
OF_DISHES = (macros.ASSEMBLE, macros.SERVE)  # macro actions that are for one dish, and so for somebody's order
PARTNER, OTHERS = "this partner", "somebody else"
Served = tuple[str, dict[str, float], str]  # an order, by model how probable it was that a partner serves it, who did


def servings(before: ObservedState, now: ObservedState, recipes: Recipes) -> Iterator[tuple[int, str]]:
    """The seat and the dish of everyone who handed one in between two ticks."""
    for seat, (old, new) in enumerate(zip(before.chefs, now.chefs, strict=True)):
        dish, faced = old.hand.dish, new.cell + recipes.grid.offset[new.facing]
        if dish is not None and old.hand.holder == "plate" and new.hand.index == 0 and faced in recipes.hatches:
            yield seat, dish


class Shares:
    """What is believed of who serves which order, of one partner.

    Orders that stand for ever are nobody's: where there are such, nothing is served here.

    Args:
        recipes: of the kitchen.
        seat: the partner's.

    Attributes:
        stated: by number of an order, how probable System 2 last said it is that this partner serves it.
    """

    def __init__(self, recipes: Recipes, seat: int):
        self.recipes, self.seat, self._book = recipes, seat, OrderBook()
        self.stated: dict[int, float] = {}
        self._served = [0, 0]  # by this partner, by anyone
        self._standing = recipes.kitchen.layout.standing
        self._open: dict[int, Order] = {}  # by number

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief; of orders that it does not name it believes what it did."""
        self.stated.update(stated.orders)

    def see(self, before: ObservedState | None, now: ObservedState) -> list[Served]:
        """Take in the next tick.

        Returns:
            For each order that was served and of which something was stated: its name, by model how probable it was
            that this partner would serve it, and who did (`PARTNER` or `OTHERS`).
        """
        if self._standing:
            return []
        told = []
        for seat, dish in servings(before, now, self.recipes) if before is not None else ():
            # An order whose last tick it was is gone before anything is paid for.
            wanted = (number for number, order in self._open.items() if order.dish == dish and order.left != 1)
            number = next(wanted, None)
            if number is None:
                continue  # nobody wanted it
            del self._open[number]
            mine, every = self._served
            chances = {"uniform": EVEN, "base_rate": (mine + 1) / (every + 2), "stated": self.stated.get(number, EVEN)}
            if self.stated:
                told.append((f"order {number}: {dish}", chances, PARTNER if seat == self.seat else OTHERS))
            self._served = [mine + (seat == self.seat), every + 1]
        self._open = self._book.open(now)
        return told

    def by_dish(self) -> dict[str, float]:
        """How probable it is that this partner serves the open order for a dish that it most probably serves."""
        chances: dict[str, float] = {}
        for number, order in self._open.items():
            chances[order.dish] = max(chances.get(order.dish, 0.0), self.stated.get(number, EVEN))
        return chances if self.stated else {}


def of_two(chance: float) -> Mapping[str, float]:
    """The chance that it is this partner, as the chances of both."""
    return {PARTNER: chance, OTHERS: 1 - chance}
