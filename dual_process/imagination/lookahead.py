"""The strongest partner that needs no language model: it tries macro actions out in imagined futures.

It deviates from the state machine only while its partners do what is expected of them, and only for what is better by
more than chance and a margin, under every program that is reckoned with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from brigade.agents.base import Observation, agents
from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro, macros_about_items
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.state_machine import StateMachine
from brigade.dual_process.imagination.imaginer import Answer, Here, Imaginer, make_imaginer
from brigade.dual_process.imagination.settings import Imagining, settings_of
from brigade.simulation.outcome import Outcome
from brigade.simulation.thoughts import Thought, Thoughts

EVERY = 20  # ticks between looks while something is being done
IDLE = 4  # ticks between looks while there is nothing to do
FUTURES = 2  # ways in which orders may come, unless the settings say otherwise
WAITS = (6, 12)  # ticks of standing still that are tried
LOOK = "look"  # what records call the thought
UNIMAGINED = ("settings", "_hands", "_last", "_rested", "_thoughts", "_imaginer", "_records")


class Steered(StateMachine):
    """A state machine into whose hands a macro action can be put."""

    given: Macro | None = None

    def give(self, macro: Macro) -> None:
        """Have this done next, in place of what is under way."""
        self.given, self.current = macro, None

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was given, once, unless there is a fire or it cannot be begun; else as the state machine."""
        given, self.given = self.given, None
        if given is not None and self._fire(observed) is None and self.probe.can_begin(given, observed):
            return given
        return super().choose(observed)

    def candidates(self, observed: ObservedState) -> list[Macro]:
        """Every macro action that could be begun and may be of use, and standing still."""
        of_use = {kind.name for kind in (*observed.at.values(), *(chef.hand for chef in observed.chefs))}
        written = [
            macro
            for macro in macros_about_items(self.recipes)
            if macro.verb != macros.PREPARE or macro.item in self.recipes.spec.dishes or self.recipes.wanted(macro.item)
            if macro.verb != macros.PASS_ON or macro.item in of_use
        ]
        written += [Macro(macros.CLEAR_COUNTER), *(Macro(macros.WAIT, ticks=ticks) for ticks in WAITS)]
        return [macro for macro in written if self.probe.can_begin(macro, observed)]


@dataclass(frozen=True)
class Choice:
    """What a look came to.

    Attributes:
        macro: what to do next, None to go on.
        said: in words.
    """

    macro: Macro | None
    said: str

    def __str__(self) -> str:
        return self.said


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

    In an episode that is played (`simulation.episode`), looking ahead is a thought like any other; elsewhere, as in
    environments, it is done at once.

    Args:
        settings: how it imagines.
    """

    def __init__(self, settings: Imagining | None = None):
        self.settings = settings or Imagining(futures=FUTURES)

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self._last = -EVERY
        self._rested = False
        self._hands = Steered()
        self._thoughts: Thoughts | None = None
        self._imaginer: Imaginer | None = None

    def attend(self, thoughts: Thoughts) -> None:
        """Is told where to begin thoughts."""
        self._thoughts = thoughts
        self._imaginer = make_imaginer(self.view, self.settings, thoughts.in_wall_time)

    def think(self, observation: Observation) -> None:
        """Begin to look ahead, if it is time to."""
        assert self._imaginer is not None
        assert self._thoughts is not None
        self._imaginer.see(observation)
        if self._is_due(observation) and not self._thoughts.under_way(LOOK):
            self._last = int(observation["tick"])
            ways, hands = self._ways(observation), self._me()
            answer = self._imaginer.look(observation, hands, ways, True)
            self._thoughts.begin(LOOK, _chosen(ways, answer), ticks=self.settings.ticks)

    def receive(self, thought: Thought) -> None:
        """A look has come to something."""
        choice = thought.outcome.value
        if isinstance(choice, Choice) and choice.macro is not None:
            self.give(choice.macro)

    async def close(self) -> None:
        """The episode is over."""
        if self._imaginer is not None:
            self._imaginer.close()

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        if self._thoughts is None:
            self._look_at_once(observation)
        action = super().act(observation)
        self._rested = self.current is None
        return action

    def _look_at_once(self, observation: Observation) -> None:
        """Look ahead where no time goes by meanwhile."""
        if self._imaginer is None:
            self._imaginer = Here(self.view, self.settings)
        assert isinstance(self._imaginer, Here)
        self._imaginer.see(observation)
        if self._is_due(observation):
            self._last = int(observation["tick"])
            ways = self._ways(observation)
            look = self._imaginer.imagination.look(observation, self._me(), ways, screen=True)
            if look.chosen is not None:
                self.give(ways[look.chosen].macro)

    def _is_due(self, observation: Observation) -> bool:
        since = int(observation["tick"]) - self._last
        return since >= EVERY or (self.current is None and since >= (IDLE if self._rested else 1))

    def _ways(self, observation: Observation) -> list[Giving]:
        return [Giving(macro) for macro in self.candidates(read_state(self.view.kitchen, observation))]

    def _me(self) -> Steered:
        """This chef's hands alone."""
        hands = self._hands
        hands.__dict__.update({name: value for name, value in self.__dict__.items() if name not in UNIMAGINED})
        hands._records = []
        return hands


async def _chosen(ways: list[Giving], answer: Awaitable[Answer]) -> Outcome:
    look, believed = await answer
    if look.chosen is None:
        choice = Choice(None, f"refused: {look.why}")
    else:
        best = next(tried for tried in look.tried if tried.name == ways[look.chosen].name)
        choice = Choice(ways[look.chosen].macro, f"adopted: {best.gain:+.0f} points, {best.name}")
    return Outcome(choice, told={"value": choice.said, "imagined_ticks": look.ticks, **believed})


@agents.register("lookahead", "tries macro actions out in imagined futures, with its partners as they seem to be")
def make_lookahead(imagining: Mapping[str, Any] | None = None) -> Lookahead:
    """An agent that looks ahead."""
    return Lookahead(settings_of({"futures": FUTURES, **(imagining or {})}))
