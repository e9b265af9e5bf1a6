"""What all agents that think in macro actions share: one at a time, carried out tick by tick, and recorded."""

from __future__ import annotations

from collections.abc import Sequence

from brigade.agents.base import MacroRecord, Observation, View
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import WAIT, Macro
from brigade.agents.planning.navigate import Navigator
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.recipes import Recipes, recipes_of
from brigade.agents.planning.subgoals import Done, Failed, Go, Rest, Use
from brigade.envs.kitchen.content.layout import STAY

PATIENCE = 12  # ticks without getting anywhere after which something else is tried
LOOKS_ELSEWHERE = 4  # ticks without getting anywhere after which what is shut off is no longer the nearest
BLOCKED = "the way was blocked"
NO_ROOM = "somebody stood where there was no way past"
CHOICES_A_TICK = 4  # macro actions that may end and begin within one tick before the chef stands still for it


class MacroPlayer:
    """Chooses macro actions with `choose` and carries them out. Subclasses say what to choose."""

    recipes: Recipes
    executor: Executor
    navigator: Navigator
    observed: ObservedState  # the tick that was acted on last
    looks_again = 1  # ticks after which one that found nothing to do looks again, if nothing but time has gone by

    def reset(self, view: View) -> None:
        """Begin an episode."""
        self.view = view
        self.recipes = recipes_of(view.kitchen)
        self.executor = Executor(self.recipes, view.seat)
        self.navigator = Navigator(self.recipes.grid, view.seat, view.seed)
        self.current: Macro | None = None
        self._started = 0
        self._records: list[MacroRecord] = []
        self.given_up: dict[Macro, int] = {}  # macro actions given up because the way was blocked, until when
        self._found_nothing: tuple[int, object] | None = None  # when there was nothing to do, and in what scene
        self.prepare()

    @property
    def macros(self) -> Sequence[MacroRecord]:
        """The macro actions that have ended, oldest first."""
        return self._records

    def prepare(self) -> None:
        """What a subclass needs to do at the start of an episode."""

    def choose(self, observed: ObservedState) -> Macro | None:
        """The next macro action; None to stand still and make room."""
        raise NotImplementedError

    def interrupt(self, observed: ObservedState) -> bool:
        """Whether to drop the current macro action for something else."""
        return False

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        observed = self.observed = read_state(self.view.kitchen, observation)
        if self.current is not None and self.navigator.held_up > LOOKS_ELSEWHERE:
            self._held_up(observed)
        if self.current is not None and self.interrupt(observed):
            self._end(observed, False, "given up for something more urgent")
        for _ in range(CHOICES_A_TICK):
            if self.current is None:
                if self._still_nothing(observed):
                    return self.navigator.rest(observed, None)
                self.current = self.choose(observed)
                if self.current is None:
                    if self.looks_again > 1:
                        self._found_nothing = observed.tick, _scene(observed)
                    return self.navigator.rest(observed, None)
                self._started = observed.tick
                self.executor.start(observed)
            goal = self.executor.goal(self.current, observed)
            if isinstance(goal, Use):
                return self.navigator.use(observed, goal.cell)
            if isinstance(goal, Go):
                return self.navigator.go(observed, goal.cell)
            if isinstance(goal, Rest):
                return self.navigator.rest(observed, goal.near)
            self._end(observed, isinstance(goal, Done), goal.reason if isinstance(goal, Failed) else "")
        return STAY

    def _still_nothing(self, observed: ObservedState) -> bool:
        """Whether there was nothing to do a short while ago, and things are where they were."""
        if self._found_nothing is None:
            return False
        tick, scene = self._found_nothing
        return observed.tick - tick < self.looks_again and scene == _scene(observed)

    def _held_up(self, observed: ObservedState) -> None:
        """Go to something else of the kind, or the long way round; without either, give it up for a while."""
        assert self.current is not None
        no_way = self.navigator.past(observed) is None
        if no_way:
            self.executor.keep_from(self.navigator.target, observed.tick + 2 * PATIENCE)
        if self.navigator.held_up <= PATIENCE:
            return
        self.navigator.held_up = 0
        if self.navigator.goes_round(observed):
            return
        self.given_up[self.current] = observed.tick + 2 * PATIENCE
        if no_way:
            self.executor.shut[self.navigator.target] = observed.tick + 2 * PATIENCE
        self._end(observed, False, NO_ROOM if no_way else BLOCKED)

    def _end(self, observed: ObservedState, succeeded: bool, reason: str) -> None:
        assert self.current is not None
        if self.current.verb != WAIT:
            record = MacroRecord(str(self.current), self._started, observed.tick, succeeded, reason)
            self._records.append(record)
        self.current = None


def _scene(observed: ObservedState) -> object:
    """What lies where, what is in which hand, and what is ordered."""
    return observed.at, [chef.hand for chef in observed.chefs], [order.dish for order in observed.orders]
