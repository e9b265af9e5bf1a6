"""Following a plan of macro actions, and drawing one up by watching the state machine."""

from __future__ import annotations

from collections.abc import Sequence

from brigade.agents.planning.macro import (
    ABOUT,
    CLEAR_COUNTER,
    PREPARE,
    PUT_DOWN,
    PUT_OUT_FIRE,
    WAIT,
    Macro,
    items_for,
    parse_macro,
)
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.player import MacroPlayer
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.state_machine import StateMachine
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.prover_verifier.kitchen.plans import Planned


class PlanFollower(MacroPlayer):
    """Carries out its macro actions in order, none before its tick, and then stands still.

    Args:
        planned: what to do.
        now: the tick at which the plan begins.
    """

    def __init__(self, planned: Sequence[Planned], now: int):
        self._planned, self._now = planned, now

    def prepare(self) -> None:
        """Begin the plan."""
        self._ahead = [(self._now + step.start, parse_macro(step.macro, self.recipes)) for step in self._planned]

    def choose(self, observed: ObservedState) -> Macro | None:
        """The next macro action, if it is time."""
        if not self._ahead or self._ahead[0][0] > observed.tick:
            return None
        return self._ahead.pop(0)[1]


class PlanningCook(StateMachine):
    """The state machine, with a list of what it has done in the form of a plan."""

    def plan(self, now: int) -> tuple[Planned, ...]:
        """What it has done since tick `now`, and is doing; what failed is left out, and what plans have no word for."""
        put_down = str(Macro(PUT_DOWN))
        done = [
            Planned(record.name, record.start - now)
            for record in self.macros
            if record.succeeded and record.name != put_down
        ]
        if self.current is not None and self.current.verb not in (WAIT, PUT_DOWN):
            done.append(Planned(str(self.current), self._started - now))
        return tuple(step for step in done if step.start >= 0)


class MacroPlans:
    """The plans of cooks who think in macro actions."""

    def words(self, kitchen: Kitchen) -> list[str]:
        """All macro actions of a kitchen but waiting, which a plan does by its ticks."""
        recipes, words = recipes_of(kitchen), []
        for verb in ABOUT:
            if verb in (PUT_OUT_FIRE, CLEAR_COUNTER):
                words.append(str(Macro(verb)))
                continue
            for item in items_for(verb, recipes):
                words.append(str(Macro(verb, item)))
                if verb == PREPARE:
                    words.append(str(Macro(verb, item, plate=True)))
        return words

    def follower(self, planned: Sequence[Planned], now: int) -> PlanFollower:
        """Someone who follows a plan that begins at tick `now`."""
        return PlanFollower(planned, now)

    def planner(self) -> PlanningCook:
        """A cook from whose work plans are drawn up."""
        return PlanningCook()
