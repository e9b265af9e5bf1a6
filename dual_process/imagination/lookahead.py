"""The strongest partner that needs no language model: it tries macro actions out in imagined futures, and does the best.

It deviates from the state machine only while its partners do what is expected of them, and only for what is better by
more than chance and a margin, under every program that is reckoned with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brigade.agents.base import Observation, agents
from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro, items_for
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.subgoals import Rest, Use
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.look import Look
from brigade.dual_process.imagination.settings import Imagining

EVERY = 20  # ticks between looks while something is being done
IDLE = 4  # ticks between looks while there is nothing to do
WAITS = (6, 12)  # ticks of standing still that are tried


class Steered(StateMachine):
    """A state machine into whose hands a macro action can be put."""

    given: Macro | None = None

    def give(self, macro: Macro) -> None:
        """Have this done next, in place of what is under way."""
        self.given, self.current = macro, None

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was given, once, unless there is a fire or it cannot be begun; else as the state machine."""
        given, self.given = self.given, None
        if given is not None and self._fire(observed) is None and self.can_begin(given, observed):
            return given
        return super().choose(observed)

    def can_begin(self, macro: Macro, observed: ObservedState) -> bool:
        """Whether something can be done for a macro action now."""
        self.probe.start(observed)
        return isinstance(self.probe.goal(macro, observed), Use | Rest)

    def candidates(self, observed: ObservedState) -> list[Macro]:
        """Every macro action that could be begun and may be of use, and standing still."""
        of_use = {kind.name for kind in (*observed.at.values(), *(chef.hand for chef in observed.chefs))}
        written = [
            Macro(verb, item, plate=plate)
            for verb in (macros.PREPARE, macros.ASSEMBLE, macros.SERVE, macros.PASS_ON)
            for item in items_for(verb, self.recipes)
            if verb != macros.PREPARE or item in self.recipes.spec.dishes or self.recipes.wanted(item)
            if verb != macros.PASS_ON or item in of_use
            for plate in ((False, True) if verb == macros.PREPARE and item in self.recipes.cookbook.foods else (False,))
        ]
        written += [Macro(macros.CLEAR_COUNTER), *(Macro(macros.WAIT, ticks=ticks) for ticks in WAITS)]
        return [macro for macro in written if self.can_begin(macro, observed)]


@dataclass(frozen=True)
class Giving:
    """A macro action as a way to go on."""

    macro: Macro

    @property
    def name(self) -> str:
        """As it is written."""
        return str(self.macro)

    def begin(self, hands: Any, tick: int) -> None:
        """Have it done next."""
        hands.give(self.macro)


class Lookahead(Steered):
    """Looks ahead whenever it is idle, and every so often while it is not.

    Args:
        settings: how it imagines.
    """

    def __init__(self, settings: Imagining):
        self.settings = settings

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self._last = -EVERY
        self._hands = Steered()
        self.imagination = Imagination(self.view, self.settings)

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        self.imagination.see(observation)
        tick = int(observation["tick"])
        since = tick - self._last
        if since >= EVERY or (self.current is None and since >= (IDLE if self._idle else 1)):
            self._last = tick
            ways, look = self.look_ahead(observation)
            if look.chosen is not None:
                self.give(ways[look.chosen].macro)
        action = super().act(observation)
        self._idle = self.current is None
        return action

    _idle = False

    def look_ahead(self, observation: Observation) -> tuple[list[Giving], Look]:
        """The macro actions that could be begun, and which of them is worth most above going on."""
        observed = read_state(self.view.kitchen, observation)
        if not self.imagination.trusted:
            return [], Look(why="the partner does what nobody foresaw")
        ways = [Giving(macro) for macro in self.candidates(observed)]
        return ways, self.imagination.look(observation, self._me(), ways, screen=True)

    def _me(self) -> Steered:
        """This chef's hands, without what it thinks of the others."""
        hands = self._hands
        hands.__dict__.update({name: value for name, value in self.__dict__.items() if name not in UNIMAGINED})
        hands._records = []
        return hands


UNIMAGINED = ("imagination", "settings", "_hands", "_last", "_records")


@agents.register("lookahead", "tries macro actions out in imagined futures, with its partners as they seem to be")
def make_lookahead(imagining: Mapping[str, Any] | None = None) -> Lookahead:
    """An agent that looks ahead."""
    return Lookahead(Imagining.model_validate(dict(imagining or {})))
