"""Rewards: what the team earned, and hints for learners that fade away.

The reward of the game is the change of the score, the same for every chef. Shaped rewards (an ingredient usefully
placed, a plate usefully fetched, a finished thing collected; the amounts are in the kitchen's file) belong to the chef
who did it and are never part of the score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.registry import BrigadeError


@dataclass(frozen=True)
class Shaping:
    """How much shaped rewards weigh, falling linearly to nothing.

    Attributes:
        coefficient: their weight at the first environment step.
        anneal_steps: environment steps after which the weight is 0; None keeps it.
    """

    coefficient: float = 0.0
    anneal_steps: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.coefficient, int | float) or not math.isfinite(self.coefficient):
            raise BrigadeError(f"shaped_coefficient must be a number, got {self.coefficient!r}")
        if self.coefficient < 0:
            raise BrigadeError(f"shaped_coefficient must be 0 or more, got {self.coefficient}")
        if self.anneal_steps is not None and self.anneal_steps < 1:
            raise BrigadeError(f"shaped_anneal_steps must be at least 1, or None, got {self.anneal_steps}")

    def at(self, step: int) -> float:
        """The weight at step `step`, counted from 0 over all episodes, and all kitchens that learn as one."""
        if self.anneal_steps is None:
            return self.coefficient
        return self.coefficient * max(0.0, 1.0 - step / self.anneal_steps)


def mix(score_change: ArrayLike, shaped: ArrayLike, weight: float) -> NDArray[np.float32]:
    """Rewards per chef for a learner.

    Args:
        score_change: (N,) what each kitchen's score changed by.
        shaped: (N, chefs) shaped rewards.
        weight: of the shaped rewards.

    Returns:
        (N, chefs) team reward plus the chef's own shaped reward times `weight`.
    """
    team = np.asarray(score_change, np.float32)[:, None]
    return np.asarray(team + np.float32(weight) * np.asarray(shaped, np.float32), np.float32)
