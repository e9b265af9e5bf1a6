"""A partner that never yields: it walks straight to where it wants to be, and pushes whoever stands there."""

from __future__ import annotations

from brigade.agents.base import agents
from brigade.agents.planning.navigate import Navigator
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.state_machine import StateMachine
from brigade.envs.kitchen.content.layout import STAY


class Straight(Navigator):
    """The shortest way, whoever stands in it."""

    def use(self, observed: ObservedState, target: int) -> int:
        """The action that leads to interacting with the cell `target`."""
        me = observed.chefs[self.seat]
        action, _ = self.grid.action(me.cell, me.facing, target)
        return STAY if action is None else action

    def rest(self, observed: ObservedState, near: int | None) -> int:
        """Wait where it is, whoever wants to pass."""
        return STAY


class Pushing(StateMachine):
    """The state machine without manners."""

    def prepare(self) -> None:
        """Begin an episode."""
        super().prepare()
        self.navigator = Straight(self.recipes.grid, self.view.seat, self.view.seed)


@agents.register("pushing", "the state machine, but it makes room for nobody and goes round nobody")
def make_pushing() -> Pushing:
    """A partner that never yields."""
    return Pushing()
