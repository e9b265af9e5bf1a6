"""System 1: the state machine, steered by what System 2 asks of it, as far as its authority says.

- **obey**: statements first, in their order, to the letter; what is left over the state machine does by itself. Fires
  are put out whatever a plan says, and what is about to burn is saved unless it was left to the partner.
- **advise**: statements re-rank what the state machine would do anyway. They cannot make a chef do what serves no open
  order, put a less urgent order before a more urgent one, keep it from a fire, or hold it up; what is to be left to the
  partner is left only while it is seen doing it.
- **check**: obeyed, as far as it has been adopted; that is decided by imagining what would come of it (`checking`).
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import get_args

from pydantic import Field

from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import Chef, ObservedState
from brigade.agents.planning.order_planning import OrderPlan
from brigade.agents.planning.recipes import NEVER
from brigade.agents.state_machine import Option, StateMachine
from brigade.dual_process.facts import StateFacts
from brigade.dual_process.history import History
from brigade.dual_process.plan.following import Fate, Following
from brigade.dual_process.plan.statements import (
    Authority,
    Do,
    Keep,
    Leave,
    OrderOf,
    Plan,
    Put,
    Stand,
    Statement,
    Wait,
    Whenever,
    Whose,
)
from brigade.envs.content import Model
from brigade.envs.registry import unknown

AUTHORITIES: tuple[Authority, ...] = get_args(Authority)
WHATEVER_IT_COSTS = 1000.0  # ticks
LONGEST = 120  # characters of what was no plan


class Trust(Model):
    """How far System 1 follows System 2 under `advise`: weights beside those of `agents.state_machine.Weights`.

    Attributes:
        task: added to what a statement asks to be done.
        order: added to what brings an order forward that is this chef's, taken off for one that is not.
        leave: taken off what is left to the partner.
        idle: of what serves no open order but is asked for: done when there is nothing else.
        put_ticks: that going to where something is to be put down may cost.
        evidence_ticks: how far back the partner must have been seen doing what is left to it.
    """

    task: float = Field(10.0, ge=0)
    order: float = Field(4.0, ge=0)
    leave: float = Field(30.0, ge=0)
    idle: float = Field(1.0, ge=0)
    put_ticks: float = Field(3.0, ge=0)
    evidence_ticks: int = Field(110, ge=0)


# What a chef is that acts: all but what it remembers for thoughts.
IN_HAND = (
    "trust", "authority", "as_advice", "dropped", "following", "view", "recipes", "executor", "navigator", "probe",
    "handover", "current", "given_up", "observed", "_started", "_told", "_active", "_found_nothing",
)  # fmt: skip


def as_plan(plan: object) -> Plan:
    """A plan; what is none is one whose only statement could not be read."""
    return plan if isinstance(plan, Plan) else Plan(dropped=((repr(plan)[:LONGEST], "expected a plan"),))


class System1(StateMachine):
    """The state machine with a plan.

    Args:
        trust: how far it follows advice.
        authority: how far plans are followed.

    Raises:
        BrigadeError: no such authority.
    """

    def __init__(self, trust: Trust | None = None, authority: Authority = "advise"):
        if authority not in AUTHORITIES:
            raise unknown("authority", str(authority), AUTHORITIES)
        self.trust, self.authority = trust or Trust(), authority

    @property
    def obeys(self) -> bool:
        """Whether the plan is followed to the letter."""
        return self.authority == "obey" or (self.authority == "check" and not self.as_advice)

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.history = History(self.view.kitchen, self.view.seat)
        self.dropped: tuple[Fate, ...] = ()  # of the last plan, what could not be read
        self.as_advice = False  # under `check`, whether the plan is taken as advice and not to the letter
        self.following = self._follow(())
        self._told: Macro | None = None  # the macro action under way, where a statement asked for it
        self._active: list[Statement] = []

    def adopt(self, plan: Plan, tick: int) -> None:
        """Follow a new plan from now on; what is none is dropped as one statement that could not be read."""
        plan = as_plan(plan)
        self.dropped = plan.dropped
        self.following = self._follow(plan.statements)

    def hands(self, tick: int) -> System1:
        """A chef like this one, as it is now, with the same plan: to be copied and imagined. It must not act itself."""
        hands = System1.__new__(System1)
        hands.__dict__.update({name: self.__dict__[name] for name in IN_HAND if name in self.__dict__})
        hands.history = self.history.for_hands(tick)
        hands.following = copy.copy(self.following)
        hands.following.orders = hands.history.orders
        hands._records = []
        return hands

    def _follow(self, statements: Sequence[Statement]) -> Following:
        return Following(statements, self.recipes, self.view.seat, self.history.orders)

    # -- choosing -----------------------------------------------------------------------------------------------------

    def interrupt(self, observed: ObservedState) -> bool:
        """What must be now; then as the state machine does, but what was ordered is left to nobody who is faster."""
        assert self.current is not None
        if self.obeys and self._is_wanted_now(observed):
            return True
        if self.obeys and self.current == self._told:
            return self._is_needed(observed)
        return super().interrupt(observed)

    def _is_wanted_now(self, observed: ObservedState) -> bool:
        """Whether something else is to be done at once, and can be."""
        if not any(isinstance(statement, Do) and statement.now for statement in self.following.left):
            return False
        first = next((s for s in self.following.active(observed) if isinstance(s, Do) and s.now), None)
        if first is None or first.macro == self.current or self._in_need(observed) is not None:
            return False
        return self._first_of(first, observed) is not None

    def choose(self, observed: ObservedState) -> Macro | None:
        """The next macro action."""
        self._told = None
        self._active = self.following.active(observed)
        self._place_things()
        if self.obeys and self._active:
            self._told = self._in_need(observed) or self._ordered(observed)
            if self._told is not None:
                return self._told
        chosen = super().choose(observed)
        self._tick_off(chosen)
        return chosen

    def plans(self, observed: ObservedState) -> list[OrderPlan]:
        """Open orders, most urgent first; where plans are obeyed without those that are not this chef's."""
        gone = self._not_mine() if self.obeys else {}
        if not gone:
            return super().plans(observed)
        opened, chefs = self.history.orders.open(observed), list(observed.chefs)
        for number, order in opened.items():
            seat = self._carrier(chefs, order.dish) if gone.get(number) == "yours" else None
            if seat is not None:  # what a partner has in hand for its order is not there for another one
                chefs[seat] = chefs[seat]._replace(hand=self.recipes.nothing, progress=0)
        kept = [order for number, order in opened.items() if number not in gone]
        return super().plans(replace(observed, orders=kept, chefs=chefs))

    def _carrier(self, chefs: Sequence[Chef], dish: str) -> int | None:
        """The partner that has a dish in hand, or else a part of it on a plate."""
        foods = Counter(self.recipes.foods_of(dish))
        begun = [
            (chef.hand.dish != dish, seat)
            for seat, chef in enumerate(chefs)
            if seat != self.view.seat and chef.hand.holder == "plate" and chef.hand.contents
            if Counter(chef.hand.contents) <= foods
        ]
        return min(begun)[1] if begun else None

    def _options(self, observed: ObservedState, plans: list[OrderPlan]) -> list[Option]:
        return self._not_left(super()._options(observed, plans))

    def _best(self, observed: ObservedState, options: Iterable[Option]) -> Option | None:
        advised = options if self.obeys or not self._active else self._advised(observed, options)
        return super()._best(observed, advised)

    def _price(self, observed: ObservedState, macro: Macro) -> float:
        """As the state machine does; where to stand costs nothing, since it is done when there is nothing else."""
        return 0.0 if macro.verb == macros.STAND else super()._price(observed, macro)

    def _rescue(self, observed: ObservedState) -> list[Option]:
        return self._not_left(super()._rescue(observed))

    def _not_left(self, options: list[Option]) -> list[Option]:
        """Where plans are obeyed, without what was left to the partner."""
        leaves = [statement for statement in self._active if isinstance(statement, Leave)] if self.obeys else []
        return [option for option in options if not any(leave.covers(option.macro) for leave in leaves)]

    def _in_need(self, observed: ObservedState) -> Macro | None:
        """A fire, or what is about to burn, as far as something can be done about it."""
        self.probe.look(observed)
        rescue = super()._best(observed, self._rescue(observed))
        return self._fire(observed) or (rescue.macro if rescue is not None else None)

    def _not_mine(self) -> dict[int, Whose]:
        """Whose the orders are that are not this chef's, by number."""
        return {s.number: s.whose for s in self._active if isinstance(s, OrderOf) and s.whose != "mine"}

    def _place_things(self) -> None:
        """Where things are to be put down from now on."""
        wishes = {put.item: put.cells for put in self._active if isinstance(put, Put)}
        for hands in (self.executor, self.probe):
            hands.wishes = wishes
            hands.wish_ticks = WHATEVER_IT_COSTS if self.obeys else self.trust.put_ticks

    # -- obey ---------------------------------------------------------------------------------------------------------

    def _ordered(self, observed: ObservedState) -> Macro | None:
        """What the first statement asks for that asks for anything which can be done now."""
        at_once = [s for s in self._active if isinstance(s, Do) and s.now]
        for statement in [*at_once, *self._active]:
            macro = self._first_of(statement, observed)
            if macro is not None:
                if isinstance(statement, Do):
                    self.following.end(statement, "done")
                return macro
        return None

    def _first_of(self, statement: Statement, observed: ObservedState) -> Macro | None:
        """What a statement asks for now, None if nothing, or nothing that can be done."""
        if isinstance(statement, Wait):
            ticks = self.following.lasts(statement, observed)
            if not ticks:
                self.following.end(statement, "done")
            return Macro(macros.WAIT, ticks=ticks) if ticks else None
        if isinstance(statement, Stand):
            if observed.chefs[self.view.seat].cell != statement.cell:
                return Macro(macros.STAND, statement.name)
            self.following.end(statement, "done")
            return None
        options = self._asked(statement, observed)
        costs = [(weight - self._price(observed, macro), macro) for weight, macro, _ in options]
        value, macro = max(costs, key=lambda cost: cost[0], default=(float("-inf"), None))
        return macro if value > float("-inf") else None

    def _asked(self, statement: Statement, observed: ObservedState) -> list[Option]:
        """The macro actions, any of which is what a statement asks for."""
        if isinstance(statement, Do) and statement.dish:
            return self._forward(observed, [statement.dish])
        if isinstance(statement, Do | Whenever) and statement.macro is not None:
            return [Option(0.0, statement.macro)]
        if isinstance(statement, Keep) and self._lacks(statement, observed):
            return [Option(0.0, Macro(macros.PREPARE, statement.item))]
        if isinstance(statement, OrderOf) and statement.whose == "mine":
            order = self.history.orders.open(observed).get(statement.number)
            return self._forward(observed, [order.dish]) if order is not None else []
        return []

    def _forward(self, observed: ObservedState, dishes: Collection[str]) -> list[Option]:
        """What brings the most urgent order for a dish forward."""
        first = next((plan for plan in self.plans(observed) if plan.order.dish in dishes), None)
        if first is None:
            return []
        if first.holder not in (None, self.view.seat):
            return self._missing(observed, first)
        if first.finished:
            return [Option(0.0, Macro(macros.SERVE, first.order.dish))]
        return self._advance(observed, first)

    def _lacks(self, keep: Keep, observed: ObservedState) -> bool:
        """Whether there is less of an item than is to be kept, what is being made of it included."""
        return StateFacts(observed, self.recipes, self.view.seat).count_with_begun(keep.item) < keep.count

    # -- advise -------------------------------------------------------------------------------------------------------

    def _advised(self, observed: ObservedState, options: Iterable[Option]) -> list[Option]:
        """The state machine's options, re-ranked; and what may be done when there is nothing else."""
        given = [s for s in self._active if isinstance(s, Leave) and self._partner_does(s, observed)]
        mine, others = self._whose(observed)
        wanted = self._wanted(observed)

        def less(macro: Macro) -> float:
            order = self.trust.order if macro.item in others else 0.0
            return order + (self.trust.leave if any(s.covers(macro) for s in given) else 0.0)

        def more(macro: Macro) -> float:
            if any(self._asks_for(s, macro) for s in wanted):
                return self.trust.task
            return self.trust.order if any(self._serves(dish, macro) for dish in mine) else 0.0

        options = [option._replace(weight=option.weight - less(option.macro)) for option in options]
        best = super()._best(observed, options)
        if best is None:
            return self._when_idle(observed)
        as_urgent = [option for option in options if option.rank <= best.rank]
        return [option._replace(weight=option.weight + more(option.macro)) for option in as_urgent]

    def _whose(self, observed: ObservedState) -> tuple[set[str], set[str]]:
        """The dishes of open orders that are this chef's, and of those that only are not."""
        not_mine, mine, others = self._not_mine(), set[str](), set[str]()
        named = {s.number for s in self._active if isinstance(s, OrderOf)}
        for number, order in self.history.orders.open(observed).items():
            if number in named:
                (others if number in not_mine else mine).add(order.dish)
        return mine, others - mine

    def _wanted(self, observed: ObservedState) -> list[Statement]:
        """Statements that ask for something to be done: standing ones, and the first that is done once."""
        once = next((s for s in self._active if isinstance(s, Do)), None)
        rules = [s for s in self._active if isinstance(s, Whenever)]
        stock = [s for s in self._active if isinstance(s, Keep) and self._lacks(s, observed)]
        return [*rules, *stock, *([once] if once is not None else [])]

    def _when_idle(self, observed: ObservedState) -> list[Option]:
        """What serves no open order but is asked for: stock that does not spoil, and where to wait."""
        options: list[Option] = []
        for statement in self._active:
            if isinstance(statement, Keep) and self._keeps(statement.item) and self._lacks(statement, observed):
                options.append(Option(self.trust.task, Macro(macros.PREPARE, statement.item)))
            elif isinstance(statement, Stand):
                if observed.chefs[self.view.seat].cell == statement.cell:
                    self.following.end(statement, "done")
                else:
                    options.append(Option(self.trust.idle, Macro(macros.STAND, statement.name)))
        return options

    def _keeps(self, item: str) -> bool:
        """Whether an item lies on its work tile without turning into something useless by itself."""
        cells = (cell for way in self.recipes.ways.get(item, []) for cell in self.recipes.cells[way.tile])
        return item in self.recipes.ways and all(self.recipes.spoils_in(cell, item, 0) == NEVER for cell in cells)

    def _asks_for(self, statement: Statement, macro: Macro) -> bool:
        if isinstance(statement, Keep):
            return macro == Macro(macros.PREPARE, statement.item)
        if isinstance(statement, Do) and statement.dish:
            return self._serves(statement.dish, macro)
        return isinstance(statement, Do | Whenever) and statement.macro == macro

    def _serves(self, dish: str, macro: Macro) -> bool:
        """Whether a macro action brings a dish forward."""
        return macro.item == dish or (macro.verb == macros.PREPARE and macro.item in self.recipes.foods_of(dish))

    def _tick_off(self, chosen: Macro | None) -> None:
        """What was asked for once and is begun now is done with."""
        once = next((statement for statement in self._active if isinstance(statement, Do)), None)
        if once is not None and chosen is not None and self._asks_for(once, chosen):
            self.following.end(once, "done")

    def _partner_does(self, leave: Leave, observed: ObservedState) -> bool:
        """Whether a partner has lately been seen doing what is to be left to it."""
        return self.history.partners.does(leave.verb, leave.item, observed.tick - self.trust.evidence_ticks)
