"""What a chef can see and reach: the questions that every plan begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from brigade.agents.planning.observed_state import Chef, ObservedState
from brigade.agents.planning.paths import Grid
from brigade.agents.planning.recipes import Recipes

TAKEN = 12  # ticks that a cell counts as farther away while somebody stands where there is no way past to it
ON_THE_WAY, THERE_AND_BACK = 1.0, 2.0  # weight of the way onward when choosing a counter to put something on


def where_it_burns(observed: ObservedState, grid: Grid) -> set[int]:
    """The parts of the kitchen from which something that burns can be reached."""
    return {region for cell, kind in observed.at.items() if kind.burning for region in grid.regions_beside(cell)}


class Reachability:
    """One chef's surroundings at one tick.

    Args:
        recipes: of the kitchen.
        seat: which chef.

    Attributes:
        region: the part of the floor the chef walks on.
        observed, me: the tick that was looked at last, and the chef in it.
        taken: cells that somebody keeps this chef from, and until when they are thought to be so.
        shut: cells this chef has given up coming to, and until when: somebody stands where there is no way past.
        wishes: where things are to be put down, by item, and how many ticks going there may cost.
    """

    observed: ObservedState
    me: Chef

    def __init__(self, recipes: Recipes, seat: int):
        self.recipes, self.grid, self.seat = recipes, recipes.grid, seat
        self.region = self.grid.region[int(recipes.kitchen.layout.start[seat])]
        self.taken: dict[int, int] = {}
        self.shut: dict[int, int] = {}
        self.wishes: Mapping[str, Collection[int]] = {}
        self.wish_ticks = 0.0
        self._reach = self._region_reach = [
            self.region in self.grid.regions_beside(cell) for cell in range(self.grid.cells)
        ]
        self._shared = self._all_shared()

    def look(self, observed: ObservedState) -> None:
        """Ask about this tick from now on."""
        self.observed, self.me = observed, observed.chefs[self.seat]
        self._reach = self._region_reach
        if self.shut:
            for cell in [cell for cell, until in self.shut.items() if until <= observed.tick]:
                del self.shut[cell]
            self._reach = [reached and cell not in self.shut for cell, reached in enumerate(self._region_reach)]

    def reachable(self, cell: int) -> bool:
        """Whether this chef can interact with a cell."""
        return self._reach[cell]

    def cost(self, cell: int) -> int:
        """Ticks until this chef could interact with a cell."""
        wait = TAKEN if self.taken.get(cell, 0) > self.observed.tick else 0
        return self.grid.cost(self.me.cell, self.me.facing, cell) + wait

    def towards_what_is_shut(self) -> int | None:
        """The free counter on this side of whoever stands in the way that is nearest to what is beyond."""
        if not self.shut:
            return None
        others = [chef.cell for seat, chef in enumerate(self.observed.chefs) if seat != self.seat]

        def on_this_side(cell: int) -> bool:
            return self.grid.action(self.me.cell, self.me.facing, cell, others)[0] is not None

        free = [cell for cell in self.free(self.recipes.counters) if on_this_side(cell)]
        return min(free, key=lambda cell: min(self.grid.between(cell, shut) for shut in self.shut), default=None)

    def nearest(self, cells: Iterable[int]) -> int | None:
        """The cell that is reached first."""
        return min((cell for cell in cells if self._reach[cell]), key=self.cost, default=None)

    def loose(self, name: str) -> list[int]:
        """Cells from which an empty hand could pick up an item of this kind."""
        at, bare = self.observed.at, self.recipes.bare
        return [cell for cell, kind in at.items() if kind.name == name and self._reach[cell] and bare(cell, kind)]

    def lying(self, name: str) -> list[int]:
        """Cells within reach on which an item of this kind lies."""
        return [cell for cell, kind in self.observed.at.items() if kind.name == name and self._reach[cell]]

    def free(self, cells: Iterable[int]) -> list[int]:
        """Those of `cells` that are within reach and on which nothing lies."""
        return [cell for cell in cells if self._reach[cell] and cell not in self.observed.at]

    def dispensers(self, name: str) -> list[int]:
        """Dispensers of an item within reach."""
        ways = self.recipes.ways.get(name, [])
        return [
            cell for way in ways if way.source is None for cell in self.recipes.cells[way.tile] if self._reach[cell]
        ]

    def attended(self, cell: int) -> bool:
        """Whether another chef stands facing this cell, as one who is at work there does."""
        return cell in self._faced()

    def _worked_at(self) -> frozenset[int]:
        """The work tiles that others are at."""
        works_at = self.recipes.works_at
        return frozenset([cell for cell in self._faced() if works_at(cell)])

    def _faced(self) -> list[int]:
        """What other chefs face with empty hands."""
        offset, mine = self.grid.offset, self.seat
        return [
            chef.cell + offset[chef.facing]
            for seat, chef in enumerate(self.observed.chefs)
            if seat != mine and chef.hand.index == 0
        ]

    def counter_near(self, near: int | None = None, onward: float = ON_THE_WAY) -> int | None:
        """A free counter that is on the way to `near`, or so near to it that one is soon back."""
        wished = self._wished()
        towards = self.towards_what_is_shut() if not wished else None
        if towards is not None:
            return towards
        between = self.grid.between
        free = self.free(self.recipes.counters)
        shared = self.counters_between()

        def price(cell: int) -> float:
            after = onward * min(between(cell, near), 30) if near is not None else 0.0
            wish = self.wish_ticks if cell in wished else 0.0
            return self.cost(cell) + after + (5.0 if cell in shared else 0.0) - wish

        return min(free, key=price, default=None)

    def counters_of_its_own(self) -> list[int]:
        """Free counters that only this part of the kitchen reaches."""
        shared = set(self.shared_counters())
        return [cell for cell in self.free(self.recipes.counters) if cell not in shared]

    def _wished(self) -> Collection[int]:
        """Where what is in hand is to be put down; nowhere in particular where nothing was said of it."""
        hand = self.me.hand
        names = (hand.dish or hand.name, *(hand.contents if len(hand.contents) == 1 else ()))
        return next((self.wishes[name] for name in names if name in self.wishes), ())

    def counters_between(self) -> set[int]:
        """The counters over which things are passed on, where the kitchen is in several parts."""
        return set(self.shared_counters()) if len(self.recipes.kitchen.regions) > 1 else set()

    def shared_counters(self) -> list[int]:
        """Counters over which things are passed on: those between two regions, else the centre ones, else all."""
        return [cell for cell in self._shared if self._reach[cell]] if self.shut else self._shared

    def _all_shared(self) -> list[int]:
        kitchen, grid = self.recipes.kitchen, self.grid
        starts = {grid.region[int(cell)] for cell in kitchen.layout.start}
        counters = [cell for cell in self.recipes.counters if self._reach[cell]]
        between = [cell for cell in counters if len(grid.regions_beside(cell) & starts) > 1]
        centre = [kitchen.number(*cell) for cell in kitchen.centre if self._reach[kitchen.number(*cell)]]
        if len(starts) > 1:
            return [cell for cell in centre if cell in between] or between
        return centre or counters
