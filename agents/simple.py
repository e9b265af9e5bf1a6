"""Agents that do not plan."""

from __future__ import annotations

import numpy as np

from brigade.agents.base import Observation, View, agents
from brigade.envs.kitchen.content.layout import ACTION_NAMES, STAY


class RandomAgent:
    """Every action with the same probability."""

    def reset(self, view: View) -> None:
        """Begin an episode."""
        self._random = np.random.default_rng([view.seed, view.seat])

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        return int(self._random.integers(len(ACTION_NAMES)))


class StayAgent:
    """Stands still."""

    def reset(self, view: View) -> None:
        """Begin an episode."""

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        return STAY


@agents.register("random", "every action with the same probability")
def make_random() -> RandomAgent:
    """A random agent."""
    return RandomAgent()


@agents.register("stay", "stands still")
def make_stay() -> StayAgent:
    """An agent that stands still."""
    return StayAgent()
