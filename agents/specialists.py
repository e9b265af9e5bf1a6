"""Rule partners: chefs who do one thing, as the beef, lettuce and assembling partners of arXiv 2502.11882 do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from brigade.agents.base import Agent, MacroAgent, MacroRecord, Observation, View, agents, make_agent
from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.order_planning import OrderPlan
from brigade.agents.state_machine import Option, StateMachine
from brigade.envs.registry import BrigadeError, nearest


class Specialist(StateMachine):
    """Makes one food while open orders need more of it than there is, and passes on what is ready.

    Args:
        food: what it makes, for example `cooked_beef`.
    """

    def __init__(self, food: str):
        self.food = food

    def prepare(self) -> None:
        """Begin an episode.

        Raises:
            BrigadeError: the kitchen's cookbook has no such food, or nothing here makes it.
        """
        super().prepare()
        if self.food not in self.recipes.ways:
            known = [food for food, ways in self.recipes.ways.items() if any(way.source for way in ways)]
            name = self.recipes.kitchen.name
            raise BrigadeError(f"nobody makes '{self.food}' in kitchen '{name}'; {nearest(self.food, known)}")

    def _options(self, observed: ObservedState, plans: list[OrderPlan]) -> list[Option]:
        weights, hand = self.weights, observed.chefs[self.view.seat].hand
        holds_it = hand.name == self.food or hand.contents == (self.food,)
        options = [Option(weights.rescue if holds_it else weights.assemble, Macro(macros.PASS_ON, self.food))]
        if not holds_it and not self._ready(observed):
            options = []
        sources = {way.source for way in self.recipes.ways[self.food]}
        if hand.name in sources or self._there_are(observed) < self._wanted(observed):
            options.append(Option(weights.start_cooking, Macro(macros.PREPARE, self.food)))
        if any(self.probe.useless(kind) and self.recipes.works_at(cell) for cell, kind in observed.at.items()):
            options.append(Option(weights.clear, Macro(macros.CLEAR_COUNTER)))
        return options

    def _wanted(self, observed: ObservedState) -> int:
        """How many the open orders need together."""
        return sum(self.recipes.foods_of(order.dish).count(self.food) for order in observed.orders)

    def _there_are(self, observed: ObservedState) -> int:
        """How many there are, on plates and on the way included."""
        kinds = [*observed.at.values(), *(chef.hand for chef in observed.chefs)]
        count = Counter(food for kind in kinds if not kind.burning for food in kind.contents)
        begun = {way.source for way in self.recipes.ways[self.food] if way.source}
        return count[self.food] + sum(count[source] for source in begun)

    def _ready(self, observed: ObservedState) -> bool:
        """Whether one is finished where it was made, waiting to be passed on."""
        return any(
            kind.name == self.food and self.recipes.works_at(cell) and self.probe.reachable(cell)
            for cell, kind in observed.at.items()
        )


class Assembler(StateMachine):
    """Puts together and serves what is ready; prepares nothing."""

    def _missing(self, observed: ObservedState, plan: OrderPlan) -> list[Option]:
        return []

    def _advance(self, observed: ObservedState, plan: OrderPlan) -> list[Option]:
        assembling = (macros.ASSEMBLE, macros.SERVE)
        return [option for option in super()._advance(observed, plan) if option.macro.verb in assembling]


class Switching:
    """One agent until a tick, another from then on: a partner whose habits change.

    Args:
        first, second: names of agents.
        at: the tick of the change.
    """

    def __init__(self, first: str, second: str, at: int):
        self.at = at
        self._agents: tuple[Agent, Agent] = (make_agent(first), make_agent(second))

    def reset(self, view: View) -> None:
        """Begin an episode."""
        for agent in self._agents:
            agent.reset(view)

    @property
    def macros(self) -> Sequence[MacroRecord]:
        """The macro actions of both that have ended."""
        return [record for agent in self._agents if isinstance(agent, MacroAgent) for record in agent.macros]

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        return self._agents[observation["tick"] >= self.at].act(observation)


@agents.register("beef_specialist", "cooks beef while open orders need more than there is, and passes it on")
def make_beef_specialist() -> Specialist:
    """A beef specialist."""
    return Specialist("cooked_beef")


@agents.register("lettuce_specialist", "chops lettuce while open orders need more than there is, and passes it on")
def make_lettuce_specialist() -> Specialist:
    """A lettuce specialist."""
    return Specialist("chopped_lettuce")


@agents.register("specialist", "makes one food (option `food`) while orders need it, and passes it on")
def make_specialist(food: str) -> Specialist:
    """A specialist for any food."""
    return Specialist(food)


@agents.register("assembler", "puts together and serves what is ready")
def make_assembler() -> Assembler:
    """An assembler."""
    return Assembler()


@agents.register("switching", "one agent until a tick, another from then on (options first, second, at)")
def make_switching(first: str = "beef_specialist", second: str = "lettuce_specialist", at: int = 250) -> Switching:
    """A switching partner."""
    return Switching(first, second, at)
