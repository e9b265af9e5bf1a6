"""A partner at a person's pace: another agent, asked only when a person would press a key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brigade.agents.base import Agent, MacroAgent, MacroRecord, Observation, View, agents, make_agent
from brigade.envs.kitchen.content.layout import STAY

# From the public games of pairs of people of 2019 (Overcooked-AI, 39 of them): the shares of gaps between one key press
# and the next that are 1, 2, 3 and 4 ticks long; the rest (6 %) is longer. So a person stands still 57 % of the time.
GAPS = (0.38, 0.345, 0.155, 0.06)
LONG_GAP = 5  # ticks, the shortest of the longer ones
MORE = 4.0  # ticks by which a longer one is longer than that, in the mean


class Tempo:
    """Acts at key presses and stands still between them.

    Args:
        agent: the name of the agent that says what to do.
    """

    def __init__(self, agent: str):
        self._agent: Agent = make_agent(agent)

    def reset(self, view: View) -> None:
        """Begin an episode."""
        self._agent.reset(view)
        self._random = np.random.default_rng([view.seed, view.seat])
        self._next = self._gap()

    @property
    def macros(self) -> Sequence[MacroRecord]:
        """The macro actions that have ended, oldest first."""
        return self._agent.macros if isinstance(self._agent, MacroAgent) else ()

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        if observation["tick"] < self._next:
            return STAY
        self._next = observation["tick"] + self._gap()
        return self._agent.act(observation)

    def _gap(self) -> int:
        """Ticks until the next key press."""
        drawn = float(self._random.random())
        for ticks, share in enumerate(GAPS, 1):
            drawn -= share
            if drawn < 0:
                return ticks
        return LONG_GAP + int(self._random.geometric(1 / (1 + MORE))) - 1


@agents.register("tempo", "another agent (option `agent`, the state machine) at the pace of a person's key presses")
def make_tempo(agent: str = "fsm") -> Tempo:
    """A partner at a person's pace."""
    return Tempo(agent)
