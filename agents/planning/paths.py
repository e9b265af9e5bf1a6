"""Walking: exact distances in ticks on a kitchen's floor, and the next step when others are in the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from functools import lru_cache

from brigade.envs.kitchen.content.cookbook import FLOOR, Fixed
from brigade.envs.kitchen.content.layout import DOWN, INTERACT, LEFT, RIGHT, UP, Kitchen

FAR = 10_000  # ticks; what cannot be reached
DIRECTIONS = (LEFT, RIGHT, DOWN, UP)

Costs = list[int]  # by cell * 5 + facing: ticks until one stands there facing the target


class Grid(Fixed):
    """The floor of a kitchen as a graph over (cell, facing), as both rule sets move: an action turns, then walks.

    Args:
        kitchen: whose floor.
    """

    def __init__(self, kitchen: Kitchen):
        tiles = kitchen.layout.tile.tolist()
        self.cells = len(tiles)
        self.offset = {d: int(kitchen.layout.step[d]) for d in DIRECTIONS}
        self.floor = [tile == FLOOR for tile in tiles]
        self.region = [-1] * self.cells
        for number, region in enumerate(kitchen.regions):
            for cell in region:
                self.region[cell] = number
        self._costs: dict[int, Costs] = {}
        self._past: dict[tuple[int, int], Costs] = {}  # by target and the cell that is taken
        self._walks: dict[int, list[int]] = {}
        self._between: dict[tuple[int, int], int] = {}

    def regions_beside(self, cell: int) -> set[int]:
        """The regions of floor from which one can interact with `cell`."""
        beside = [cell - offset for offset in self.offset.values()]
        return {self.region[b] for b in beside if 0 <= b < self.cells and self.floor[b]}

    def to(self, target: int) -> Costs:
        """Ticks from every (cell, facing) until the next action can be an interaction with `target`."""
        if target not in self._costs:
            self._costs[target] = self._search(target, ())
        return self._costs[target]

    def cost(self, cell: int, facing: int, target: int) -> int:
        """Ticks from (cell, facing) until `target` can be interacted with, nobody being in the way."""
        return self.to(target)[cell * 5 + facing]

    def between(self, first: int, second: int) -> int:
        """Roughly the ticks from having interacted with `first` until one can interact with `second`."""
        key = (first, second)
        if key not in self._between:
            costs, stands = self.to(second), [(first - self.offset[d], d) for d in DIRECTIONS]
            ways = (costs[s * 5 + d] for s, d in stands if 0 <= s < self.cells and self.floor[s])
            self._between[key] = min(ways, default=FAR)
        return self._between[key]

    def action(self, cell: int, facing: int, target: int, blocked: Collection[int] = ()) -> tuple[int | None, int]:
        """The next action on the shortest way to interacting with `target` that avoids `blocked`, and its ticks.

        The action is None, and the ticks `FAR`, when there is no such way.
        """
        costs = self._avoiding(target, blocked)
        here = costs[cell * 5 + facing]
        if here == 0:
            return INTERACT, 0
        for d in DIRECTIONS:
            there = cell + self.offset[d]
            stand = there if self.floor[there] else cell
            if there not in blocked and costs[stand * 5 + d] == here - 1:
                return d, here
        return None, FAR

    def _avoiding(self, target: int, blocked: Collection[int]) -> Costs:
        """Like `to`, with some cells taken; kept where it is one."""
        if not blocked:
            return self.to(target)
        if len(blocked) > 1:
            return self._search(target, blocked)
        (taken,) = blocked
        key = (target, taken)
        if key not in self._past:
            self._past[key] = self._search(target, blocked)
        return self._past[key]

    def walk(self, target: int) -> list[int]:
        """Steps from every floor cell to the floor cell `target`."""
        if target not in self._walks:
            steps = [FAR] * self.cells
            steps[target] = 0
            queue = deque([target])
            while queue:
                here = queue.popleft()
                for offset in self.offset.values():
                    there = here + offset
                    if self.floor[there] and steps[there] == FAR:
                        steps[there] = steps[here] + 1
                        queue.append(there)
            self._walks[target] = steps
        return self._walks[target]

    def neighbours(self, cell: int, blocked: Collection[int] = ()) -> list[tuple[int, int]]:
        """(action, cell) for each free floor cell next to `cell`."""
        steps = [(d, cell + self.offset[d]) for d in DIRECTIONS]
        return [(d, there) for d, there in steps if self.floor[there] and there not in blocked]

    def _search(self, target: int, blocked: Collection[int]) -> Costs:
        """Breadth-first, backwards from every way of standing beside `target` and facing it."""
        costs = [FAR] * (self.cells * 5)
        queue: deque[int] = deque()
        for d, offset in self.offset.items():
            stand = target - offset
            if 0 <= stand < self.cells and self.floor[stand] and stand not in blocked:
                costs[stand * 5 + d] = 0
                queue.append(stand * 5 + d)
        while queue:
            node = queue.popleft()
            cell, facing = divmod(node, 5)
            cost = costs[node] + 1
            behind, ahead = cell - self.offset[facing], cell + self.offset[facing]
            before = []
            if self.floor[behind] and behind not in blocked:
                before.append(behind)  # walked here in this direction
            if not self.floor[ahead]:
                before.append(cell)  # turned here, a tile being in the way
            for stand in before:
                for turned in DIRECTIONS:
                    if costs[stand * 5 + turned] == FAR:
                        costs[stand * 5 + turned] = cost
                        queue.append(stand * 5 + turned)
        return costs


@lru_cache(maxsize=256)
def grid_of(kitchen: Kitchen) -> Grid:
    """The grid of a kitchen, made once."""
    return Grid(kitchen)
