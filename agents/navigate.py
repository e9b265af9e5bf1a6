"""Turning "interact with that cell" into one action a tick, among other chefs who also move."""

from __future__ import annotations

import numpy as np

from brigade.agents.paths import DIRECTIONS, FAR, Grid
from brigade.agents.scene import Scene
from brigade.envs.kitchen.layout import INTERACT, STAY

PATIENCE = 1  # ticks one waits for a way to come free before stepping aside
STEP_ASIDE = 3  # ticks one stays out of the way, at least


class Navigator:
    """Walks one chef. Detours around others; when no way is left, waits, then steps aside for a moment.

    Stepping aside has a random length, drawn from the agent's own seed, so that two chefs who face each other in a
    corridor do not mirror each other forever.
    """

    def __init__(self, grid: Grid, seat: int, seed: int):
        self.grid, self.seat = grid, seat
        self._random = np.random.default_rng([seed, seat])
        self._stuck = 0
        self._aside = 0
        self._last = -1

    def use(self, scene: Scene, target: int) -> int:
        """The action that leads to interacting with the cell `target`."""
        me = scene.chefs[self.seat]
        others = {chef.cell for seat, chef in enumerate(scene.chefs) if seat != self.seat}
        if self._aside > 0:
            self._aside -= 1
            return self._away(scene, others)
        action = self.grid.action(me.cell, me.facing, target, others)
        if action == INTERACT:
            self._stuck = 0
            return INTERACT
        held_up = action is None or (action in DIRECTIONS and self._detour(me.cell, me.facing, target, action))
        self._stuck = self._stuck + 1 if held_up and me.cell == self._last else 0
        self._last = me.cell
        if action is None:
            if self._stuck > PATIENCE + int(self._random.integers(0, 3)):
                self._stuck = 0
                self._aside = STEP_ASIDE + int(self._random.integers(0, 4))
                return self._away(scene, others)
            return STAY
        return action

    def rest(self, scene: Scene, near: int | None) -> int:
        """Wait, near a cell if one is given, and make room for a chef who wants to pass."""
        me = scene.chefs[self.seat]
        others = {chef.cell for seat, chef in enumerate(scene.chefs) if seat != self.seat}
        for seat, chef in enumerate(scene.chefs):
            if seat != self.seat and chef.cell + self.grid.offset[chef.facing] == me.cell:
                return self._away(scene, others)
        if near is not None and self.grid.cost(me.cell, me.facing, near) not in (0, FAR):
            return self.grid.action(me.cell, me.facing, near, others) or STAY
        return STAY

    def _detour(self, cell: int, facing: int, target: int, action: int) -> bool:
        """Whether this action does not lead closer, counted as if nobody were in the way."""
        there = cell + self.grid.offset[action]
        stand = there if self.grid.floor[there] else cell
        return self.grid.cost(stand, action, target) >= self.grid.cost(cell, facing, target)

    def _away(self, scene: Scene, others: set[int]) -> int:
        """A step that leaves room: away from the others, rather into the open than into a corner."""
        me = scene.chefs[self.seat]
        steps = self.grid.neighbours(me.cell, others)
        if not steps:
            return STAY
        near = min(others, key=lambda cell: self.grid.walk(me.cell)[cell], default=me.cell)
        walk = self.grid.walk(near)

        def room(step: tuple[int, int]) -> tuple[int, int, float]:
            _, cell = step
            return walk[cell], len(self.grid.neighbours(cell, others)), float(self._random.random())

        return max(steps, key=room)[0]
