"""System 1 by itself: a state machine that always has an answer.

Idle, it looks at the open orders and what there is for them (`needs`), and chooses the macro action that brings the
most urgent one forward: fires first, then what is finished, what can be put together, what must be prepared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from brigade.agents.base import agents
from brigade.agents.planning import macro as macros
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.handover import Handover
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.order_planning import OrderPlan, Part, plan_orders
from brigade.agents.planning.paths import FAR
from brigade.agents.planning.player import MacroPlayer
from brigade.agents.planning.reachability import where_it_burns
from brigade.agents.planning.recipes import NEVER
from brigade.agents.planning.subgoals import Failed, Rest, Use

NO_DEADLINE = 100_000


@dataclass(frozen=True)
class Weights:
    """What the choice between macro actions is weighed with. Points are compared with points only."""

    serve: float = 100.0
    assemble: float = 80.0
    start_cooking: float = 70.0
    prepare: float = 50.0
    plate_ahead: float = 30.0
    wait_for: float = 10.0
    perishable: float = 15.0  # more when something that can burn is used up
    rescue: float = 110.0
    clear: float = 60.0
    margin: int = 6  # ticks to spare when saving food from burning
    to_spare: int = 2  # ticks by which somebody else who saves it must be in time
    rank: float = 22.0  # less for each order that is more urgent
    tick: float = 1.0  # less for each tick of walking before the first interaction
    put_down: float = 12.0  # less when what is in hand must be put down first
    way_blocked: float = 40.0  # less when others stand in every way
    short_wait: int = 8  # ticks one waits for something that is nearly done
    fetch: int = 4  # ticks that putting one more dispensed part onto a plate takes


class Option(NamedTuple):
    """A macro action that may be begun.

    Attributes:
        weight: what speaks for it, before what it costs to begin.
        macro: what is to be done.
        rank: how many open orders are more urgent than the one it is for; 0 too if it is for none.
    """

    weight: float
    macro: Macro
    rank: int = 0


class StateMachine(MacroPlayer):
    """The state machine, for any cookbook."""

    weights = Weights()

    def prepare(self) -> None:
        """Begin an episode."""
        self.probe = Executor(self.recipes, self.view.seat)
        self.probe.shut = self.executor.shut
        self.handover = Handover(self.recipes, self.probe)

    def interrupt(self, observed: ObservedState) -> bool:
        """Fires first, and what is about to burn."""
        assert self.current is not None
        self.probe.look(observed)
        if self._is_needed(observed):
            return True
        return self.current.verb == macros.ASSEMBLE and self._is_taken(observed)

    def _is_needed(self, observed: ObservedState) -> bool:
        """Whether there is a fire, or something about to burn, to be left no longer for what is under way."""
        current = self.current
        if current is not None and current.verb == macros.PUT_OUT_FIRE:
            return False
        if self._fire(observed) is not None:
            return True
        urgent = [option.macro for option in self._rescue(observed)]
        hand = observed.chefs[self.view.seat].hand
        assembles = current is not None and current.verb in (macros.ASSEMBLE, macros.SERVE)
        busy = assembles and hand.index != 0 and hand != self.recipes.plate
        return bool(urgent) and not busy and current not in urgent

    def _is_taken(self, observed: ObservedState) -> bool:
        """Whether what is to be put together and has not been begun is being put together by somebody else by now."""
        if observed.chefs[self.view.seat].hand not in (self.recipes.nothing, self.recipes.plate):
            return False
        others = (chef for seat, chef in enumerate(observed.chefs) if seat != self.view.seat)
        if not any(chef.hand.holder == "plate" for chef in others):
            return False
        return all(option.macro != self.current for option in self._options(observed, self.plans(observed)))

    def choose(self, observed: ObservedState) -> Macro | None:
        """The macro action with the greatest weight among those that can be begun now."""
        self.probe.look(observed)
        fire = self._fire(observed)
        if fire is not None:
            return fire
        best = self._best(observed, self._options(observed, self.plans(observed)))
        return best.macro if best is not None else self._let_go(observed)

    def _let_go(self, observed: ObservedState) -> Macro | None:
        """Nothing to be done with what is in hand: it is put where others can take it."""
        if observed.chefs[self.view.seat].hand.holder not in ("food", "plate"):
            return None
        macro = Macro(macros.PUT_DOWN)
        return macro if self._price(observed, macro) < FAR else None

    def _best(self, observed: ObservedState, options: Iterable[Option]) -> Option | None:
        """The option that is worth most after what it costs to begin; None if none is worth anything."""
        best, most = None, 0.0
        for option in options:
            if option.weight <= most:
                continue
            value = option.weight - self._price(observed, option.macro)
            if value > most:
                best, most = option, value
        return best

    def plans(self, observed: ObservedState) -> list[OrderPlan]:
        """Open orders, most urgent first, with what there is for them."""
        orders = list(observed.orders)
        if self.view.kitchen.layout.standing:
            vessels = sum(len(self.recipes.cells[name]) for name, t in self.recipes.spec.tiles.items() if t.vessel)
            orders = orders * (vessels + 1)
        orders.sort(key=lambda order: order.left if order.left is not None else NO_DEADLINE)
        return plan_orders(observed, self.recipes, orders, self.view.seat)

    # -- options ------------------------------------------------------------------------------------------------------

    def _options(self, observed: ObservedState, plans: list[OrderPlan]) -> list[Option]:
        weights, options = self.weights, list(self._by_hand(observed, plans))
        claims = self._claims(observed)
        for rank, plan in enumerate(plans):
            claimed = claims > 0 and self._can_be_claimed(observed, plan)
            claims -= claimed
            if claimed or (plan.holder is not None and plan.holder != self.view.seat):
                options.extend(self._ranked(self._missing(observed, plan), rank))
            elif plan.finished:
                options.extend(self._ranked([Option(weights.serve, Macro(macros.SERVE, plan.order.dish))], rank))
            else:
                options.extend(self._ranked(self._advance(observed, plan), rank))
        for rank, item in enumerate(self.handover.wanted(observed, plans)):
            options.append(Option(weights.prepare - rank, Macro(macros.PASS_ON, item)))
        over = self.handover.take_over(observed, plans)
        options.extend(Option(weights.plate_ahead, Macro(macros.PREPARE, food)) for food in over)
        options.extend(self._rescue(observed))
        between = self.probe.counters_between()
        if any(
            self.probe.useless(kind) and (self.recipes.works_at(cell) or cell in between)
            for cell, kind in observed.at.items()
        ):
            options.append(Option(weights.clear, Macro(macros.CLEAR_COUNTER)))
        return options

    def _ranked(self, options: Iterable[Option], rank: int) -> list[Option]:
        """What brings an order forward before which `rank` others come."""
        return [Option(weight - self.weights.rank * rank, macro, rank) for weight, macro, _ in options]

    def _claims(self, observed: ObservedState) -> int:
        """How many others walk with an empty plate, and so are about to put something together."""
        mine = observed.chefs[self.view.seat].hand == self.recipes.plate
        others = (seat for seat, chef in enumerate(observed.chefs) if chef.hand == self.recipes.plate)
        return sum(seat != self.view.seat and not (mine and self.view.seat < seat) for seat in others)

    def _can_be_claimed(self, observed: ObservedState, plan: OrderPlan) -> bool:
        """Whether a dish only wants a plate, so that who has one in hand will take it."""
        no_plate = plan.plate is None and self.recipes.vessel_of(plan.order.dish) is None
        return no_plate and self._wait(observed, plan) is not None

    def _by_hand(self, observed: ObservedState, plans: list[OrderPlan]) -> list[Option]:
        """What the thing in hand suggests."""
        hand = observed.chefs[self.view.seat].hand
        item = self.handover.in_hand(observed, hand, plans)
        if item is not None:
            return [Option(self.weights.serve + 20, Macro(macros.PASS_ON, item))]
        if self.probe.useless(hand):
            return [Option(self.weights.serve, Macro(macros.CLEAR_COUNTER))]
        if hand.holder == "food" and hand.name in self.recipes.into:
            return [Option(self.weights.prepare, Macro(macros.PREPARE, self.recipes.into[hand.name]))]
        return []

    def _advance(self, observed: ObservedState, plan: OrderPlan) -> list[Option]:
        """Ways to bring an order forward that nobody else has in hand."""
        weights, dish = self.weights, plan.order.dish
        options = self._missing(observed, plan)
        wait = self._wait(observed, plan)
        if wait is not None:
            weight = weights.assemble if wait <= weights.short_wait else weights.wait_for
            if any(part.state == "ready" and self._spoils(part) for part in plan.parts):
                weight += weights.perishable
            options.append(Option(weight, Macro(macros.ASSEMBLE, dish)))
        if plan.plate is None and self.recipes.vessel_of(dish) is None and self.handover.plate_is_for_here(plan):
            for part in plan.parts:
                if part.state == "missing" and self.recipes.dispensed(part.food):
                    options.append(Option(weights.plate_ahead, Macro(macros.PREPARE, part.food, plate=True)))
                    break
        return options

    def _missing(self, observed: ObservedState, plan: OrderPlan) -> list[Option]:
        """What to prepare for an order."""
        weights, options = self.weights, []
        vessel = self.recipes.vessel_of(plan.order.dish)
        if vessel is not None:
            return self._fill(plan)
        for part in plan.parts:
            if part.state not in ("raw", "missing") or self.recipes.dispensed(part.food):
                continue
            if part.holder not in (None, self.view.seat):
                continue
            by_itself = any(not way.by_hand for way in self.recipes.ways.get(part.food, []))
            if by_itself and not (self.recipes.holdable(part.food) or self._can_plate(observed, plan)):
                continue
            weight = weights.start_cooking if by_itself else weights.prepare
            options.append(Option(weight, Macro(macros.PREPARE, part.food)))
        return options

    def _can_plate(self, observed: ObservedState, plan: OrderPlan) -> bool:
        """Whether there is a plate to be had here, to take off the stove in time what no hand can."""
        self.probe.look(observed)
        if plan.plate is not None and plan.holder is None and self.probe.reachable(plan.cell):
            return True
        name = self.recipes.plate.name
        return bool(self.probe.dispensers(name) or self.probe.loose(name))

    def _fill(self, plan: OrderPlan) -> list[Option]:
        """A pot or bowl to be filled, unless others already bring all that it lacks."""
        if not plan.parts or plan.parts[0].state in ("ready", "cooking"):
            return []
        foods = plan.parts[1:]
        others = [part for part in foods if part.holder not in (None, self.view.seat)]
        if foods and len(others) == len(foods):
            return []
        options = [Option(self.weights.start_cooking, Macro(macros.PREPARE, plan.order.dish))]
        to_make = [p for p in foods if p.state in ("raw", "missing") and p not in others]
        options += [
            Option(self.weights.prepare, Macro(macros.PREPARE, p.food))
            for p in to_make
            if not self.recipes.dispensed(p.food)
        ]
        return options

    def _wait(self, observed: ObservedState, plan: OrderPlan) -> int | None:
        """Ticks until everything can be collected, None if something must be prepared first."""
        longest = 0
        for part in plan.parts:
            if part.holder not in (None, self.view.seat):
                return None
            if part.state == "cooking":
                self.probe.look(observed)
                longest = max(longest, part.wait - self._way_there(part.cell, plan))
            elif part.state != "ready" and not (part.state == "missing" and self.probe.dispensers(part.food)):
                return None
        return longest

    def _way_there(self, cell: int, plan: OrderPlan) -> int:
        """Ticks before an assembling chef can use what cooks on `cell`: it gets a plate first, and what is at hand."""
        plain = self.recipes.vessel_of(plan.order.dish) is not None or self.probe.me.hand.holder == "plate"
        name, between = self.recipes.plate.name, self.recipes.grid.between
        plates = [] if plain else [*self.probe.loose(name), *self.probe.dispensers(name)]
        if not plates:
            return self.probe.cost(cell)
        missing = sum(part.state == "missing" for part in plan.parts)
        return min(self.probe.cost(plate) + 1 + between(plate, cell) for plate in plates) + self.weights.fetch * missing

    def _rescue(self, observed: ObservedState) -> list[Option]:
        """Food that will burn unless it is taken off soon: onto a plate with it."""
        options = []
        for cell in self.recipes.spoiling_cells:
            kind = observed.at.get(cell, self.recipes.nothing)
            left = self.recipes.spoils_in(cell, kind.name, observed.progress.get(cell, 0))
            if left == NEVER or not self.probe.reachable(cell) or left >= self._time_to_plate(observed, cell):
                continue
            if not self._other_saves(observed, cell, left):
                options.append(Option(self.weights.rescue, Macro(macros.PREPARE, kind.name, plate=True)))
        return options

    def _other_saves(self, observed: ObservedState, cell: int, left: int) -> bool:
        """Whether another chef comes to `cell` with a plate, sooner than this one could, and in time."""
        grid, me = self.recipes.grid, observed.chefs[self.view.seat]
        mine = grid.cost(me.cell, me.facing, cell) if me.hand == self.recipes.plate else FAR
        for seat, chef in enumerate(observed.chefs):
            takes = chef.hand.holder == "plate" and self.recipes.effect(cell, chef.hand, observed.at[cell])
            if seat != self.view.seat and takes:
                theirs = grid.cost(chef.cell, chef.facing, cell)
                if theirs + self.weights.to_spare < left and (theirs, seat) < (mine, self.view.seat):
                    return True
        return False

    def _spoils(self, part: Part) -> bool:
        return part.cell >= 0 and self.recipes.spoils_in(part.cell, part.food, 0) < NEVER

    def _time_to_plate(self, observed: ObservedState, cell: int) -> int:
        """Ticks it takes to come to `cell` with an empty plate, and a few to spare."""
        me, grid = observed.chefs[self.view.seat], self.recipes.grid
        if me.hand == self.recipes.plate:
            return grid.cost(me.cell, me.facing, cell) + self.weights.margin
        plates = self.probe.dispensers(self.recipes.plate.name)
        ways = [grid.cost(me.cell, me.facing, plate) + grid.between(plate, cell) for plate in plates]
        return min(ways, default=0) + (4 if me.hand.index else 1) + self.weights.margin

    def _fire(self, observed: ObservedState) -> Macro | None:
        """Put out a fire, unless there is none, another chef is at it, or nothing to do it with is in reach."""
        if not observed.burns:
            if observed.chefs[self.view.seat].hand.holder == "tool":
                return Macro(macros.PUT_OUT_FIRE)  # it puts the extinguisher down
            return None
        if self._other_puts_out(observed):
            return None
        self.probe.start(observed)
        macro = Macro(macros.PUT_OUT_FIRE)
        return macro if isinstance(self.probe.goal(macro, observed), Use) else None

    def _other_puts_out(self, observed: ObservedState) -> bool:
        """Whether another chef has what puts fires out in hand, where it burns."""
        grid = self.recipes.grid
        burns = where_it_burns(observed, grid)
        others = (chef for seat, chef in enumerate(observed.chefs) if seat != self.view.seat)
        return any(chef.hand.holder == "tool" and grid.region[chef.cell] in burns for chef in others)

    def _price(self, observed: ObservedState, macro: Macro) -> float:
        """What beginning a macro action costs; infinite if it cannot be begun."""
        self.probe.start(observed)
        goal = self.probe.goal(macro, observed)
        if isinstance(goal, Failed):
            return float("inf")
        if isinstance(goal, Rest):
            return 0.0
        if not isinstance(goal, Use):
            return float("inf")  # done already: nothing to do
        me = observed.chefs[self.view.seat]
        others = [chef.cell for seat, chef in enumerate(observed.chefs) if seat != self.view.seat]
        _, ticks = self.recipes.grid.action(me.cell, me.facing, goal.cell, others)
        price = self.weights.tick * min(ticks, self.weights.way_blocked)
        if macro in self.given_up and observed.tick < self.given_up[macro]:
            price += self.weights.way_blocked
        puts_down = me.hand.index != 0 and goal.cell not in observed.at and goal.cell in self.recipes.counters
        return price + (self.weights.put_down if puts_down else 0.0)


@agents.register("fsm", "the state machine: System 1 by itself, chooses macro actions by rules")
def make_state_machine() -> StateMachine:
    """A state machine."""
    return StateMachine()
