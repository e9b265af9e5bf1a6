"""Turning "interact with that cell" into one action a tick, among other chefs who also move."""

from __future__ import annotations

import numpy as np

from brigade.agents.planning.company import Company
from brigade.agents.planning.observed_state import Chef, ObservedState
from brigade.agents.planning.paths import DIRECTIONS, FAR, Grid
from brigade.envs.kitchen.content.layout import INTERACT, STAY

SMALL_DETOUR = 2  # ticks that going round may cost whoever is held up
ROUND = 8  # ticks that going round may cost who has to give way, or whoever meets somebody who stands
STANDING = 4  # ticks after which somebody who has not left a cell is gone round by anyone
WAIT_FOR_WORK = 8  # ticks one waits for somebody who looks elsewhere
CLOSE = 3  # steps within which who has to give way goes round early
AT_WORK = 2  # ticks after which somebody who has not left a cell seems to be busy there
REACTION = 2  # ticks until somebody who is free can have made room for who turns to it
CHANCE = 0.25  # of waiting one more tick before a small way round
PATIENCE = 3  # ticks the chef with the right of way keeps trying before it gives way
NO_TURNING = 3  # ticks in which the chef with the right of way does not go back where it came from
OFTEN, LATELY = 2, 120  # turning back so often within so many ticks makes one slower to do it again
DETOUR = 5  # ticks one keeps to a long way round, at least
STEP_ASIDE = 2  # ticks one stays out of the way, at least
ROUNDS = 2  # long ways round that are tried on one way


class Navigator:
    """Walks one chef. Goes round others in good time; when no way is left, waits, or steps aside for a moment.

    Two who meet must not mirror each other, so one of them has the right of way: who has the lower seat, until it has
    seen that the other does not give way. The other goes round, early, and if there is no way round it makes room.
    Whatever is decided is kept to for some ticks, and nobody steps back and forth: standing still is the better way to
    wait. Stepping aside has a random length, drawn from the agent's own seed.
    """

    def __init__(self, grid: Grid, seat: int, seed: int):
        self.grid, self.seat = grid, seat
        self.company = Company(grid, seat)
        self._random = np.random.default_rng([seed, seat])
        self._headed = -1  # the cell its last action should have led to
        self._aside_until = 0
        self._detour_until = 0
        self._avoid: frozenset[int] = frozenset()  # cells kept off while on a long way round
        self._waited = 0  # ticks in a row in which somebody was in the way
        self._cell, self._left = -1, (-1, 0)  # where it stands; where it came from, and when
        self._held = 0  # ticks in a row in which it did not turn back
        self._turned = (-LATELY,) * OFTEN  # when it last turned back
        self._made_room: dict[int, tuple[int, int]] = {}  # by seat, the cell and facing of who was made room for
        self.held_up = 0  # ticks in which this chef came no nearer to where it wants to be
        self.target, self._ticks = -1, 0
        self._rounds = 0  # long ways round that were taken towards the target

    def use(self, observed: ObservedState, target: int) -> int:
        """The action that leads to interacting with the cell `target`."""
        me = self._look(observed)
        pushed = self._headed not in (-1, me.cell)  # it wanted to go somewhere and did not get there
        self._headed = -1
        if observed.tick < self._aside_until:
            return self._away(observed) if self._wanted_here() else STAY
        direct, ticks = self.grid.action(me.cell, me.facing, target)
        if direct == INTERACT:
            self.held_up = self._waited = self._detour_until = 0
            return INTERACT
        action, ticks = self._way(me, target, direct, ticks)
        self._count(target, ticks)
        if action is None or pushed or self._leads_to(me.cell, action) in self.company.cells:
            action = self._meet(me, target, action, ticks, pushed)
        else:
            self._waited = 0
        return self._go(me, self._hold(me, action, direct))

    def rest(self, observed: ObservedState, near: int | None) -> int:
        """Wait, near a cell if one is given, and make room for a chef who wants to pass."""
        me, company = self._look(observed), self.company
        self._headed = -1
        if self._wanted_here():
            self._aside_until = observed.tick + STEP_ASIDE
            return self._away(observed)
        if observed.tick < self._aside_until:
            return STAY
        if near is not None and self.grid.cost(me.cell, me.facing, near) not in (0, FAR):
            action, _ = self.grid.action(me.cell, me.facing, near, company.cells)
            return STAY if action is None else self._go(me, action)
        return STAY

    def past(self, observed: ObservedState) -> int | None:
        """The ticks to where this chef wants to be past everybody where they stand; None if there is no way."""
        me = observed.chefs[self.seat]
        action, ticks = self.grid.action(me.cell, me.facing, self.target, self.company.cells)
        return None if action is None else ticks

    def goes_round(self, observed: ObservedState) -> bool:
        """Whether it sets out on the way past everybody, however long; not for ever."""
        ticks = self.past(observed)
        if ticks is None or self._rounds == ROUNDS:
            return False
        self._rounds += 1
        self._avoid, self._detour_until = frozenset(self.company.cells), observed.tick + ticks
        return True

    def _wanted_here(self) -> bool:
        """Whether somebody wants to come where this chef stands; who did not come when it could is not asked again."""
        asked = False
        for other in self.company.near:
            chef = self.company.observed.chefs[other][:2]
            if self._made_room.get(other) != chef:
                self._made_room.pop(other, None)
                if self.company.wants_in(other):
                    self._made_room[other] = chef
                    asked = True
        return asked

    # -- the way ------------------------------------------------------------------------------------------------------

    def _way(self, me: Chef, target: int, direct: int | None, ticks: int) -> tuple[int | None, int]:
        """The next step and the ticks to go: straight on, or past somebody who is near, where that costs little."""
        tick, cells = self.company.observed.tick, self.company.cells
        if tick < self._detour_until:
            action, detour = self.grid.action(me.cell, me.facing, target, cells | self._avoid - {me.cell})
            if action is not None:
                return action, detour
        for other in self.company.near:
            taken = frozenset({self.company.observed.chefs[other].cell})
            past, around = self.grid.action(me.cell, me.facing, target, taken)
            if past is not None and around <= ticks + self._allowed(other):
                if around > ticks + SMALL_DETOUR:
                    self._avoid, self._detour_until = taken, tick + DETOUR
                return past, around
        return direct, ticks

    def _allowed(self, other: int) -> int:
        """The ticks that going round another chef may cost this one."""
        company = self.company
        if company.still(other) >= STANDING:
            return ROUND
        if other > self.seat or company.steps(other) > CLOSE or company.leaves(other):
            return 0
        return ROUND if company.still(other) >= AT_WORK else SMALL_DETOUR

    def _meet(self, me: Chef, target: int, action: int | None, ticks: int, pushed: bool) -> int:
        """Somebody is in the way: go round, push on, or make room."""
        self._waited += 1
        company = self.company
        other = company.nearest() if action is None else company.at(self._leads_to(me.cell, action))
        if other is None:  # both wanted this cell
            return STAY if action is None or self._lets_go_first() else action
        first = self.seat < other and self._waited <= PATIENCE
        past, detour = self.grid.action(me.cell, me.facing, target, company.cells)
        holds = first and (self._waited <= REACTION or company.wants_in(other))
        holds = holds or self._lingers()
        if past is not None and detour <= ticks + SMALL_DETOUR and not holds:
            return past
        if first or (not company.wants_in(other) and self._waited <= WAIT_FOR_WORK):
            return STAY if action is None else action  # it turns towards the other, who sees that way what is wanted
        if action is not None and not self.grid.neighbours(me.cell, company.cells):
            return action  # at a dead end there is nowhere to go: it goes on asking
        return self._give_way(me, target)

    def _lingers(self) -> bool:
        """Whether it waits one more tick, by chance, so that no two keep the same time for long."""
        return self._waited > REACTION and self._random.random() < CHANCE

    def _hold(self, me: Chef, action: int, direct: int | None) -> int:
        """Nobody turns back again and again: the other may be doing the same.

        Who has the right of way does not turn at once where it came from; who has done it often of late waits a tick.
        """
        company, (left, since) = self.company, self._left
        other, ago = company.nearest(), company.observed.tick - since - self._held
        if other is None or ago > 1 or action not in DIRECTIONS or self._leads_to(me.cell, action) != left:
            self._held = 0
            return action
        meets = self.seat < other and company.still(other) == 0 and company.steps(other) == 1
        often = ago == 0 and company.observed.tick - self._turned[0] < LATELY
        if self._held >= (NO_TURNING if meets else often):
            if ago == 0:
                self._turned = (*self._turned[1:], company.observed.tick)
            self._held = 0
            return action
        self._held += 1
        return STAY if not meets or direct is None or self._leads_to(me.cell, direct) == left else direct

    def _lets_go_first(self) -> bool:
        """Whether the other may have the cell that both want: on every other tick, so that somebody gets it."""
        other = self.company.nearest()
        gives_way = other is not None and (other < self.seat or self._waited > PATIENCE)
        return gives_way and self._waited % 2 == 1

    def _give_way(self, me: Chef, target: int) -> int:
        """By another way, or by stepping aside."""
        company, tick = self.company, self.company.observed.tick
        self._waited = 0
        self._avoid = frozenset(company.cells | {company.ahead(other) for other in company.near})
        action, detour = self.grid.action(me.cell, me.facing, target, self._avoid - {me.cell})
        if action is not None:
            self._detour_until = tick + min(detour, DETOUR + int(self._random.integers(0, 6)))
            return action
        self._detour_until = 0
        self._aside_until = tick + STEP_ASIDE + int(self._random.integers(0, 3))
        return self._away(company.observed)

    def _away(self, observed: ObservedState) -> int:
        """A step that leaves room: out of the other's way, away from it, rather into the open than into a corner."""
        me, company = observed.chefs[self.seat], self.company
        steps = self.grid.neighbours(me.cell, company.cells)
        other = company.nearest()
        if not steps or other is None:
            return STAY
        chef = observed.chefs[other]
        walk, ahead = self.grid.walk(chef.cell), me.cell + self.grid.offset[chef.facing]

        def room(step: tuple[int, int]) -> tuple[int, int, int, float]:
            _, cell = step
            free = len(self.grid.neighbours(cell, company.cells))
            return walk[cell], cell != ahead, free, float(self._random.random())

        return self._go(me, max(steps, key=room)[0])

    def go(self, observed: ObservedState, cell: int) -> int:
        """A step towards a cell of the floor, past whoever is in the way; standing still where there is none."""
        me, walk = self._look(observed), self.grid.walk(cell)
        self._headed = -1
        steps = self.grid.neighbours(me.cell, self.company.cells)
        action, there = min(steps, key=lambda step: walk[step[1]], default=(STAY, me.cell))
        return action if walk[there] <= walk[me.cell] else STAY

    # -- what is kept -------------------------------------------------------------------------------------------------

    def _look(self, observed: ObservedState) -> Chef:
        self.company.look(observed)
        me = observed.chefs[self.seat]
        if me.cell != self._cell:
            self._left, self._cell = (self._cell, observed.tick), me.cell
        return me

    def _count(self, target: int, ticks: int) -> None:
        """Whether this tick is any progress."""
        if target != self.target:
            self.target, self._ticks, self._rounds = target, ticks + 1, 0
        longer = 2 if ticks > self._ticks else 1  # by another way, which may be left again
        self.held_up = max(0, self.held_up - 1) if ticks < self._ticks else self.held_up + longer
        self._ticks = ticks

    def _go(self, me: Chef, action: int) -> int:
        """Take a step, and keep in mind where it should lead."""
        if action in DIRECTIONS:
            there = self._leads_to(me.cell, action)
            self._headed = there if self.grid.floor[there] else me.cell
        return action

    def _leads_to(self, cell: int, action: int) -> int:
        return cell + self.grid.offset[action]
