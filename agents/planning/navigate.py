"""Turning "interact with that cell" into one action a tick, among other chefs who also move."""

from __future__ import annotations

import numpy as np

from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.paths import DIRECTIONS, FAR, Grid
from brigade.envs.kitchen.content.layout import INTERACT, STAY

PATIENCE = 3  # ticks the chef with the right of way keeps trying before it gives way
SMALL_DETOUR = 2  # ticks that going round may cost without a thought
DETOUR = 5  # ticks one keeps to a way round, at least
STEP_ASIDE = 2  # ticks one stays out of the way, at least
ROUND = 8  # ticks that going round somebody further off may cost
STANDING = 4  # ticks after which somebody who has not moved is gone round by anyone


class Navigator:
    """Walks one chef. Detours around others; when no way is left, waits, then steps aside for a moment.

    Two who meet must not mirror each other. Of two the one with the higher seat goes round, and early; the one with the
    lower holds its place on every other tick, so that the other's step round is not answered by the same step. Stepping
    aside has a random length, drawn from the agent's own seed.
    """

    def __init__(self, grid: Grid, seat: int, seed: int):
        self.grid, self.seat = grid, seat
        self._random = np.random.default_rng([seed, seat])
        self._headed = -1  # the cell its last action should have led to
        self._aside_until = 0
        self._detour_until = 0
        self._waited = 0
        self.held_up = 0  # ticks in which this chef came no nearer to where it wants to be
        self._target, self._best = -1, 0
        self._avoid: frozenset[int] = frozenset()  # cells kept off while on a detour
        self._stood: dict[int, tuple[int, int]] = {}  # by seat, the cell a chef was seen on and since when

    def use(self, observed: ObservedState, target: int) -> int:
        """The action that leads to interacting with the cell `target`."""
        me = observed.chefs[self.seat]
        others = self._others(observed)
        pushed = self._headed not in (-1, me.cell)  # it wanted to go somewhere and did not get there
        self._headed = -1
        if observed.tick < self._aside_until:
            return self._away(observed, others)
        blocked = others | self._avoid if observed.tick < self._detour_until else set[int]()
        action, ticks = self.grid.action(me.cell, me.facing, target, blocked)
        if not blocked:
            action = self._round(observed, target, action, ticks)
        self.held_up = max(0, self.held_up - 1) if ticks < self._best else self.held_up + 1
        self._best = min(ticks, self._best) if target == self._target else ticks
        self._target = target
        if action == INTERACT:
            self.held_up = 0
            return INTERACT
        if action is None or pushed or self._leads_to(me.cell, action) in others:
            action = self._around(observed, target, ticks, pushed)
        else:
            self._waited = 0
        if action in DIRECTIONS:
            there = self._leads_to(me.cell, action)
            self._headed = there if self.grid.floor[there] else me.cell
        return action

    def _round(self, observed: ObservedState, target: int, action: int | None, ticks: int) -> int | None:
        """Rather a way past somebody further off than into it, where that costs nothing, or little for who has to."""
        me = observed.chefs[self.seat]
        for seat, chef in enumerate(observed.chefs):
            if seat == self.seat or self.grid.region[chef.cell] != self.grid.region[me.cell]:
                continue
            cell, since = self._stood.get(seat, (-1, observed.tick))
            if cell != chef.cell:
                cell, since = self._stood[seat] = (chef.cell, observed.tick)
            mine_to_yield = seat < self.seat or observed.tick - since >= STANDING
            past, around = self.grid.action(me.cell, me.facing, target, (cell,))
            if past is not None and 0 < around <= ticks + (ROUND if mine_to_yield else 0):
                return past
        return action

    def _around(self, observed: ObservedState, target: int, ticks: int, pushed: bool) -> int:
        """Somebody is in the way: a small detour soon; a long one, or stepping aside, later.

        Of two chefs in each other's way the one with the lower seat waits a little while the other makes room.
        """
        me, others = observed.chefs[self.seat], self._others(observed)
        self._waited += 1
        first = self.seat < self._nearest_seat(observed)
        avoid = others | self._ahead_of(observed) if pushed else others
        avoid.discard(me.cell)
        action, detour = self.grid.action(me.cell, me.facing, target, avoid)
        if self._waited <= (1 if first else 0) or (first and self._waited % 2):
            return STAY
        if action is not None and detour <= ticks + SMALL_DETOUR:
            return action
        if self._waited <= (PATIENCE if first else 0):
            return STAY
        self._waited = 0
        self._avoid = frozenset(others | self._ahead_of(observed)) - {me.cell}
        action, detour = self.grid.action(me.cell, me.facing, target, self._avoid)
        if action is not None:
            self._detour_until = observed.tick + min(detour, DETOUR + int(self._random.integers(0, 6)))
            return action
        self._detour_until = 0
        self._aside_until = observed.tick + STEP_ASIDE + int(self._random.integers(0, 5))
        return self._away(observed, others)

    def _nearest_seat(self, observed: ObservedState) -> int:
        walk = self.grid.walk(observed.chefs[self.seat].cell)
        others = (seat for seat in range(len(observed.chefs)) if seat != self.seat)
        return min(others, key=lambda seat: walk[observed.chefs[seat].cell], default=self.seat)

    def _leads_to(self, cell: int, action: int) -> int:
        return cell + self.grid.offset[action]

    def rest(self, observed: ObservedState, near: int | None) -> int:
        """Wait, near a cell if one is given, and make room for a chef who wants to pass."""
        me = observed.chefs[self.seat]
        others = self._others(observed)
        self._headed = -1
        for seat, chef in enumerate(observed.chefs):
            if seat != self.seat and chef.cell + self.grid.offset[chef.facing] == me.cell:
                return self._away(observed, others)
        if near is not None and self.grid.cost(me.cell, me.facing, near) not in (0, FAR):
            action, _ = self.grid.action(me.cell, me.facing, near, others)
            return STAY if action is None else action
        return STAY

    def _others(self, observed: ObservedState) -> set[int]:
        return {chef.cell for seat, chef in enumerate(observed.chefs) if seat != self.seat}

    def _ahead_of(self, observed: ObservedState) -> set[int]:
        """The cells the others face: where they would go, if they are walking."""
        offset = self.grid.offset
        return {chef.cell + offset[chef.facing] for seat, chef in enumerate(observed.chefs) if seat != self.seat}

    def _away(self, observed: ObservedState, others: set[int]) -> int:
        """A step that leaves room: away from the others, rather into the open than into a corner."""
        me = observed.chefs[self.seat]
        steps = self.grid.neighbours(me.cell, others)
        if not steps:
            return STAY
        near = min(others, key=lambda cell: self.grid.walk(me.cell)[cell], default=me.cell)
        walk = self.grid.walk(near)

        def room(step: tuple[int, int]) -> tuple[int, int, float]:
            _, cell = step
            return walk[cell], len(self.grid.neighbours(cell, others)), float(self._random.random())

        return max(steps, key=room)[0]
