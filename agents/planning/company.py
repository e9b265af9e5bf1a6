"""What a chef sees of the others as it walks: who stands still, who wants to come where it stands."""

from __future__ import annotations

from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.paths import Grid

NEAR = 6  # steps within which somebody else is reckoned with


class Company:
    """The others on one chef's part of the floor, as they were seen up to this tick.

    Args:
        grid: of the kitchen.
        seat: whose company it is.

    Attributes:
        cells: where they stand.
        near: the seats of those who are near.
    """

    def __init__(self, grid: Grid, seat: int):
        self.grid, self.seat = grid, seat
        self.cells: set[int] = set()
        self.near: list[int] = []
        self._before: dict[int, int] = {}  # by seat, the cell a chef came from
        self._stood: dict[int, tuple[int, int]] = {}  # by seat, the cell a chef was seen on and since when

    def look(self, observed: ObservedState) -> None:
        """See this tick; to be called on every one."""
        chefs, region, stood = observed.chefs, self.grid.region, self._stood
        self.observed, self.cells, self.near = observed, set(), []
        here = chefs[self.seat].cell
        steps = self.grid.walk(here)
        for other, chef in enumerate(chefs):
            cell = chef.cell
            if other == self.seat or region[cell] != region[here]:
                continue
            self.cells.add(cell)
            if steps[cell] <= NEAR:
                self.near.append(other)
            if other not in stood or stood[other][0] != cell:
                self._before[other] = stood[other][0] if other in stood else cell
                stood[other] = cell, observed.tick

    def still(self, other: int) -> int:
        """Ticks for which another chef has not left its cell."""
        return self.observed.tick - self._stood[other][1]

    def nearest(self) -> int | None:
        """Who is nearest, if anyone is near."""
        return min(self.near, key=self.steps, default=None)

    def at(self, cell: int) -> int | None:
        """Who stands on a cell."""
        return next((seat for seat in self.near if self.observed.chefs[seat].cell == cell), None)

    def wants_in(self, other: int) -> bool:
        """Whether another chef wants to come where this one stands: it looks here, and has not only just arrived."""
        return self.ahead(other) == self.observed.chefs[self.seat].cell and self.still(other) > 0

    def leaves(self, other: int) -> bool:
        """Whether another chef walks away from this one."""
        steps = self.grid.walk(self.observed.chefs[self.seat].cell)
        return self.still(other) == 0 and steps[self._before.get(other, self._stood[other][0])] < self.steps(other)

    def steps(self, other: int) -> int:
        """How many steps away another chef is."""
        return self.grid.walk(self.observed.chefs[self.seat].cell)[self.observed.chefs[other].cell]

    def ahead(self, other: int) -> int:
        """The cell that another chef faces: where it goes, if it walks on."""
        chef = self.observed.chefs[other]
        return chef.cell + self.grid.offset[chef.facing]
