"""The state machine of DPT-Agent (arXiv 2502.11882), as its published code decides, over Brigade's own executor.

It is the System 1 beside which the paper's figures can be compared. Idle, it clears a counter when none is free, else
works on the open order that expires first: serves the dish if there is one, assembles it if all its parts are ready,
else prepares one of those that are missing. It neither puts out fires nor passes anything on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from brigade.agents.base import MacroRecord, Observation, agents
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import ASSEMBLE, CLEAR_COUNTER, PREPARE, SERVE, Macro
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.player import MacroPlayer
from brigade.agents.planning.recipes import Recipes
from brigade.agents.planning.subgoals import Failed
from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.layout import STAY

STANDS_FROM = 45  # tick of a macro action, counted from 1, from which the chef stands still for it
GIVEN_UP_AFTER = 50  # ticks
NO_DEADLINE = 100_000


class PaperRules:
    """What the published code does for an order, and when it clears a counter.

    Args:
        recipes: of the kitchen.
        seat: of the chef.
        seed: of the episode; the missing part that is prepared first is drawn from it.
    """

    def __init__(self, recipes: Recipes, seat: int, seed: int):
        self.recipes, self.seat = recipes, seat
        self._probe = Executor(recipes, seat)
        self._random = np.random.default_rng([seed, seat])
        self._second: Macro | None = None  # the second half of a macro action that takes two of the executor's

    def clearing(self, observed: ObservedState) -> Macro | None:
        """Clear a counter if none is free and there is something to throw away."""
        if any(cell not in observed.at for cell in self.recipes.counters):
            return None
        macro = Macro(CLEAR_COUNTER)
        return None if self._fails(macro, observed) else macro

    def open_orders(self, observed: ObservedState) -> list[str]:
        """The dishes that are ordered, by time left, without those that are in others' hands."""
        orders = sorted(observed.orders, key=lambda order: NO_DEADLINE if order.left is None else order.left)
        dishes = [order.dish for order in orders]
        for seat, chef in enumerate(observed.chefs):
            if seat != self.seat and chef.hand.dish in dishes:
                dishes.remove(chef.hand.dish)
        return dishes

    def work_on(self, dish: str, observed: ObservedState) -> Macro:
        """What brings a dish forward: serve it, assemble it, or prepare one of the parts that are missing."""
        kinds = self._not_with_others(observed)
        if any(kind.holder == "plate" and kind.dish == dish for kind in kinds):
            return Macro(SERVE, dish)
        if self.recipes.vessel_of(dish) is not None:
            waits = not self._fails(Macro(ASSEMBLE, dish), observed)
            return Macro(ASSEMBLE if waits else PREPARE, dish)
        missing = self._missing(dish, kinds)
        if not missing:
            return Macro(ASSEMBLE, dish)
        food = missing[int(self._random.integers(len(missing)))]
        return Macro(PREPARE, food, plate=self._needs_plate(food))

    def begin(self, macro: Macro, observed: ObservedState) -> Macro:
        """What to begin a macro action with: `prepare` onto a plate cooks the food first where there is none."""
        self._second = None
        if macro.verb != PREPARE or not macro.plate or not self._fails(macro, observed):
            return macro
        self._second = macro
        return Macro(PREPARE, macro.item)

    def go_on(self, ended: Sequence[MacroRecord]) -> Macro | None:
        """The second half of the macro action whose first half has ended, unless that failed."""
        second, self._second = self._second, None
        return second if second is not None and ended and ended[-1].succeeded else None

    def _missing(self, dish: str, kinds: Iterable[Kind]) -> list[str]:
        """Prepared foods that a dish lacks, given what lies ready by itself or together on one plate."""
        need = Counter(food for food in self.recipes.foods_of(dish) if not self.recipes.dispensed(food))
        foods, loose = Counter(self.recipes.foods_of(dish)), Counter[str]()
        begun = [Counter[str]()]
        for kind in kinds:
            if kind.burning or kind.holder not in ("food", "plate"):
                continue
            if len(kind.contents) == 1:
                loose[kind.contents[0]] += 1
            elif len(kind.contents) > 1 and not self._can_be_ordered(kind) and Counter(kind.contents) <= foods:
                begun.append(Counter(kind.contents))
        least = min((need - have - loose for have in begun), key=lambda lacking: lacking.total())
        return sorted(least)

    def _can_be_ordered(self, kind: Kind) -> bool:
        return kind.dish in self.recipes.kitchen.order_dishes

    def _needs_plate(self, food: str) -> bool:
        """Whether a food can only be taken from where it is made with a plate."""
        return not self.recipes.holdable(food) and self.recipes.cookbook.plate_with(food) is not None

    def _not_with_others(self, observed: ObservedState) -> list[Kind]:
        return [*observed.at.values(), observed.chefs[self.seat].hand]

    def _fails(self, macro: Macro, observed: ObservedState) -> bool:
        self._probe.start(observed)
        return isinstance(self._probe.goal(macro, observed), Failed)


class PaperPlayer(MacroPlayer):
    """Carries out macro actions as the published code does. Subclasses say in `decide` what to do when idle.

    Args:
        gives_up: whether the chef stands still from the 45th tick of a macro action and gives it up after the 50th, as
            in the published experiments with partners; not so in those alone.
    """

    def __init__(self, gives_up: bool = True):
        self.gives_up = gives_up

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.rules = PaperRules(self.recipes, self.view.seat, self.view.seed)
        self._since = 0  # the tick at which the macro action under way was decided on

    def decide(self, observed: ObservedState) -> Macro | None:
        """What to do, now that nothing is under way; None to stand still."""
        raise NotImplementedError

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was decided on."""
        second = self.rules.go_on(self.macros)
        if second is not None:
            return second
        self._since = observed.tick
        decided = self.decide(observed)
        return None if decided is None else self.rules.begin(decided, observed)

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        if self._lasts(observation) >= GIVEN_UP_AFTER:
            observed = read_state(self.view.kitchen, observation)
            self._end(observed, False, f"given up after {GIVEN_UP_AFTER} ticks")
        action = super().act(observation)
        return STAY if self._lasts(observation) + 1 >= STANDS_FROM else action

    def _lasts(self, observation: Observation) -> int:
        """Ticks that the macro action under way has been carried out for, 0 where it may take any time."""
        return int(observation["tick"]) - self._since if self.gives_up and self.current is not None else 0


class PaperStateMachine(PaperPlayer):
    """The published state machine by itself."""

    def decide(self, observed: ObservedState) -> Macro | None:
        """Clear a counter, or work on the order that expires first."""
        clearing = self.rules.clearing(observed)
        if clearing is not None:
            return clearing
        orders = self.rules.open_orders(observed)
        return self.rules.work_on(orders[0], observed) if orders else None


@agents.register("fsm_paper", "the state machine of DPT-Agent (arXiv 2502.11882), as its published code decides")
def make_paper_state_machine(gives_up: bool = True) -> PaperStateMachine:
    """The published state machine; alone it was run without giving up."""
    return PaperStateMachine(gives_up)
